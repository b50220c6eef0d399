"""Figures: the median of the runs with its spread, and a table of them beside what they must and should be."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

NOT_YET = "not built yet"
HEADS = ("what", "measured", "spread", "× floor", "must", "aim", "")


@dataclass
class Row:
    """One row of the table; `values` are the medians of the runs, `limit` the most they may be, in the same unit."""

    what: str
    must: str
    aim: str
    values: Sequence[float] = ()
    unit: str = "ms"
    floor: Sequence[float] = ()
    limit: float | None = None
    by_ratio: bool = False
    note: str = ""
    details: list[str] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Each run against the floor of that run."""
        return [value / floor for value, floor in zip(self.values, self.floor, strict=False)]

    @property
    def verdict(self) -> str:
        """Whether the limit is kept; empty where there is none."""
        judged = self.ratios if self.by_ratio else self.values
        if self.limit is None or not judged:
            return ""
        return "ok" if statistics.median(judged) <= self.limit else "OVER"

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        if not self.values:
            return (self.what, self.note or NOT_YET, "", "", self.must, self.aim, "")
        spread = f"{shown(min(self.values))}–{shown(max(self.values))}" if len(self.values) > 1 else "one run"
        ratio = f"{statistics.median(self.ratios):.2f}" if self.floor else ""
        said = f"{shown(statistics.median(self.values))} {self.unit}".strip()
        return (self.what, said + (f" {self.note}" if self.note else ""), spread, ratio, self.must, self.aim, self.verdict)


def shown(value: float) -> str:
    """A number with three digits that matter."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def percentile(values: Sequence[float], share: float = 0.95) -> float:
    """The value that so many of a hundred stay below."""
    ordered = sorted(values)
    return ordered[min(round(share * len(ordered)), len(ordered) - 1)]


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, with the remarks on them below."""
    lines = [HEADS, tuple("---" for _ in HEADS), *(row.cells() for row in rows)]
    remarks = [f"- {row.what}: {detail}" for row in rows for detail in row.details]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + ("\n\n" + "\n".join(remarks) if remarks else "")
