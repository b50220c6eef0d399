"""What somebody typed, understood: words, “phrases in quotes”, -what is to be left out, and operators like `type:incident`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.core.search.words import Way, phrase_of, typed_words

_PIECE = re.compile(r'(?P<less>-?)(?:(?P<name>[^\W\d_]\w*):(?P<value>"[^"]*"?|\S+)|"(?P<phrase>[^"]*)"?|(?P<word>\S+))')


@dataclass(frozen=True)
class Asked:
    """What is looked for. `rest` is what was typed without its operators, `said` are these: (name, value) pairs in their order."""

    words: tuple[str, ...] = ()
    phrases: tuple[Way, ...] = ()
    without: tuple[Way, ...] = ()
    rest: str = ""
    said: tuple[tuple[str, str], ...] = ()

    @property
    def finds(self) -> bool:
        """Whether anything is asked for that can stand in the index; what is left out alone finds nothing."""
        return bool(self.words or self.phrases)


def understood(typed: str, is_operator: Callable[[str, str], bool] = lambda _name, _value: False) -> Asked:
    """The parts of what was typed. `is_operator(name, value)` tells whether `name:value` is one; otherwise it is words like any."""
    plain: list[str] = []
    kept: list[str] = []
    phrases: list[Way] = []
    without: list[Way] = []
    said: list[tuple[str, str]] = []
    for piece in _PIECE.finditer(typed):
        name, value = piece["name"], (piece["value"] or "").strip('"')
        if name and value and not piece["less"] and is_operator(name.casefold(), value):
            said.append((name.casefold(), value))
            continue
        kept.append(piece[0])
        if piece["less"]:
            without += [way] if (way := phrase_of(piece[0][1:])) else []
        elif piece["phrase"] is not None:
            phrases += [way] if (way := phrase_of(piece["phrase"])) else []
        else:
            plain.append(piece[0])
    return Asked(tuple(typed_words(" ".join(plain))), tuple(phrases), tuple(without), " ".join(kept), tuple(said))
