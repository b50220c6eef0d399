"""Exports: CSV, XLSX, ODS, JSON, JSON Lines and PDF of any table, streamed; and the decision sheet of an approval."""

from app.core.exports.decision import write_decision
from app.core.exports.delimited import blocks, csv_of, guarded, write_delimited
from app.core.exports.objects import write_lines, write_objects
from app.core.exports.opendocument import write_opendocument
from app.core.exports.paper import BOLD, INK, PLAIN, QUIET, Imprint, Paper, clipped, fonts
from app.core.exports.printed import write_printed
from app.core.exports.report import Crossing, Part, Printable, write_report
from app.core.exports.sheet import Column, Sheet, file_name
from app.core.exports.workbook import write_workbook

__all__ = ["BOLD", "INK", "PLAIN", "QUIET", "Column", "Crossing", "Imprint", "Paper", "Part", "Printable", "Sheet", "blocks", "clipped",
           "csv_of", "file_name", "fonts", "guarded", "write_decision", "write_delimited", "write_lines", "write_objects",
           "write_opendocument", "write_printed", "write_report", "write_workbook"]
