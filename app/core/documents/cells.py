"""What is told of a sheet's cells: which row of a template went where, and what formulas and names make of that."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from html import unescape
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from openpyxl.formula.tokenizer import Token, Tokenizer
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import to_excel

M = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ONE = re.compile(r"^(\$?[A-Z]{1,3})?(\$?)(\d{1,7})$")
CELL = re.compile(r"^([A-Z]{1,3})(\d{1,7})$")
TYPED = re.compile(r"\x04([dmnDMN])([^\x04\x05]*)\x05?")
NUMBER = re.compile(r"^-?\d{1,15}(\.\d+)?([eE][-+]?\d{1,3})?$")
DAY, MOMENT, LONGEST = 14, 22, 32_767


@dataclass
class Rows:
    """Where the rows of a template's sheet stand in what is made of it: `at` by the row's number, each in its order."""

    at: dict[int, list[int]] = field(default_factory=dict)
    most: int = 0

    def put(self, row: int, place: int) -> None:
        """Row `row` stands at `place`, too."""
        self.at.setdefault(row, []).append(place)
        self.most = max(self.most, row)

    @property
    def further(self) -> int:
        """How far what stands below the template moved."""
        return (max((places[-1] for places in self.at.values() if places), default=self.most)) - self.most

    def first(self, row: int) -> int:
        """Where a row stands first; where the next one does that is there, when it is gone."""
        return self._place(row, 0)

    def last(self, row: int) -> int:
        """Where a row stands last."""
        return self._place(row, -1)

    def _place(self, row: int, which: int) -> int:
        if row > self.most:
            return max(1, row + self.further)
        for near in (row, *range(row + 1, self.most + 1)) if which == 0 else (row, *range(row - 1, 0, -1)):
            if self.at.get(near):
                return self.at[near][which]
        return 1

    def near(self, row: int, place: int) -> int:
        """The one of a row's places that is nearest to another."""
        return min(self.at[row], key=lambda each: abs(each - place)) if self.at.get(row) else self.first(row)


def moved_range(said: str, rows: Rows, near: tuple[int, int] | None = None) -> str:
    """`F5:F5` as `F5:F104`, once row 5 stands there a hundred times. Of a formula that was repeated itself, `near` says from which row it
    is and where it stands: what it says of rows that were repeated with it is said of those beside it.
    """
    begin, sign, end = said.partition(":")
    if not sign:
        return _moved(begin, rows, near, first=True)
    if near and _repeated(begin, rows) and _repeated(end, rows) and len(rows.at.get(near[0], ())) > 1:
        return f"{_moved(begin, rows, near, first=True)}:{_moved(end, rows, near, first=True)}"
    return f"{_moved(begin, rows, None, first=True)}:{_moved(end, rows, None, first=False)}"


def _repeated(said: str, rows: Rows) -> bool:
    found = ONE.match(said)
    return bool(found) and len(rows.at.get(int(found[3]), ())) > 1 if found else False


def _moved(said: str, rows: Rows, near: tuple[int, int] | None, *, first: bool) -> str:
    found = ONE.match(said)
    if not found:
        return said
    row = int(found[3])
    place = rows.near(row, near[1]) if near and _repeated(said, rows) else rows.first(row) if first else rows.last(row)
    return f"{found[1] or ''}{found[2]}{place}"


def moved_formula(words: str, sheet: str, all_rows: Mapping[str, Rows], near: tuple[int, int] | None = None) -> str:
    """A formula with every reference where its cells went; `sheet` is the one that it stands on."""
    tokens = Tokenizer(words if words.startswith("=") else f"={words}")
    for token in tokens.items:
        if token.type == Token.OPERAND and token.subtype == Token.RANGE:
            name, sign, place = token.value.rpartition("!")
            rows = all_rows.get(name.strip("'").replace("''", "'") if sign else sheet)
            if rows is not None:
                token.value = f"{name}{sign}{moved_range(place, rows, None if sign else near)}"
    return tokens.render()[1:]


def moved_places(said: str, rows: Rows) -> str:
    """The places of a rule or a merge, several of them apart by blanks."""
    return " ".join(moved_range(f"{each}:{each}" if ":" not in each and _repeated(each, rows) else each, rows) for each in said.split())


def merges(said: Sequence[str], rows: Rows) -> list[str]:
    """Merged cells: those of a repeated row are merged in each of its places."""
    found = []
    for each in said:
        begin, _sign, end = each.partition(":")
        top, bottom = ONE.match(begin), ONE.match(end or begin)
        if top and bottom and top[3] == bottom[3]:
            found += [f"{top[1]}{place}:{bottom[1]}{place}" for place in rows.at.get(int(top[3]), [int(top[3]) + rows.further])]
        elif top and bottom:
            found.append(moved_range(each, rows))
    return found


class Styles:
    """The looks of a workbook's cells; a date in a cell that was made for text gets a look like it that shows one."""

    def __init__(self, tree: Any) -> None:
        self.tree, self.changed = tree, False
        self._looks = tree.find(f"{M}cellXfs") if tree is not None else None
        formats = tree.iter(f"{M}numFmt") if tree is not None else ()
        self._codes = {int(each.get("numFmtId")): each.get("formatCode", "") for each in formats}
        self._made: dict[tuple[str, str], str] = {}

    def fit(self, style: str, kind: str) -> str:
        """The number of the look for a value of this kind (`d` day, `m` moment, `w` lines) in a cell that looks like `style`."""
        if self._looks is None or not len(self._looks):
            return style
        if (style, kind) not in self._made:
            self._made[style, kind] = self._fitted(style, kind)
        return self._made[style, kind]

    def _fitted(self, style: str, kind: str) -> str:
        from copy import deepcopy

        number = int(style or 0)
        look = self._looks[number if number < len(self._looks) else 0]
        shown = int(look.get("numFmtId", "0"))
        if kind in "dm" and is_date_format(self._codes.get(shown) or BUILTIN_FORMATS.get(shown, "General")):
            return style
        made = deepcopy(look)
        if kind == "w":
            lines = made.find(f"{M}alignment")
            if lines is None:
                lines = made.makeelement(f"{M}alignment")
                made.insert(0, lines)
            lines.set("wrapText", "1")
            made.set("applyAlignment", "1")
        else:
            made.set("numFmtId", str(DAY if kind == "d" else MOMENT))
            made.set("applyNumberFormat", "1")
        self._looks.append(made)
        self._looks.set("count", str(len(self._looks)))
        self.changed = True
        return str(len(self._looks) - 1)


def value_cell(at: str, style: str, words: str, styles: Styles, epoch: datetime) -> str:
    """A cell that is a number, a date, or yes or no; empty for what is none."""
    typed = TYPED.match(words)
    if not typed:
        return ""
    kind = typed[1].lower()
    if kind == "n" and typed[2] in ("True", "False"):
        return f'<c r="{at}"{f" s={quoteattr(style)}" if style else ""} t="b"><v>{int(typed[2] == "True")}</v></c>'
    value = _typed(kind, typed[2], epoch)
    shown = styles.fit(style, kind) if kind in "dm" else style
    return f'<c r="{at}"{f" s={quoteattr(shown)}" if shown else ""}><v>{value}</v></c>' if value is not None else ""


def text_cell(at: str, style: str, words: str, styles: Styles) -> str:
    """A cell with text: never a formula, whatever it says."""
    words = TYPED.sub("", words).replace("\x05", "").replace("\x04", "")
    if not words:
        return f'<c r="{at}"{f" s={quoteattr(style)}" if style else ""}/>'
    if len(words) > LONGEST:
        words = escape(unescape(words)[:LONGEST - 1] + "…") if len(unescape(words)) > LONGEST else words
    shown = styles.fit(style, "w") if "\n" in words else style
    return f'<c r="{at}"{f" s={quoteattr(shown)}" if shown else ""} t="inlineStr"><is><t xml:space="preserve">{words}</t></is></c>'


def _typed(kind: str, said: str, epoch: datetime) -> str | None:
    try:
        if kind == "n":
            return said if NUMBER.match(said) else None
        if kind == "d":
            return str(int(to_excel(date.fromisoformat(said), epoch)))
        return str(to_excel(datetime.fromisoformat(said), epoch))
    except (ValueError, OverflowError):
        return None
