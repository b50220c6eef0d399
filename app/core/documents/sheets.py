"""Excel files: cells with variables are filled, rows in a loop repeated; numbers and dates come in as such, and what is text stays text.

Everything else of the file stays as it was: the rows are written anew, and what speaks of rows (formulas, names, merged cells, rules,
charts, pictures) follows where they went.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from flask_babel import gettext as _
from lxml import etree
from openpyxl.formula.translate import Translator
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from app.core.documents.cells import CELL, M, Rows, Styles, merges, moved_formula, moved_places, moved_range, text_cell, value_cell
from app.core.documents.package import Package, refused
from app.core.documents.tags import OPEN, TAG, Items, Program, Tag, blocks_of, mistakes, run, safe, still, tag_of
from app.kernel.errors import Invalid

MOST_ROWS, LARGEST_ROW = 5_000, 1_048_576
SPLIT = re.compile(r"\x02([a-z]?\d+(?:\.\d+)?)\x03")
ROW_MARK, CELL_MARK = "r", "c"
ROWS = "opsflux-rows"


@dataclass
class Sheet:
    """A sheet of a template: its rows by number, what its cells say, and what of that is for the sandbox."""

    name: str
    part: str
    tree: Any
    rows: dict[int, Any]
    texts: dict[tuple[int, str], str]
    program: Program | None = None
    alone: set[tuple[int, str]] = field(default_factory=set)
    places: Rows = field(default_factory=Rows)
    written: list[tuple[int, dict[str, str]]] = field(default_factory=list)


def sheets_of(package: Package) -> list[Sheet]:
    """The sheets, those with tags ready for the sandbox. Raises `Invalid`."""
    book, related = package.tree("xl/workbook.xml"), package.relations("xl/workbook.xml")
    shared = _shared(package, related)
    found = []
    for each in book.iter(f"{M}sheet"):
        kind, part = related.get(next((v for k, v in each.attrib.items() if k.endswith("}id")), ""), ("", ""))
        if kind == "worksheet" and part in package.parts:
            found.append(_sheet(each.get("name", ""), part, package.tree(part), shared))
    for sheet in found:
        sheet.program = _program(sheet, _named_rows(book, sheet))
    return found


def wrong_in(package: Package, example: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong in it."""
    return [said for sheet in sheets_of(package) if sheet.program for said in mistakes(sheet.program, example)]


def fill(package: Package, values: Mapping[str, Any], items: Items) -> None:
    """Put the values in."""
    sheets, epoch = sheets_of(package), _epoch(package)
    if not any(sheet.program for sheet in sheets):
        return
    for sheet in sheets:
        _lay_out(sheet, values, items)
    styles = Styles(package.tree("xl/styles.xml") if "xl/styles.xml" in package.parts else None)
    places = {sheet.name: sheet.places for sheet in sheets}
    for sheet in sheets:
        package.changed[sheet.part] = _written(sheet, places, styles, epoch)
    if styles.changed:
        package.put("xl/styles.xml", styles.tree)
    from app.core.documents.following import follow

    follow(package, sheets, places)


def _shared(package: Package, related: Mapping[str, tuple[str, str]]) -> list[str]:
    part = next((part for kind, part in related.values() if kind == "sharedStrings"), "")
    return [_text(each) for each in package.tree(part).iter(f"{M}si")] if part in package.parts else []


def _text(holder: Any) -> str:
    return "".join(each.text or "" for each in holder.iter(f"{M}t") if next(each.iterancestors()).tag != f"{M}rPh")


def _sheet(name: str, part: str, tree: Any, shared: list[str]) -> Sheet:
    rows: dict[int, Any] = {}
    texts: dict[tuple[int, str], str] = {}
    for row in tree.iter(f"{M}row"):
        number = int(row.get("r") or max(rows, default=0) + 1)
        rows[number] = row
        for cell in row.iter(f"{M}c"):
            words = _words(cell, shared)
            if words is not None:
                texts[number, cell.get("r", "")] = words
    return Sheet(name, part, tree, rows, texts)


def _words(cell: Any, shared: list[str]) -> str | None:
    value, kind = cell.find(f"{M}v"), cell.get("t")
    if kind == "s" and value is not None and (value.text or "").isdigit() and int(value.text) < len(shared):
        return shared[int(value.text)]
    return _text(cell) if kind == "inlineStr" else None


def _named_rows(book: Any, sheet: Sheet) -> dict[str, tuple[int, int]]:
    """The rows that are repeated because of their name: those of a range called `items` or `lines`."""
    found = {}
    for each in book.iter(f"{M}definedName"):
        name, _sign, place = (each.text or "").rpartition("!")
        rows = re.fullmatch(r"\$?[A-Z]+\$?(\d+)(?::\$?[A-Z]+\$?(\d+))?", place)
        if each.get("name") in ("items", "lines") and rows and name.strip("'").replace("''", "'") == sheet.name:
            found[each.get("name")] = (int(rows[1]), int(rows[2] or rows[1]))
    return found


def _program(sheet: Sheet, named: Mapping[str, tuple[int, int]]) -> Program | None:
    """The rows and those of their cells that have tags, in their order; blocks that span cells stand around rows."""
    tags: list[Tag] = []
    cells: dict[tuple[int, str], list[int | str]] = {}
    wrong = []
    for (row, place), words in sorted(sheet.texts.items(), key=lambda each: (each[0][0], _column(each[0][1]))):
        if not OPEN.search(words):
            continue
        where = _("sheet “%(sheet)s”, cell %(cell)s", sheet=sheet.name, cell=place)
        if OPEN.search(TAG.sub("", words)):
            wrong.append(_("%(place)s: braces are opened and not closed, or the other way round, in “%(words)s”.", place=where,
                           words=words[:80]))
            continue
        cells[row, place] = _pieces(words, where, tags)
    if wrong:
        raise Invalid({"file": wrong})
    if not tags:
        return None
    if max(sheet.rows) > MOST_ROWS:
        raise refused(_("A sheet with tags reaches to row %(row)d: at most %(most)d are possible.", row=max(sheet.rows), most=MOST_ROWS))
    before, after, gone = _around(tags, cells)
    for name, (first, last) in named.items():
        if not any(tags[number].keyword == "for" for row in range(first, last + 1) for number in before.get(row, [])):
            tags += [Tag("{% for item in " + name + " %}", name), Tag("{% endfor %}", name)]
            before.setdefault(first, []).append(len(tags) - 2)
            after.setdefault(last, []).insert(0, len(tags) - 1)
    return _put_together(sheet, Program(sheet.part, tags, []), cells, (before, after, gone))


def _column(place: str) -> int:
    found, number = CELL.match(place), 0
    for letter in found[1] if found else "":
        number = number * 26 + ord(letter) - 64
    return number


def _pieces(words: str, where: str, tags: list[Tag]) -> list[int | str]:
    """A cell's words, the tags by their numbers."""
    found: list[int | str] = []
    at = 0
    for each in TAG.finditer(words):
        if words[at:each.start()]:
            found.append(words[at:each.start()])
        tags.append(tag_of(each[0], where))
        found.append(len(tags) - 1)
        at = each.end()
    if words[at:]:
        found.append(words[at:])
    return found


Around = tuple[dict[int, list[int]], dict[int, list[int]], set[int]]


def _around(tags: list[Tag], cells: dict[tuple[int, str], list[int | str]]) -> Around:
    """The tags that stand before and behind rows, since their blocks span cells; and the rows that held nothing else."""
    spots = {piece: key for key, pieces in cells.items() for piece in pieces if isinstance(piece, int)}
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    taken: set[int] = set()
    for block in sorted(blocks_of(tags), key=lambda each: each.numbers[0]):
        if len({spots[number] for number in block.numbers}) == 1 and not any(tags[number].level for number in block.numbers):
            continue
        for number in block.numbers:
            key = spots[number]
            cells[key].remove(number)
            taken.add(key[0])
            if number == block.numbers[-1]:
                after.setdefault(key[0], []).insert(0, number)
            else:
                before.setdefault(key[0], []).append(number)
    return before, after, {row for row in taken if not any(_says(pieces) for key, pieces in cells.items() if key[0] == row)}


def _says(pieces: list[int | str]) -> bool:
    return any(isinstance(piece, int) or piece.strip() for piece in pieces)


def _alone(pieces: list[int | str], tags: list[Tag]) -> list[int | str] | None:
    """The one value that a cell is, asked for so that its kind comes along; None for a cell that says more."""
    numbers = [piece for piece in pieces if isinstance(piece, int)]
    if len(numbers) != 1 or any(isinstance(piece, str) and piece.strip() for piece in pieces):
        return None
    if not tags[numbers[0]].words.startswith("{{"):
        return None
    tag = tags[numbers[0]]
    inner = tag.words[2:-2].strip("-+ ")
    words = f"{{% if ({inner}) is number %}}\x04n{{{{ {inner} }}}}\x05{{% else %}}{{{{ {inner} }}}}{{% endif %}}"
    tags[numbers[0]] = Tag(words, tag.place, asked=tag.words)
    return [numbers[0]]


def _put_together(sheet: Sheet, program: Program, cells: dict[tuple[int, str], list[int | str]], around: Around) -> Program:
    before, after, gone = around
    told: dict[int, list[str]] = {}
    for row, place in cells:
        told.setdefault(row, []).append(place)
    for row in range(1, max(sheet.rows) + 1):
        program.pieces += before.get(row, [])
        if not (row in gone and not _holds_more(sheet, row, cells)):
            program.pieces.append(f"\x02{ROW_MARK}{row}\x03")
            for place in told.get(row, []):
                alone = _alone(cells[row, place], program.tags)
                if alone:
                    sheet.alone.add((row, str(_column(place))))
                program.pieces.append(f"\x02{CELL_MARK}{_column(place)}\x03")
                for piece in alone or cells[row, place]:
                    if isinstance(piece, int):
                        program.pieces.append(piece)
                    else:
                        still(program, escape(piece))
        program.pieces += after.get(row, [])
    return program


def _holds_more(sheet: Sheet, row: int, cells: Mapping[tuple[int, str], Any]) -> bool:
    """Whether a row has cells that hold something without being for the sandbox."""
    held = sheet.rows[row].iter(f"{M}c") if row in sheet.rows else ()
    return any((row, cell.get("r", "")) not in cells and len(cell) for cell in held)


def _lay_out(sheet: Sheet, values: Mapping[str, Any], items: Items) -> None:
    """Ask the sandbox, and note which row went where and what its cells say."""
    if sheet.program is None:
        for row in range(1, max(sheet.rows, default=0) + 1):
            sheet.places.put(row, row)
        sheet.written = [(row, {}) for row in range(1, max(sheet.rows, default=0) + 1)]
        return
    row, column, said = 0, "", ""
    sheet.places.most = max(sheet.rows)
    for text in run(sheet.program, values, items):
        for number, piece in enumerate(SPLIT.split(text)):
            if number % 2 == 0:
                said = safe(piece)
            elif piece[0] == ROW_MARK:
                row, column, said = int(piece[1:]), "", ""
                sheet.written.append((row, {}))
                sheet.places.put(row, len(sheet.written))
                if len(sheet.written) > LARGEST_ROW:
                    raise Invalid({"template": [_("The document becomes too large.")]})
                continue
            elif piece[0] == CELL_MARK:
                column, said = piece[1:], ""
                sheet.written[-1][1].setdefault(column, "")
                continue
            else:
                said = sheet.program.chunks[int(piece)]
            if column and row:
                sheet.written[-1][1][column] += said


def _written(sheet: Sheet, places: Mapping[str, Rows], styles: Styles, epoch: datetime) -> bytes:
    """The sheet with its rows."""
    held = sheet.tree.find(f"{M}sheetData")
    for row in list(held):
        held.remove(row)
    held.text = ROWS
    merged = sheet.tree.find(f"{M}mergeCells")
    if merged is not None:
        said = merges([each.get("ref", "") for each in merged], sheet.places)
        for each in list(merged):
            merged.remove(each)
        for ref in said:
            etree.SubElement(merged, f"{M}mergeCell").set("ref", ref)
        merged.set("count", str(len(said)))
        if not said:
            sheet.tree.remove(merged)
    for each in sheet.tree.iter():
        for name in ("ref", "sqref", "topLeftCell", "activeCell"):
            if each.get(name) and each.tag != f"{M}mergeCell":
                moved = moved_places if name.endswith("ref") and each.tag != f"{M}selection" else moved_range
                each.set(name, moved(each.get(name), sheet.places))
        if each.tag in (f"{M}formula", f"{M}formula1", f"{M}formula2") and each.text:
            each.text = moved_formula(each.text, sheet.name, places)
    outside = etree.tostring(sheet.tree, encoding="unicode")
    begin, _mark, end = outside.partition(ROWS)
    cells = _cells_of(sheet)
    pieces = [begin]
    for place, (row, said) in enumerate(sheet.written, start=1):
        if row in sheet.rows:
            pieces.append(_row(sheet, row, place, said, cells[row], lambda words, near: moved_formula(words, sheet.name, places, near),
                               styles, epoch))
    pieces.append(end)
    return b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n" + "".join(pieces).encode()


def _cells_of(sheet: Sheet) -> dict[int, list[Any]]:
    """The cells of each row; a formula that is shared with others is said in full."""
    masters: dict[str, tuple[str, str]] = {}
    found: dict[int, list[Any]] = {}
    for number, row in sheet.rows.items():
        found[number] = list(row.iter(f"{M}c"))
        for cell in found[number]:
            formula = cell.find(f"{M}f")
            if formula is None or formula.get("t") != "shared":
                continue
            if formula.text:
                masters[formula.get("si", "")] = (formula.text, cell.get("r", ""))
            elif formula.get("si", "") in masters:
                words, origin = masters[formula.get("si", "")]
                formula.text = Translator(f"={words}", origin=origin).translate_formula(cell.get("r", ""))[1:]
            for name in ("t", "si", "ref"):
                formula.attrib.pop(name, None)
    return found


Move = Callable[[str, tuple[int, int]], str]


def _row(sheet: Sheet, row: int, place: int, said: Mapping[str, str], cells: list[Any], move: Move, styles: Styles, epoch: datetime) -> str:
    source = sheet.rows[row]
    kept = "".join(f" {name}={quoteattr(value)}" for name, value in source.attrib.items() if "}" not in name and name not in ("r", "spans"))
    written = []
    for cell in cells:
        letters = CELL.match(cell.get("r", ""))
        if letters is None:
            continue
        at, style = f"{letters[1]}{place}", cell.get("s", "")
        column = str(_column(cell.get("r", "")))
        if column not in said:
            written.append(_as_it_was(cell, at, style, row, place, move))
            continue
        made = value_cell(at, style, said[column], styles, epoch) if (row, column) in sheet.alone else ""
        written.append(made or text_cell(at, style, said[column], styles))
    return f'<row r="{place}"{kept}>{"".join(written)}</row>'


def _as_it_was(cell: Any, at: str, style: str, row: int, place: int, move: Move) -> str:
    look = f' s="{style}"' if style else ""
    formula = cell.find(f"{M}f")
    if formula is not None and formula.text:
        return f'<c r="{at}"{look}><f>{escape(move(formula.text, (row, place)))}</f></c>'
    kind = f' t="{cell.get("t")}"' if cell.get("t") else ""
    value = cell.find(f"{M}v")
    inside = f"<v>{escape(value.text or '')}</v>" if value is not None else ""
    if cell.get("t") == "inlineStr":
        inside = f'<is><t xml:space="preserve">{escape(_text(cell))}</t></is>'
    return f'<c r="{at}"{look}{kind}>{inside}</c>' if inside else f'<c r="{at}"{look}/>'


def _epoch(package: Package) -> datetime:
    said = package.tree("xl/workbook.xml").find(f"{M}workbookPr")
    return CALENDAR_MAC_1904 if said is not None and said.get("date1904") in ("1", "true") else CALENDAR_WINDOWS_1900

