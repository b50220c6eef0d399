"""The answers to a form that is data: understood question by question, each beside what stands before it; worked out; kept as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.forms import Question, Sheet
from app.core.forms.sheet import FORM, plain
from app.kernel.current import current
from app.kernel.fields import Field
from app.kernel.kinds import Unreadable, minor_units

Link = Callable[[Field, Any], Any]
Parse = Callable[[Field, Any], Any]


@dataclass
class Answered:
    """What was understood of a form: the values by name, what was asked at all, and the errors by name."""

    values: dict[str, Any] = dataclass_field(default_factory=dict)
    asked: list[Question] = dataclass_field(default_factory=list)
    errors: dict[str, list[str]] = dataclass_field(default_factory=dict)


class Beside:
    """The record that answers belong to, as it will be: what was understood of it now, then what it has."""

    def __init__(self, values: Mapping[str, Any], record: Any) -> None:
        self._values, self._record = values, record

    def __getattr__(self, name: str) -> Any:
        return self._values[name] if name in self._values else getattr(self._record, name, None)


def understand(sheet: Sheet, raw: Mapping[str, Any], record: Any, parse: Parse) -> Answered:
    """Go through a form in its order. Raw values of what is not asked are left alone."""
    found = Answered()
    for question in sheet.questions.values():
        if not sheet.asked(question, found.values, record):
            continue
        found.asked.append(question)
        if question.sum is not None:
            value = sheet.work_out(question, found.values, record)
        elif question.columns:
            value = _rows(question, raw.get(question.name), found.errors, parse)
        else:
            value = _one(question.field, raw.get(question.name), question.name, found.errors, parse)
            if value is None and question.name not in found.errors and sheet.needed(question, found.values, record):
                found.errors[question.name] = [_("This is needed.")]
        if value is not None:
            found.values[question.name] = value
    return found


def _one(said: Field, raw: Any, name: str, errors: dict[str, list[str]], parse: Parse) -> Any:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return False if said.kind == "boolean" else None
    try:
        value = parse(said, raw)
        if said.kind == "money":
            minor_units(value, current.organisation.currency)
    except Unreadable as error:
        errors[name] = [str(error)]
        return None
    if said.kind == "money" and said.minimum is not None and value < said.minimum:
        errors[name] = [_("At least %(minimum)s is needed.", minimum=said.minimum)]
        return None
    return value


def _rows(question: Question, raw: Any, errors: dict[str, list[str]], parse: Parse) -> list[dict[str, Any]]:
    if raw not in (None, "") and (not isinstance(raw, list) or not all(isinstance(row, Mapping) for row in raw)):
        errors[question.name] = [_("A JSON object is needed.")]
        return []
    kept = [row for row in raw or () if any(str(row.get(column.name) or "").strip() for column in question.columns)]
    if len(kept) < question.least:
        errors[question.name] = [ngettext("At least %(num)d line is needed.", "At least %(num)d lines are needed.", question.least)]
    if len(kept) > question.most:
        errors[question.name] = [ngettext("At most %(num)d line is possible.", "At most %(num)d lines are possible.", question.most)]
        return []
    found = []
    for number, row in enumerate(kept, start=1):
        values = {}
        for column in question.columns:
            place = f"{question.name}.{number}.{column.name}"
            values[column.name] = _one(column, row.get(column.name), place, errors, parse)
            if values[column.name] is None and column.required:
                errors.setdefault(place, [_("This is needed.")])
        found.append(values)
    return found


def bind_answers(field: Field, values: dict[str, Any], errors: dict[str, list[str]], record: Any, parse: Parse) -> None:
    """Put the answers to the form that goes with `values` (what was understood of the record) in their place, worked out anew."""
    about = Beside(values, record)
    before: Mapping[str, Any] = getattr(record, field.attribute, None) or {}
    sent = values.pop(field.attribute, None)
    chosen = field.chosen(lambda name: getattr(about, name), before) if field.chosen else None
    if chosen is None:
        if sent and set(sent) - {FORM}:
            errors[field.name] = [_("No form belongs to this. Leave it empty.")]
        values[field.attribute] = None
        return
    reference, sheet = chosen
    raw = {**(before if before.get(FORM) == reference else {}), **(sent or {})}
    found = understand(sheet, raw, about, parse)
    _refuse_unknown(sheet, sent or {}, found)
    errors.update({f"{field.name}.{name}": said for name, said in found.errors.items()})
    values[field.attribute] = {FORM: reference, **{name: plain(value) for name, value in found.values.items() if value != []}}


def _refuse_unknown(sheet: Sheet, sent: Mapping[str, Any], found: Answered) -> None:
    """What is not asked is refused where something was said; what is worked out is not taken from anybody."""
    asked = {question.name for question in found.asked}
    for name, value in sent.items():
        if name == FORM or value in (None, "", [], False):
            continue
        if name not in sheet.questions:
            known = _("Known fields: %(names)s.", names=", ".join(sheet.questions))
            found.errors[str(name)[:60]] = [_("There is no such field here.") + " " + known]
        elif name not in asked:
            found.errors[name] = [_("This is not asked beside the other answers. Leave it empty.")]


def cells(sheet: Sheet, values: Mapping[str, Any], record: Any) -> list[tuple[str, str, Sequence[tuple[Any, bool]]]]:
    """The table of two choices, the highest of the first on top: its code and words, and of each cell its band and whether it is meant."""
    if sheet.matrix is None:
        return []
    down, across, result = (sheet.questions[name] for name in (sheet.matrix.down, sheet.matrix.across, sheet.matrix.result))
    found: list[tuple[str, str, Sequence[tuple[Any, bool]]]] = []
    for code, label in reversed(list(_choices(down).items())):
        row = [(result.band(sheet.work_out(result, {**values, down.name: code, across.name: other}, record)),
                (values.get(down.name), values.get(across.name)) == (code, other)) for other in _choices(across)]
        found.append((code, str(label), row))
    return found


def heads(sheet: Sheet) -> list[tuple[str, str]]:
    """What stands above the columns of that table: codes and words."""
    return [(code, str(label)) for code, label in _choices(sheet.questions[sheet.matrix.across]).items()] if sheet.matrix else []


def _choices(question: Question) -> Mapping[str, Any]:
    return question.field.listed() if question.field.listed else {}
