"""A form that is filled in beside a record of any kind. Controls are drawn above this layer: who draws them says so here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from werkzeug.datastructures import MultiDict

from app.core.forms.keeping import source_of, stored, titles, to_fill
from app.core.forms.sheet import Sheet


@dataclass(frozen=True)
class Filling:
    """One form to be filled in beside a record: its code, its name as it is stored, the version (empty: not stored yet), what it asks."""

    code: str
    title: str
    reference: str
    sheet: Sheet
    record: Any


class Filler(Protocol):
    """What draws a form and understands what was typed."""

    def understood(self, filling: Filling, sent: Mapping[str, Any]) -> dict[str, Any]:
        """The answers as they are kept. Raises Invalid, by `answers.` and the name of the question."""

    def typed(self, filling: Filling, form: MultiDict[str, str]) -> dict[str, Any]:
        """The answers that somebody sent from a page."""

    def drawn(self, filling: Filling, form: MultiDict[str, str], errors: Mapping[str, Sequence[Any]], redraw: str) -> dict[str, Any]:
        """What the page draws: `groups` as a form of a record has them, and `impact`."""


_filler: list[Filler] = []


def fills(filler: Filler) -> None:
    """Say who draws forms."""
    _filler[:] = [filler]


def filler() -> Filler:
    """Who draws forms."""
    return _filler[0]


def filling_of(code: str, record: Any) -> Filling | None:
    """The form of a code that is in force, ready to be filled in beside a record; None where there is none."""
    found, title = to_fill(code, {}), titles().get(code)
    return None if found is None or title is None else Filling(code, source_of(title), found[0], found[1], record)


def filled(filling: Filling, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as they are kept, with the version of the form to which they were given. Raises Invalid."""
    kept = filler().understood(filling, sent)
    return {**kept, "form": filling.reference or stored(filling.code)}
