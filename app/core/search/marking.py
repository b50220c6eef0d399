"""Why something was found: the words that were looked for, marked where they stand."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

from app.core.search.asking import Asked
from app.core.search.ways import Ways
from app.core.search.words import JOINT, TOKEN, folded

AROUND, LONGEST = 70, 220


class Marker:
    """Marks what was asked for, in any of its ways, in texts that are shown."""

    def __init__(self, asked: Asked, ways: Ways) -> None:
        self.words = {word for part in ways.widely for way in part for word in way} | {word for way in asked.phrases for word in way}
        self.beginning = asked.words[-1] if asked.words else ""

    def mark(self, text: str) -> Markup:
        """The text with what was looked for in `<mark>`, everything else escaped."""
        pieces, end = [], 0
        for start, stop in self._places(text):
            pieces += [escape(text[end:start]), Markup("<mark>{}</mark>").format(text[start:stop])]
            end = stop
        return Markup("").join([*pieces, escape(text[end:])])

    def excerpt(self, texts: Iterable[str]) -> Markup:
        """The surroundings of the first place in any of these texts, marked; empty where none has one."""
        for text in texts:
            place = next(iter(self._places(text)), None)
            if place is None:
                continue
            begin = _at_a_word(text, max(0, place[0] - AROUND)) if place[0] > AROUND else 0
            cut = " ".join(text[begin:begin + LONGEST].split())
            return Markup("{}{}{}").format("… " if begin else "", self.mark(cut), " …" if begin + LONGEST < len(text) else "")
        return Markup("")

    def _places(self, text: str) -> Iterable[tuple[int, int]]:
        for token in TOKEN.finditer(text):
            parts = (token[0], *JOINT.split(token[0]))
            if any(self._is_meant(folded(part)) for part in parts):
                yield token.span()

    def _is_meant(self, word: str) -> bool:
        return word in self.words or bool(self.beginning and word.startswith(self.beginning))


def _at_a_word(text: str, place: int) -> int:
    space = text.find(" ", place)
    return space + 1 if 0 <= space < place + AROUND else place
