"""What stands in braces in a document: found, tidied, grouped into blocks, and put together for the sandbox.

The sandbox never sees the document: what stands still is a numbered mark there (`\\x02 7 \\x03`), and is put in its place again afterwards.
Each tag stands on a line of its own, so that what the sandbox says of a line is said of a place in the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import gettext as _

from app.core import templating
from app.core.templating import Source, WrongTemplate
from app.kernel.errors import Invalid

TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
OPEN = re.compile(r"\{\{|\{%|\}\}|%\}")
LEVEL = re.compile(r"^\{%-?\s*(tr|p)\s+(?=[a-z])")
WORD = re.compile(r"^\{%[-+]?\s*(\w+)")
FOR_ITEMS = re.compile(r"^\{%[-+]?\s*for\s+\w+\s+in\s+items\s*[-+]?%\}$")
TOGETHER = re.compile(r"\bitems\b|\bloop\.(?!index\b)")
MARK = re.compile(r"\x02([a-z]?\d+(?:\.\d+)?)\x03")
ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|#34|#39);)")
CURLY = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "\u00a0": " ", "\u2007": " ", "\u202f": " ",
                       "\n": " ", "\r": " ", "\t": " "})
PORTION, AT_ONCE, MOST_MISTAKES, LARGEST = 200, 2_000, 25, 60 * 1024 * 1024
Items = Callable[[], Iterator[Mapping[str, Any]]]


@dataclass(frozen=True)
class Tag:
    """One tag: its words, the place where it stands (for people), and how far it was told to reach (`tr`, `p` or nothing).

    `asked` is what a person wrote, where the sandbox is given more than that.
    """

    words: str
    place: str
    level: str = ""
    asked: str = ""

    @property
    def shown(self) -> str:
        """The tag as a person wrote it, more or less."""
        return (self.asked or self.words)[:80]

    @property
    def keyword(self) -> str:
        """`for` of a loop; empty for what only puts something in."""
        found = None if self.asked else WORD.match(self.words)
        return found[1] if found else ""


def tag_of(raw: str, place: str) -> Tag:
    """A tag as the sandbox reads it: Word's curly quotes and fixed spaces undone."""
    words = raw.translate(CURLY)
    level = LEVEL.match(words)
    return Tag("{% " + words[level.end():] if level else words, place, level[1] if level else "")


@dataclass
class Block:
    """A loop or a condition: the numbers of its tags, from the first to the last."""

    numbers: list[int]


def blocks_of(tags: Sequence[Tag]) -> list[Block]:
    """The blocks, inner ones first. Raises `Invalid` for what was not begun or not ended."""
    found: list[Block] = []
    stack: list[tuple[str, Block]] = []
    wrong: list[str] = []
    for number, tag in enumerate(tags):
        if tag.keyword in ("for", "if"):
            stack.append((tag.keyword, Block([number])))
        elif tag.keyword in ("else", "elif") and stack:
            stack[-1][1].numbers.append(number)
        elif tag.keyword in ("endfor", "endif"):
            if not stack or stack[-1][0] != tag.keyword[3:]:
                wrong.append(_("%(place)s: “%(tag)s” ends what was not begun.", place=tag.place, tag=tag.shown))
                continue
            block = stack.pop()[1]
            block.numbers.append(number)
            found.append(block)
    wrong += [_("%(place)s: “%(tag)s” is never ended.", place=tags[block.numbers[0]].place, tag=tags[block.numbers[0]].shown)
              for _keyword, block in stack]
    if wrong:
        raise Invalid({"file": wrong})
    return found


@dataclass
class Program:
    """A part of a document for the sandbox: pieces in their order, each a tag's number or words that stand still."""

    part: str
    tags: list[Tag]
    pieces: list[int | str]
    chunks: list[str] = field(default_factory=list)

    def words(self, begin: int = 0, end: int | None = None, tags: Sequence[Tag] | None = None) -> str:
        """The pieces from one place to another as the sandbox reads them."""
        known = self.tags if tags is None else tags
        return "".join(_on_a_line(known[piece].words) if isinstance(piece, int) else piece for piece in self.pieces[begin:end])


def still(program: Program, xml: str) -> None:
    """Add something that stands still."""
    if xml:
        program.pieces.append(f"\x02{len(program.chunks)}\x03")
        program.chunks.append(xml)


def _on_a_line(words: str) -> str:
    return f"{words[:2]}\n{words[2:]}"


def mistakes(program: Program, example: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with it, each with its place and the nearest right name."""
    tags: list[Tag] = list(program.tags)
    found: list[tuple[int, str]] = []
    order = [piece for piece in program.pieces if isinstance(piece, int)]
    while len(found) < MOST_MISTAKES:
        try:
            templating.check({"file": Source(program.words(tags=tags), html=True)}, example)
        except WrongTemplate as wrong:
            number = order[min(wrong.line - 2, len(order) - 1)] if wrong.line >= 2 and order else None
            place = order.index(number) if number is not None else len(order)
            found.append((place, _said(wrong, tags[number] if number is not None else None, program.part)))
            mended = _harmless(tags[number]) if number is not None else ""
            if number is None or not mended or tags[number].words == mended:
                break
            tags[number] = replace(tags[number], words=mended)
        else:
            break
    return [said for _place, said in sorted(found)]


def _harmless(tag: Tag) -> str:
    """A tag that is right in the place of one that is wrong, so that the next mistake is found too; empty where there is none."""
    if tag.keyword == "for":
        return re.sub(r"\sin\s.*$", " in [] %}", tag.words)
    return {"if": "{% if true %}", "elif": "{% elif true %}", "set": ""}.get(tag.keyword, "" if tag.keyword else "{{ '' }}")


def _said(wrong: WrongTemplate, tag: Tag | None, part: str) -> str:
    said = wrong.without_line  # a line means nothing in a document
    return _("%(place)s, “%(tag)s”: %(said)s", place=tag.place, tag=tag.shown, said=said) if tag else f"{part}: {said}"


def run(program: Program, values: Mapping[str, Any], items: Items) -> Iterator[str]:
    """What the sandbox makes of it, piece by piece; a loop over all rows is rendered in portions. Raises `Invalid`."""
    loop = _portions(program)
    if loop is None:
        wanted = any(re.search(r"\bitems\b", tag.words) for tag in program.tags)  # a head or a foot mostly has nothing to do with them
        yield _render(program.words(), {**values, "items": _all(items) if wanted else []})
        return
    begin, end = loop
    yield _render(program.words(0, begin), {**values, "items": []})
    body, passed, held = _counting(program.words(begin, end)), 0, []
    for item in items():
        held.append(item)
        if len(held) == PORTION:
            yield _render(body, {**values, "items": held, "passed": passed})
            passed, held = passed + len(held), []
    if held:
        yield _render(body, {**values, "items": held, "passed": passed})
    yield _render(program.words(end), {**values, "items": []})


def _counting(words: str) -> str:
    return re.sub(r"\bloop\.index\b", "(loop.index + passed)", words)


def _all(items: Items) -> list[Mapping[str, Any]]:
    found = []
    for item in items():
        found.append(item)
        if len(found) > AT_ONCE:
            raise Invalid({"template": [_("This template looks at all rows together: that is possible up to %(most)d rows. "
                                          "A single loop over “items” takes any number.", most=AT_ONCE)]})
    return found


def _portions(program: Program) -> tuple[int, int] | None:
    """Where the one outermost loop over `items` begins and ends, when nothing else looks at the rows; None otherwise."""
    depth, begin, end, found = 0, -1, -1, 0
    for place, piece in enumerate(program.pieces):
        if not isinstance(piece, int):
            continue
        tag = program.tags[piece]
        if FOR_ITEMS.match(tag.words) and depth == 0:
            begin, found = place, found + 1
        elif TOGETHER.search(tag.words) or tag.keyword == "set" or (tag.keyword == "else" and depth == 1):
            return None
        depth += {"for": 1, "if": 1, "endfor": -1, "endif": -1}.get(tag.keyword, 0)
        if depth == 0 and begin >= 0 and end < 0 and tag.keyword == "endfor":
            end = place + 1
    return (begin, end) if found == 1 and end > 0 else None


def _render(words: str, values: Mapping[str, Any]) -> str:
    if not words:
        return ""
    try:
        return templating.render({"file": Source(words, html=True)}, values)["file"]
    except WrongTemplate as wrong:
        raise Invalid({"template": [_("The template cannot be filled: %(said)s", said=wrong.without_line)]}) from wrong


def assembled(program: Program, rendered: Iterator[str]) -> str:
    """The marks replaced by what they stand for; all else was put in, and stays text. Raises `Invalid` when it grows too large."""
    written, size = [], 0
    for text in rendered:
        for number, piece in enumerate(MARK.split(text)):
            said = program.chunks[int(piece)] if number % 2 else safe(piece)
            size += len(said)
            if size > LARGEST:
                raise Invalid({"template": [_("The document becomes too large.")]})
            written.append(said)
    return "".join(written)


def safe(text: str) -> str:
    """Text that the sandbox escaped, with nothing in it that could be markup, whatever a filter made of it."""
    return ENTITY.sub("&amp;", text).replace("<", "&lt;").replace("\x02", "").replace("\x03", "")
