"""Sentences that are kept and read later, each time in the reader's language: the source with what stands in it, never finished words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babel.numbers import format_decimal
from flask_babel import force_locale, get_locale, gettext, ngettext

from app.kernel import currencies
from app.kernel.kinds import major_units

Value = str | int | float | Mapping[str, Any]


@dataclass(frozen=True)
class Sentence:
    """A sentence of the catalogues with its values; `str()` of it is in the language of whoever reads now."""

    source: str
    plural: str
    num: int
    values: Mapping[str, Value]

    @property
    def kept(self) -> dict[str, Any]:
        """What is stored, as JSON."""
        return {"say": self.source, "plural": self.plural, "num": self.num, "with": dict(self.values)}

    def __str__(self) -> str:
        said = {name: _said(value) for name, value in self.values.items()}
        return str(ngettext(self.source, self.plural, self.num, **said) if self.plural else gettext(self.source, **said))


def say_later(source: str, **values: Value) -> Sentence:
    """A sentence with named placeholders, marked for translation; a value may be `labels(…)`, `money(…)` or `decimal(…)`."""
    return Sentence(source, "", 0, values)


def nsay_later(one: str, many: str, num: int, **values: Value) -> Sentence:
    """A sentence whose form depends on `%(num)d`."""
    return Sentence(one, many, num, values)


def labels(*words: Any) -> dict[str, Any]:
    """Labels of fields, joined by commas, as a value of a sentence."""
    with force_locale("en"):  # English is the source, by which the catalogues know them
        return {"labels": [str(word) for word in words]}


def money(minor: int, currency: str) -> dict[str, Any]:
    """An amount in minor units of a currency, as a value of a sentence."""
    return {"minor": minor, "currency": currency}


def decimal(number: float) -> dict[str, Any]:
    """A number with one decimal, as a value of a sentence."""
    return {"decimal": number}


def read(kept: Mapping[str, Any]) -> Sentence:
    """A sentence as it was stored."""
    return Sentence(kept["say"], kept["plural"], kept["num"], kept["with"])


def _said(value: Value) -> Any:
    if not isinstance(value, Mapping):
        return value
    if "labels" in value:
        return ", ".join(gettext(label) for label in value["labels"])
    locale = get_locale() or "en"
    if "decimal" in value:
        return format_decimal(value["decimal"], "0.0", locale=locale)
    return currencies.shown(major_units(value["minor"], value["currency"]), value["currency"], locale)
