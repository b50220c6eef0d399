"""Word files: what stands in braces is found across the runs into which Word splits it, and loops reach as far as they span.

A block whose tags stand in one paragraph repeats what is between them. One that spans paragraphs repeats paragraphs, one that spans the
cells of a table's row repeats the row, and one that spans rows repeats rows; a paragraph or a row that holds nothing but tags goes with
them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from lxml import etree

from app.core.documents.package import Package, parse
from app.core.documents.tags import OPEN, TAG, Block, Items, Program, Tag, assembled, blocks_of, mistakes, run, still, tag_of
from app.kernel.errors import Invalid

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PRESERVE = "{http://www.w3.org/XML/1998/namespace}space"
PARTS = r"word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml"
HERE = "opsflux"
NUMBERED = re.compile(rf"<\?{HERE} (\d+)\?>")
SEEN = (f"{W}drawing", f"{W}pict", f"{W}object", f"{W}sym", f"{W}fldChar", f"{W}footnoteReference", f"{W}sectPr")
UNITS = (f"{W}p", f"{W}tr", f"{W}tbl", f"{W}sdt")
HOLDERS = (f"{W}body", f"{W}tc", f"{W}hdr", f"{W}ftr", f"{W}txbxContent", f"{W}footnote", f"{W}endnote", f"{W}sdtContent")


@dataclass
class Spot:
    """Where a tag stands: the text element that holds it, its paragraph, and the mark that keeps its place there."""

    paragraph: Any
    mark: Any


def programs(package: Package) -> list[Program]:
    """Each part that has tags, ready for the sandbox. Raises `Invalid` for blocks that do not fit together."""
    found = [_program(package, name) for name in package.names(PARTS)]
    return [each for each in found if each is not None]


def wrong_in(package: Package, example: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong in it."""
    return [said for program in programs(package) for said in mistakes(program, example)]


def fill(package: Package, values: Mapping[str, Any], items: Items) -> None:
    """Put the values in."""
    for program in programs(package):
        tree = parse(assembled(program, run(program, values, items)).encode(), program.part)
        _break_lines(tree)
        _mend(tree)
        package.put(program.part, tree)


def _program(package: Package, part: str) -> Program | None:
    tree = package.tree(part)
    tags, spots = _tags(tree, _name_of(part))
    if not tags:
        return None
    for block in sorted(blocks_of(tags), key=lambda each: each.numbers[0]):  # outer ones first: inner marks come nearer
        _widen(block, tags, spots)
    program = Program(part, tags, [])
    for number, piece in enumerate(NUMBERED.split(etree.tostring(tree, encoding="unicode"))):
        if number % 2:
            program.pieces.append(int(piece))
        else:
            still(program, piece)
    return program


def _name_of(part: str) -> str:
    names = {"document": "", "header": _("Header"), "footer": _("Footer"), "footnotes": _("Footnotes"), "endnotes": _("Endnotes")}
    return str(names[re.sub(r"\d", "", part.rpartition("/")[2].removesuffix(".xml"))])


def _tags(tree: Any, part: str) -> tuple[list[Tag], list[Spot]]:
    """Every tag in the order of the text, each replaced by a mark in the first text element that it stands in."""
    tags: list[Tag] = []
    spots: list[Spot] = []
    wrong: list[str] = []
    tables: dict[Any, int] = {}
    for number, paragraph in enumerate(tree.iter(f"{W}p"), start=1):
        texts = [each for each in paragraph.iter(f"{W}t") if next(each.iterancestors(f"{W}p")) is paragraph]
        words = "".join(each.text or "" for each in texts)
        if not OPEN.search(words):
            continue
        place = _place(paragraph, number, part, tables)
        if OPEN.search(TAG.sub("", words)):
            wrong.append(_("%(place)s: braces are opened and not closed, or the other way round, in “%(words)s”.", place=place,
                           words=words[:80]))
            continue
        found = [(each.start(), each.end(), tag_of(each[0], place)) for each in TAG.finditer(words)]
        for tag, mark in zip([tag for _b, _e, tag in found], _marked(texts, found, len(tags)), strict=True):
            tags.append(tag)
            spots.append(Spot(paragraph, mark))
    if wrong:
        raise Invalid({"file": wrong})
    return tags, spots


def _place(paragraph: Any, number: int, part: str, tables: dict[Any, int]) -> str:
    cell = next(paragraph.iterancestors(f"{W}tc"), None)
    if cell is None:
        said = _("paragraph %(number)d", number=number)
    else:
        row, table = next(cell.iterancestors(f"{W}tr")), next(cell.iterancestors(f"{W}tbl"))
        if not tables:
            tables.update({each: n for n, each in enumerate(table.getroottree().getroot().iter(f"{W}tbl"), start=1)})
        said = _("table %(table)d, row %(row)d, column %(column)d", table=tables.get(table, 1),
                 row=1 + len(list(row.itersiblings(f"{W}tr", preceding=True))),
                 column=1 + len(list(cell.itersiblings(f"{W}tc", preceding=True))))
    return f"{part}, {said}" if part else said


def _marked(texts: Sequence[Any], found: Sequence[tuple[int, int, Tag]], first: int) -> Iterator[Any]:
    """Take the tags out of the texts and leave a mark for each; gives the marks."""
    begins, at = [], 0
    for each in texts:
        begins.append(at)
        at += len(each.text or "")
    for text, begin in zip(texts, begins, strict=True):
        said = text.text or ""
        end, cursor, last = begin + len(said), begin, None
        text.text = ""
        for number, (opens, closes, _tag) in enumerate(found):
            if closes <= begin or opens >= end:
                continue
            last = _say(text, last, said[cursor - begin:max(opens, begin) - begin])
            if opens >= begin:
                mark = etree.PI(HERE, str(first + number))
                text.append(mark)
                last = mark
                yield mark
            cursor = min(closes, end)
        _say(text, last, said[cursor - begin:])
        text.set(PRESERVE, "preserve")


def _say(text: Any, last: Any, words: str) -> Any:
    if last is None:
        text.text = (text.text or "") + words
    else:
        last.tail = (last.tail or "") + words
    return last


def _widen(block: Block, tags: Sequence[Tag], spots: Sequence[Spot]) -> None:
    """Let a block reach as far as its tags span. Raises `Invalid` where that is nothing whole."""
    own = [spots[number] for number in block.numbers]
    level = next((tags[number].level for number in block.numbers if tags[number].level), "")
    first = own[0].paragraph
    if not level and all(each.paragraph is first for each in own) and len({_depth(each.mark) for each in own}) == 1:
        return
    units = _units(own, level)
    if units is None or any(unit.tag not in UNITS for unit in units):
        raise Invalid({"file": [_("%(place)s: “%(tag)s” and its end stand where nothing whole lies between them: put each into a "
                                  "paragraph or a row of its own.", place=tags[block.numbers[0]].place, tag=tags[block.numbers[0]].shown)]})
    for position, (spot, unit) in enumerate(zip(own, units, strict=True)):
        _take_out(spot.mark)
        (unit.addnext if position == len(own) - 1 else unit.addprevious)(spot.mark)
        if units.count(unit) == 1 and not _says(unit):
            unit.getparent().remove(unit)


def _depth(mark: Any) -> tuple[str, ...]:
    chain = []
    for each in mark.iterancestors():
        if each.tag == f"{W}p":
            break
        chain.append(each.tag)
    return tuple(chain)


def _units(own: Sequence[Spot], level: str) -> list[Any] | None:
    """What each tag of the block stands in, side by side."""
    chains = [[spot.paragraph, *spot.paragraph.iterancestors()] for spot in own]
    if level == "tr" or level == "p":
        wanted = f"{W}{level}"
        found = [next((each for each in chain if each.tag == wanted), None) for chain in chains]
        return found if None not in found and len({id(unit.getparent()) for unit in found}) == 1 else None
    if len({id(chain[0]) for chain in chains}) == 1:
        return [chain[0] for chain in chains]
    shared = next((each for each in chains[0][1:] if all(any(each is other for other in chain) for chain in chains)), None)
    if shared is None:
        return None
    if shared.tag == f"{W}tr":
        return [shared for _chain in chains]
    return [chain[next(n for n, each in enumerate(chain) if each is shared) - 1] for chain in chains]


def _take_out(mark: Any) -> None:
    """Take a mark from its place; what stood behind it stays."""
    parent, before, tail = mark.getparent(), mark.getprevious(), mark.tail or ""
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    mark.tail = None
    parent.remove(mark)


def _says(unit: Any) -> bool:
    """Whether anything can be seen of it, now that its tags are out."""
    if any(True for _each in unit.iter(*SEEN)):
        return True
    return any((each.text or "").strip() or len(each) for each in unit.iter(f"{W}t"))


def _break_lines(tree: Any) -> None:
    """A line break in a value is one in the document, a tab a tab."""
    for text in [each for each in tree.iter(f"{W}t") if "\n" in (each.text or "") or "\t" in (each.text or "")]:
        parent, place = text.getparent(), text.getparent().index(text)
        made = []
        for piece in re.split(r"(\n|\t)", text.text):
            if piece in ("\n", "\t"):
                made.append(etree.Element(f"{W}br" if piece == "\n" else f"{W}tab"))
            elif piece:
                said = copy.copy(text)
                said.text = piece
                said.set(PRESERVE, "preserve")
                made.append(said)
        parent.remove(text)
        for offset, each in enumerate(made):
            each.tail = None
            parent.insert(place + offset, each)


def _mend(tree: Any) -> None:
    """What Word calls damaged: a table without a row, a cell or a page without a paragraph."""
    for table in [each for each in tree.iter(f"{W}tbl") if each.find(f"{W}tr") is None]:
        table.getparent().remove(table)
    for holder in tree.iter(*HOLDERS):
        last = [each for each in holder if each.tag in (f"{W}p", f"{W}tbl", f"{W}sdt")]
        if not last or (holder.tag == f"{W}tc" and last[-1].tag == f"{W}tbl"):
            paragraph, section = etree.Element(f"{W}p"), holder.find(f"{W}sectPr")
            if section is not None:
                section.addprevious(paragraph)
            elif holder.tag != f"{W}sdtContent":
                holder.append(paragraph)
