"""From what somebody sent to values that a record can hold: parsed, checked, linked; all errors at once, by field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from babel.numbers import list_currencies
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, select

from app.core import access
from app.core.files import StoredFile, readable
from app.core.people import Group
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import Unreadable, major_units, minor_units, typed_moment
from app.kernel.manifest import Lines, Resource
from app.kernel.registry import registry
from app.resources.answering import bind_answers

NOT_FIELDS = frozenset({"version", "lines"})


@dataclass
class Bound:
    """What was understood: values by attribute, lines by row, and the errors by field name."""

    values: dict[str, Any] = dataclass_field(default_factory=dict)
    lines: list[dict[str, Any]] | None = None
    errors: dict[str, list[str]] = dataclass_field(default_factory=dict)

    def check(self) -> Bound:
        """Itself; raises `Invalid` when something could not be understood."""
        if self.errors:
            raise Invalid(self.errors)
        return self


def form_names(resource: Resource) -> tuple[str, ...]:
    """The fields that people and machines may write, in the order of the form."""
    return tuple(name for names in resource.form.values() for name in names)


def bind_many(resource: Resource, rows: Sequence[Mapping[str, Any]], *, partial: bool = False,
              records: Sequence[Any] | None = None) -> list[Bound]:
    """Understand many rows; linked records are looked up once for all of them."""
    fields = fields_of(resource.model)
    writable = {name: fields[name] for name in form_names(resource)}
    bound = [_bind(writable, row, partial, records[i] if records else None) for i, row in enumerate(rows)]
    _link(writable.values(), bound, records)
    for field in writable.values():
        if field.kind == "answers":
            _answers(field, bound, partial, records)
    if resource.lines:
        for row, each in zip(rows, bound, strict=True):
            _bind_lines(resource.lines, row, each, partial)
    return bound


def _answers(field: Field, bound: Sequence[Bound], partial: bool, records: Sequence[Any] | None) -> None:
    for place, each in enumerate(bound):
        record = records[place] if records else None
        if partial and field.attribute not in each.values and not getattr(record, field.attribute, None):
            continue
        if field.name not in each.errors:
            bind_answers(field, each.values, each.errors, record, parse_answer)


def parse_answer(field: Field, raw: Any) -> Any:
    """What was answered to one question of a form; a record that it names has to be known here. Raises `Unreadable`."""
    value = _parse(field, raw, None, absent=False)
    if field.kind != "reference" or value is None:
        return value
    found = known_records(field, [value]).get(value)
    if found is None:
        raise Unreadable(_("“%(raw)s” is not known here.", raw=str(value)[:80]))
    return found


def bind_form(form: type, data: Mapping[str, Any]) -> Bound:
    """Understand the data of an action's form."""
    fields = dict(form.__fields__)  # type: ignore[attr-defined]
    bound = _bind(fields, data, False, None)
    _link(fields.values(), [bound])
    return bound


def _bind(fields: Mapping[str, Field], row: Mapping[str, Any], partial: bool, record: Any) -> Bound:
    bound = Bound()
    for name in row:
        if name not in fields and name not in NOT_FIELDS:
            near = get_close_matches(str(name), list(fields), n=1)
            hint = _("Did you mean “%(near)s”?", near=near[0]) if near else _("Known fields: %(names)s.", names=", ".join(fields))
            bound.errors[str(name)[:60]] = [_("There is no such field here.") + " " + hint]
    for name, field in fields.items():
        if name not in row and partial:
            continue
        try:
            bound.values[field.attribute] = _parse(field, row.get(name), record, absent=name not in row)
        except Unreadable as error:
            bound.errors[name] = [str(error)]
    _money(fields.values(), bound, record)
    _leave_out(fields, bound, record)
    _ask_for(fields, bound, record)
    return bound


def _parse(field: Field, raw: Any, record: Any, *, absent: bool) -> Any:
    if field.widget == "currency":
        code = str(raw or "").strip().upper() or (record and field.value(record)) or current.organisation.currency
        if code not in list_currencies():
            raise Unreadable(_("“%(raw)s” is not a currency code of ISO 4217, such as EUR.", raw=str(raw)[:20]))
        return code
    if field.kind == "reference" and isinstance(raw, str) and raw.strip() and not _is_uuid(raw):
        return raw.strip()
    if absent and field.default is not None:
        return field.default
    if field.kind == "datetime" and record is not None and raw and (held := field.value(record)) and raw == typed_moment(held):
        return held  # a form knows no seconds, and not which of the two hours when clocks go back
    return field.parse(raw)


def _leave_out(fields: Mapping[str, Field], bound: Bound, record: Any) -> None:
    """What means nothing beside the other values is refused when it was sent, and emptied when it stood there before."""
    for field in fields.values():
        if field.shown_when is None or field.applies(lambda name: bound.values.get(name, getattr(record, name, None))):
            continue
        name, codes = field.shown_when
        if bound.values.get(field.attribute) is not None or field.name in bound.errors:
            driver = fields[name]
            meant = ", ".join(str(entry.label) for entry in driver.choices or () if entry.value in codes)
            bound.errors[field.name] = [_("This belongs to %(field)s: %(values)s. Leave it empty otherwise.",
                                          field=driver.label, values=meant)]
        elif record is None or field.value(record) is not None:
            bound.values[field.attribute] = None


def _ask_for(fields: Mapping[str, Field], bound: Bound, record: Any) -> None:
    """What is needed beside the other values may not be empty."""
    for field in fields.values():
        if not field.needed_when or not field.needed(lambda name: bound.values.get(name, getattr(record, name, None))):
            continue
        if bound.values.get(field.attribute, getattr(record, field.attribute, None)) is None:
            bound.errors.setdefault(field.name, [_("This is needed.")])


def _is_uuid(raw: str) -> bool:
    try:
        UUID(raw)
    except ValueError:
        return False
    return True


def _money(fields: Iterable[Field], bound: Bound, record: Any) -> None:
    """Amounts in minor units of their currency; one that is not sent stays the same amount when its currency becomes another."""
    for field in fields:
        if field.kind != "money":
            continue
        code = bound.values.get(field.currency) or getattr(record, field.currency, None) or current.organisation.currency
        amount = bound.values.get(field.attribute)
        if field.attribute not in bound.values and record is not None and (held := field.value(record)) is not None:
            amount = major_units(held, field.currency_of(record)) if code != field.currency_of(record) else None
        if amount is None:
            continue
        try:
            bound.values[field.attribute] = minor_units(amount, code)
        except Unreadable as error:
            bound.errors[field.name] = [str(error)]


def _link(fields: Iterable[Field], bound: Sequence[Bound], records: Sequence[Any] | None = None) -> None:
    """Check that every linked record exists here and may be seen; references such as SUP-2026-00001 become ids.

    A group that was put away is chosen no more, and stays where it stands.
    """
    for field in fields:
        if field.kind not in ("reference", "file"):
            continue
        asked = {b.values[field.attribute] for b in bound if b.values.get(field.attribute) is not None}
        if not asked:
            continue
        known = known_records(field, asked)
        gone = _put_away(known.values()) if field.groups else ()
        for place, each in enumerate(bound):
            value = each.values.get(field.attribute)
            if value is None:
                continue
            found = known.get(value)
            if found in gone and not (records and getattr(records[place], field.attribute, None) == found):
                found = None
            if found is not None:
                each.values[field.attribute] = found
            else:
                each.errors[field.name] = [_("“%(raw)s” is not known here.", raw=str(value)[:80])]


def _put_away(ids: Iterable[UUID]) -> set[UUID]:
    return set(session().scalars(select(Group.id).where(Group.id.in_(list(ids)), Group.archived_at.is_not(None))))


def known_records(field: Field, asked: Iterable[UUID | str]) -> dict[UUID | str, UUID]:
    """Ids by what was asked for (id or reference), of the records that exist in this organisation and may be chosen."""
    asked = set(asked)
    if field.kind == "file":
        found = session().scalars(select(StoredFile).where(StoredFile.id.in_([a for a in asked if isinstance(a, UUID)])))
        return {file.id: file.id for file in found if readable(file)}
    known: dict[UUID | str, UUID] = {}
    for resource in registry.meant_by(field):
        for record_id, code in session().execute(_those_asked(resource, asked)):
            known[record_id] = record_id
            known[code] = record_id
    return known


def _those_asked(resource: Resource, asked: Iterable[UUID | str]) -> Select[Any]:
    model: Any = resource.model
    ids, texts = [a for a in asked if isinstance(a, UUID)], [a for a in asked if isinstance(a, str)]
    query = select(model.id, model.reference).where(model.organisation_id == current.organisation.id,
                                                    (model.id.in_(ids)) | (model.reference.in_(texts)))
    return query if current.user.is_system else query.where(access.choosable(resource, current.user))


def _too_few(lines: Lines) -> str:
    return str(ngettext("At least %(num)d line is needed.", "At least %(num)d lines are needed.", lines.minimum))


def _bind_lines(lines: Lines, row: Mapping[str, Any], bound: Bound, partial: bool) -> None:
    raw = row.get("lines")
    if raw is None:
        if not partial and lines.minimum:
            bound.errors["lines"] = [_too_few(lines)]
        return
    if not isinstance(raw, list) or not all(isinstance(line, Mapping) for line in raw):
        bound.errors["lines"] = [_("A JSON object is needed.")]
        return
    fields = {name: field for name, field in fields_of(lines.model).items() if name in lines.fields}
    kept = [line for line in raw if any(str(v or "").strip() for k, v in line.items() if k in fields)]
    if len(kept) < lines.minimum:
        bound.errors["lines"] = [_too_few(lines)]
    if len(kept) > lines.maximum:
        bound.errors["lines"] = [ngettext("At most %(num)d line is possible.", "At most %(num)d lines are possible.", lines.maximum)]
        return
    owner = _LineOwner(bound.values)
    understood = [_bind(fields, {k: v for k, v in line.items() if k in fields}, False, owner) for line in kept]
    _link(fields.values(), understood)
    for number, each in enumerate(understood, start=1):
        for name, said in each.errors.items():
            bound.errors[f"lines.{number}.{name}"] = said
    bound.lines = [each.values for each in understood]


class _LineOwner:
    """Lets a line's money find the currency of the record that the line belongs to."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        return self._values.get(name)


Binder = Callable[[Resource, Sequence[Mapping[str, Any]]], list[Bound]]
