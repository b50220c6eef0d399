"""Rendering and checking templates that people wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.core.templating import pool
from app.kernel.errors import Invalid, Unavailable


@dataclass(frozen=True)
class Source:
    """A template's words; of `html`, the values that are put in are escaped."""

    words: str
    html: bool = False


class WrongTemplate(Invalid):
    """A template that cannot be used; `code` says why, `part` which of them it is, `nearest` the name that may be meant."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.reason, self.part, self.line = str(said["code"]), str(said["part"]), int(said["line"])
        self.about, self.nearest = str(said["about"]), str(said["nearest"])
        self.without_line = _sentence({**said, "line": 0})
        super().__init__({self.part or "template": [_sentence(said)]})


def render(parts: Mapping[str, Source], values: Mapping[str, Any]) -> dict[str, str]:
    """Each part with the values put in. Values are dictionaries, lists, texts, numbers, yes and no; anything else is put in as text.

    Raises `WrongTemplate`, `Unavailable` when no child is free.
    """
    return _asked(parts, values, check=False)


def check(parts: Mapping[str, Source], example: Mapping[str, Any]) -> None:
    """Look through templates with an example that has every name that they may use. Raises `WrongTemplate` for the first mistake."""
    _asked(parts, example, check=True)
    _asked(parts, example, check=False)


def _asked(parts: Mapping[str, Source], values: Mapping[str, Any], *, check: bool) -> dict[str, str]:
    question = {"parts": {name: [part.words, part.html] for name, part in parts.items()}, "values": plain(values), "check": check}
    try:
        said = pool.ask(question)
    except pool.Busy:
        raise Unavailable(_("Too many templates are being rendered at this moment.")) from None
    if "wrong" in said:
        raise WrongTemplate(said["wrong"])
    return dict(said["done"])


def plain(value: Any) -> Any:
    """The value as what a template may hold: nothing of the application goes along."""
    if isinstance(value, Mapping):
        return {str(name): plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)


def _sentence(said: Mapping[str, Any]) -> str:
    """What is wrong, where, and how to mend it."""
    about, line, nearest = said["about"], said["line"], said["nearest"]
    sentences = {
        "unknown": lambda: _("“%(name)s” is not known here.", name=about),
        "filter": lambda: _("There is no filter “%(name)s”.", name=about),
        "test": lambda: _("There is no test “%(name)s”.", name=about),
        "forbidden": lambda: _("“%(name)s” cannot be used in a template.", name=about),
        "operator": lambda: _("“%(name)s” works on numbers only.", name=about),
        "syntax": lambda: _("The template cannot be read: %(reason)s", reason=about),
        "value": lambda: _("A value does not fit where it is used: %(reason)s", reason=about),
        "deep": lambda: _("The template is nested too deeply."),
        "long": lambda: _("The text becomes too long."),
        "big": lambda: _("The template needs too much memory."),
        "slow": lambda: _("The template takes too long."),
    }
    words = [sentences[said["code"]]()]
    if line:
        words.append(_("It stands on line %(line)s.", line=line))
    if nearest:
        words.append(_("Did you mean “%(near)s”?", near=nearest))
    return " ".join(words)
