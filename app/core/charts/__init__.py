"""Charts: bars, lines and pies drawn on the server once, and written as SVG for the page or into a PDF."""

from app.core.charts.chart import Chart, Series, said, summary, table
from app.core.charts.printed import drawing
from app.core.charts.vector import svg

__all__ = ["Chart", "Series", "drawing", "said", "summary", "svg", "table"]
