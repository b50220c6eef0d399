"""What speaks of rows outside of the sheets themselves: names, tables, charts, pictures, and the order of calculation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl.formula.tokenizer import TokenizerError

from app.core.documents.cells import M, Rows, moved_formula, moved_places
from app.core.documents.package import TYPES, Package

CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DRAWN = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"


def follow(package: Package, sheets: Sequence[Any], places: Mapping[str, Rows]) -> None:
    """Tell everything where the rows went, and have the program calculate anew when the file is opened."""
    book = package.tree("xl/workbook.xml")
    for each in book.iter(f"{M}definedName"):
        if each.text:
            each.text = _moved(each.text, "", places)
    calculation = book.find(f"{M}calcPr")
    if calculation is None:
        calculation = _added(book)
    calculation.set("fullCalcOnLoad", "1")
    package.put("xl/workbook.xml", book)
    for sheet in sheets:
        for kind, part in package.relations(sheet.part).values():
            if kind == "table" and part in package.parts:
                _table(package, part, sheet.places)
            elif kind == "drawing" and part in package.parts:
                _drawing(package, part, sheet.places)
    for part in package.names(r"xl/charts/chart\d+\.xml"):
        _chart(package, part, places)
    _forget_order(package)


def _moved(words: str, sheet: str, places: Mapping[str, Rows]) -> str:
    try:
        return moved_formula(words, sheet, places)
    except TokenizerError:
        return words


def _added(book: Any) -> Any:
    """An element stands where the format wants it: behind the names, before the rest."""
    made = book.makeelement(f"{M}calcPr")
    before = [each for each in book if each.tag in (f"{M}sheets", f"{M}functionGroups", f"{M}externalReferences", f"{M}definedNames")]
    before[-1].addnext(made)
    return made


def _table(package: Package, part: str, rows: Rows) -> None:
    tree = package.tree(part)
    for each in tree.iter():
        if each.get("ref"):
            each.set("ref", moved_places(each.get("ref"), rows))
    package.put(part, tree)


def _drawing(package: Package, part: str, rows: Rows) -> None:
    tree = package.tree(part)
    for anchor in tree.iter(f"{DRAWN}oneCellAnchor", f"{DRAWN}twoCellAnchor"):
        held = anchor.find(f"{DRAWN}from/{DRAWN}row")
        if held is None:
            continue
        shift = rows.first(int(held.text) + 1) - int(held.text) - 1
        for each in anchor.iterfind(f"*/{DRAWN}row"):
            each.text = str(max(0, int(each.text) + shift))
    package.put(part, tree)


def _chart(package: Package, part: str, places: Mapping[str, Rows]) -> None:
    tree = package.tree(part)
    for each in tree.iter(f"{CHART}f"):
        each.text = _moved(each.text or "", "", places)
    for cache in list(tree.iter(f"{CHART}numCache", f"{CHART}strCache")):
        cache.getparent().remove(cache)
    package.put(part, tree)


def _forget_order(package: Package) -> None:
    """The chain of calculation names cells that moved; programs make a new one."""
    if "xl/calcChain.xml" not in package.parts:
        return
    package.dropped.add("xl/calcChain.xml")
    for name, word in ((TYPES, "PartName"), ("xl/_rels/workbook.xml.rels", "Target")):
        tree = package.tree(name)
        for each in [each for each in tree if each.get(word, "").endswith("calcChain.xml")]:
            tree.remove(each)
        package.put(name, tree)
