"""The part of a form whose questions are data: drawn section by section as far as they are asked, with what the answers come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from app.core.forms import Sheet
from app.core.forms.sheet import FORM
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import Unreadable, counted, minor_units
from app.kernel.registry import registry
from app.resources.answering import Answered, Beside, cells, heads, understand
from app.resources.binding import parse_answer
from app.resources.bound_fields import BoundField, BoundLines, bound_field, bound_rows, raw_of, typed, typed_rows, words_for

PREFIX = "answers"
NOTHING: tuple[Any, ...] = ("", None, [], False)


@dataclass(frozen=True)
class Worked:
    """What is worked out, in words; `tone` where it falls into a band."""

    label: str
    text: str
    tone: str


@dataclass(frozen=True)
class Impact:
    """What the answers come to: figures, and the table of two choices with the cell that is meant."""

    figures: Sequence[Worked]
    down: str
    across: str
    heads: Sequence[tuple[str, str]]
    rows: Sequence[Any]


class AnswerForm:
    """The answers of a form page: what was typed by question, beside what was typed into the other fields."""

    def __init__(self, field: Field, record: Any) -> None:
        self.field, self.record = field, record
        self.raw: dict[str, Any] = dict(getattr(record, field.attribute, None) or {})
        self.reference = self.raw.pop(FORM, "")
        self.fresh: tuple[str, int] = ("", -1)
        self._typed: MultiDict[str, str] = MultiDict()

    def take(self, form: MultiDict[str, str]) -> None:
        """Put in what was typed; which questions it answers is known once the other fields are."""
        self._typed = form

    def sheet(self, raws: Mapping[str, Any], fields: Mapping[str, Field]) -> Sheet | None:
        """The form that goes with what stands in the other fields."""
        about = self.about(raws, fields)
        before = getattr(self.record, self.field.attribute, None) or {}
        chosen = self.field.chosen(lambda name: getattr(about, name), before) if self.field.chosen else None
        if chosen is None:
            return None
        return self.filled(chosen[1])

    def filled(self, sheet: Sheet) -> Sheet:
        """The form, once what was typed and what it begins with stand in it."""
        self._understand_typed(sheet)
        self._start(sheet)
        return sheet

    def about(self, raws: Mapping[str, Any], fields: Mapping[str, Field]) -> Beside:
        """The other fields as values, as far as they can be read."""
        values: dict[str, Any] = {}
        for name, field in fields.items():
            if name not in raws or field.kind in ("answers", "file"):
                continue
            try:
                values[field.attribute] = field.parse(raws[name])
            except (Unreadable, ValueError):
                values[field.attribute] = None
        for field in fields.values():
            amount = values.get(field.attribute)
            if field.kind == "money" and amount is not None:
                try:
                    values[field.attribute] = minor_units(amount, values.get(field.currency) or current.organisation.currency)
                except Unreadable:
                    values[field.attribute] = None
        return Beside(values, self.record)

    def _understand_typed(self, sheet: Sheet) -> None:
        form, self._typed = self._typed, MultiDict()
        if not any(name.startswith(f"{PREFIX}-") for name in form):
            return
        there = {name.removesuffix("__text") for name in form}
        plain = [q.field for q in sheet.questions.values() if not q.columns and q.sum is None
                 and (q.field.kind == "boolean" or f"{PREFIX}-{q.name}" in there)]
        self.raw |= typed(form, plain, f"{PREFIX}-")
        for question in sheet.questions.values():
            if question.columns and any(name.startswith(f"{PREFIX}-{question.name}-") for name in form):
                self.raw[question.name] = typed_rows(form, f"{PREFIX}-{question.name}", question.columns, question.most)
            if question.fills and "_redraw" in form and self.raw.get(question.name):
                self._fill(question, self.raw[question.name])
        self._reshape(sheet, form)

    def _fill(self, question: Any, value: Any) -> None:
        """What is known of the record that was chosen goes where nothing stands yet."""
        resource = registry.of_table(question.field.reference)
        try:
            chosen = parse_answer(question.field, value)
        except Unreadable:
            return
        if resource is None or resource.chosen_apart:  # naming a record is no right to read it
            return
        model: Any = resource.model
        record, known = session().get(model, (current.organisation.id, chosen)), fields_of(model)
        for to, source in question.fills.items():
            if record is not None and source in known and self.raw.get(to) in NOTHING:
                self.raw[to] = raw_of(known[source], record)

    def _reshape(self, sheet: Sheet, form: MultiDict[str, str]) -> None:
        name = form.get("_add_line", "")
        if name in sheet.questions:
            self.raw[name] = [*(self.raw.get(name) or []), {}]
            self.fresh = (name, len(self.raw[name]) - 1)
        name, _sep, place = form.get("_remove_line", "").partition(":")
        number = counted(place)
        if name in sheet.questions and number is not None and number < len(self.raw.get(name) or []):
            self.raw[name].pop(number)

    def _start(self, sheet: Sheet) -> None:
        """What a question begins with: a word of its own, or what is known of whoever asks."""
        for question in sheet.questions.values():
            if question.start and question.name not in self.raw:
                self.raw[question.name] = _begin(question.start)
            if question.columns and not self.raw.get(question.name):
                self.raw[question.name] = [{} for _number in range(max(question.least, 1))]

    def data(self, sheet: Sheet | None, about: Any) -> dict[str, Any]:
        """What goes through the door: answers to what is asked."""
        if sheet is None:
            return {}
        found = understand(sheet, self.raw, about, parse_answer)
        return {q.name: self.raw.get(q.name, "") for q in found.asked if q.sum is None}

    def sections(self, sheet: Sheet, about: Any, errors: Mapping[str, Sequence[Any]], redraw: str,
                 validate: str) -> list[tuple[Any, list[BoundField], list[BoundLines]]]:
        """What is asked now: heading, controls, rows."""
        found, drivers = understand(sheet, self.raw, about, parse_answer), sheet.drivers()
        asked = {question.name: question for question in found.asked if question.sum is None}
        words = words_for([q.field for q in asked.values()], self.raw)
        drawn = []
        for section in sheet.sections:
            here = [asked[name] for name in section.names if name in asked]
            controls = [bound_field(q.field, self.raw.get(q.name), errors=errors.get(f"{PREFIX}.{q.name}", ()), text=words.get(q.name, ""),
                                    prefix=f"{PREFIX}-", redraw=redraw if q.name in drivers else "",
                                    validate=f"{validate}{PREFIX}-{q.name}" if validate else "",
                                    needed=sheet.needed(q, found.values, about)) for q in here if not q.columns]
            rows = [bound_rows(f"{PREFIX}-{q.name}", q.field.label, q.columns, self.raw.get(q.name) or [{}], errors,
                               self.fresh[1] if self.fresh[0] == q.name else -1) for q in here if q.columns]
            if controls or rows:
                drawn.append((section.label, controls, rows))
        return drawn

    def impact(self, sheet: Sheet, about: Any) -> Impact | None:
        """What the answers come to as they stand."""
        if not sheet.impact and sheet.matrix is None:
            return None
        return impact_of(sheet, understand(sheet, self.raw, about, parse_answer), about)


def impact_of(sheet: Sheet, found: Answered, about: Any) -> Impact:
    """The figures of the answers, and where they stand in the table of two choices."""
    figures = []
    for name in sheet.impact:
        question, value = sheet.questions[name], found.values.get(name)
        part = sheet.part(question, value, {}) if value is not None else None
        figures.append(Worked(str(question.field.label), part.text if part else "–", part.tone if part else ""))
    matrix = sheet.matrix
    return Impact(figures, str(sheet.questions[matrix.down].field.label) if matrix else "",
                  str(sheet.questions[matrix.across].field.label) if matrix else "", heads(sheet), cells(sheet, found.values, about))


def _begin(start: str) -> Any:
    if start == "today":
        return clock.today(current.organisation.timezone).isoformat()
    if start in ("user.site", "user.department"):
        value = getattr(current.user, f"{start[5:]}_id", None)
        return str(value) if value else ""
    return start
