"""A form as it was defined: its questions in order, which of them are asked beside the other answers, and what is worked out from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import get_locale
from sqlalchemy import select

from app.core import access
from app.core.forms.sums import Sum
from app.kernel import currencies
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import Unreadable, major_units
from app.kernel.registry import registry

FORM = "form"  # beside the answers: the definition that they were given to
Kept = Mapping[str, Any]


@dataclass(frozen=True)
class Band:
    """From a number on, a result has this code and these words."""

    least: Decimal
    code: str
    label: Any
    tone: str = "neutral"


@dataclass(frozen=True)
class Question:
    """One thing that is asked, or worked out (`sum`, put into words by `bands`). A rule that is empty holds always (`shown`), or never
    (`needed`). `columns` make it rows; `fills` names answers that a chosen record fills in, by its own fields."""

    field: Field
    shown: str = ""
    needed: str = ""
    sum: Sum | None = None
    bands: tuple[Band, ...] = ()
    columns: tuple[Field, ...] = ()
    least: int = 0
    most: int = 20
    fills: Mapping[str, str] = field(default_factory=dict)
    start: str = ""

    @property
    def name(self) -> str:
        """The name under which the answer is kept."""
        return self.field.name

    def banded(self, number: Decimal | None) -> Band | None:
        """The band that a number falls into."""
        return next((band for band in reversed(self.bands) if number is not None and number >= band.least), None)

    def band(self, code: Any) -> Band | None:
        """The band of a code."""
        return next((band for band in self.bands if band.code == code), None)


@dataclass(frozen=True)
class Section:
    """Questions below one heading."""

    label: Any
    names: tuple[str, ...]


@dataclass(frozen=True)
class Matrix:
    """A table of what two choices come to: every cell is what `result` is worked out to be with them."""

    down: str
    across: str
    result: str


@dataclass(frozen=True)
class Part:
    """An answer as people read it; `rows` of a table, each with one text per column."""

    name: str
    label: str
    text: str
    tone: str = ""
    numeric: bool = False
    heads: tuple[tuple[str, bool], ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A whole form. `level` names the question whose result is the level of the record."""

    questions: Mapping[str, Question]
    sections: tuple[Section, ...]
    around: Mapping[str, Field]
    impact: tuple[str, ...] = ()
    matrix: Matrix | None = None
    level: str = ""

    def drivers(self) -> set[str]:
        """The questions and fields of the record on which it depends whether others are asked, or what they are filled with."""
        said = " ".join(each.shown for each in self.questions.values())
        found = {name for name in (*self.questions, *self.around) if f'"{name}"' in said}
        for question in reversed(list(self.questions.values())):  # what is worked out hangs on what it looks at, which comes before
            if question.name in found and question.sum is not None:
                found |= question.sum.names
        return found | {question.name for question in self.questions.values() if question.fills}

    def asked(self, question: Question, values: Kept, record: Any) -> bool:
        """Whether a question is asked beside the answers before it."""
        return access.holds(question.shown, current.user, About(values, record), {})

    def needed(self, question: Question, values: Kept, record: Any) -> bool:
        """Whether an answer may not be left empty beside the others."""
        if question.field.required or not question.needed:
            return question.field.required
        return access.holds(question.needed, current.user, About(values, record), {})

    def work_out(self, question: Question, values: Kept, record: Any) -> Any:
        """What a sum comes to: a number, or the code of its band."""
        number = question.sum.of(lambda name: self._figure(name, values, record)) if question.sum else None
        if number is None:
            return None
        if question.bands:
            band = question.banded(number)
            return band.code if band else None
        return round(number, question.field.scale) if question.field.kind != "integer" else round(number)

    def _figure(self, name: str, values: Kept, record: Any) -> Any:
        if name in values or name in self.questions:
            return values.get(name)
        value = getattr(record, name, None)
        described = self.around.get(name)
        if described is None or described.kind != "money" or value is None:
            return value
        return major_units(value, described.currency_of(record))

    def parts(self, kept: Kept) -> Iterator[tuple[str, list[Part]]]:
        """The answers below their headings, in words; what was not asked is left out."""
        values = self.values(kept)
        names = _names_of(self.questions.values(), values)
        for section in self.sections:
            found = [self.part(self.questions[name], values[name], names) for name in section.names if values.get(name) not in (None, [])]
            if found:
                yield str(section.label), found

    def part(self, question: Question, value: Any, names: Mapping[Any, str]) -> Part:
        """One answer in words."""
        said = question.field
        if question.columns:
            rows = tuple(tuple(shown(column, row.get(column.name), names) for column in question.columns) for row in value)
            return Part(said.name, str(said.label), "; ".join(", ".join(filter(None, row)) for row in rows),
                        heads=tuple((str(column.label), column.numeric) for column in question.columns), rows=rows)
        if (band := question.band(value)) is not None:
            return Part(said.name, str(said.label), str(band.label), band.tone)
        return Part(said.name, str(said.label), shown(said, value, names), numeric=said.numeric)

    def values(self, kept: Kept) -> dict[str, Any]:
        """Kept answers as the values that they stand for; what cannot be read any more is left out."""
        return {name: held(question, kept[name]) for name, question in self.questions.items() if kept.get(name) is not None}

    def words(self, kept: Kept) -> str:
        """All answers in one text."""
        return " · ".join(f"{part.label}: {part.text}" for _section, parts in self.parts(kept) for part in parts)


class About:
    """What a condition looks at: the answers, then the record that they belong to."""

    def __init__(self, values: Kept, record: Any) -> None:
        self._values, self._record = values, record

    def __getattr__(self, name: str) -> Any:
        return self._values[name] if name in self._values else getattr(self._record, name, None)


def shown(said: Field, value: Any, names: Mapping[Any, str]) -> str:
    """The value of a question or a column in the reader's language."""
    if value is None:
        return ""
    if said.kind == "reference":
        return names.get(value, str(value)[:8])
    if said.kind == "money":
        return currencies.shown(Decimal(value), current.organisation.currency, get_locale())
    if said.listed is not None:
        return str(said.listed().get(value, value))
    return said.behaviour.display(said, value, None)


def plain(value: Any) -> Any:
    """A value as it is kept: JSON."""
    if isinstance(value, list):
        return [{name: plain(each) for name, each in row.items()} for row in value]
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, (Decimal, UUID)) else value


def held(question: Question, kept: Any) -> Any:
    """What is kept as the value that it stands for; None when it cannot be read any more."""
    if question.columns:
        return [{column.name: _read(column, row.get(column.name)) for column in question.columns} for row in kept if isinstance(row, dict)]
    return _read(question.field, kept)


def _read(said: Field, kept: Any) -> Any:
    try:
        return None if kept is None else said.behaviour.parse(said, kept)
    except (Unreadable, ValueError):
        return None


def _names_of(questions: Iterable[Question], values: Kept) -> dict[Any, str]:
    """What the records are called that answers refer to."""
    found: dict[Any, str] = {}
    for question in questions:
        for said in question.columns or (question.field,):
            if said.kind != "reference":
                continue
            ids = [row.get(said.name) for row in values.get(question.name) or ()] if question.columns else [values.get(question.name)]
            found |= _called(said, [each for each in ids if each])
    return found


def _called(said: Field, ids: Sequence[Any]) -> dict[Any, str]:
    resource = registry.of_table(said.reference)
    if resource is None or not ids:
        return {}
    model: Any = resource.model
    titled = fields_of(model).get(resource.title)
    title = getattr(model, titled.attribute if titled is not None and titled.kind != "reference" else "reference")
    rows = session().execute(select(model.id, title).where(model.organisation_id == current.organisation.id, model.id.in_(ids)))
    return {row[0]: str(row[1]) for row in rows}


Finder = Callable[[str], "Sheet | None"]
