"""Creating records through the door, one or twenty thousand: understood, completed, numbered, written, audited, indexed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.core import access, audit
from app.kernel.bulk import MANY, copy_records, record_rows
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import Outcome
from app.kernel.errors import Invalid
from app.kernel.fields import fields_of
from app.kernel.kinds import fold
from app.kernel.manifest import Action, Resource
from app.kernel.records import new_id, uniqueness
from app.kernel.references import assign
from app.resources import stages
from app.resources.binding import Bound, bind_many

Then = Callable[[Action, Sequence[Any]], list[Outcome]]


def create(resource: Resource, rows: Sequence[Mapping[str, Any]], *, each: bool, then: Then) -> list[Outcome]:
    """Make a record of each row. Actions declared `on_create` follow at once, except inside an import, which lets them go together."""
    access.require(current.user, resource.permission("create"))
    bound = bind_many(resource, rows)
    _refuse_taken(resource, bound)
    if not each:
        for one in bound:
            one.check()
    outcomes: list[Outcome | None] = [Outcome("refused", error=Invalid(b.errors)) if b.errors else None for b in bound]
    good = [(place, one) for place, one in enumerate(bound) if not one.errors]
    records = [_make(resource, one) for _place, one in good]
    _write(resource, records, [one for _place, one in good])
    stages.require_within(resource, "create", records)
    made = {place: Outcome("done", record=record) for (place, _one), record in zip(good, records, strict=True)}
    stages.settle(resource, records, "created")
    for action in resource.actions:
        if action.on_create and current.channel != "import" and records:
            present = stages.load(resource, [r.id for r in records]) if len(records) > MANY else records
            made = dict(zip(made, then(action, present), strict=True))
    return [outcome or made[place] for place, outcome in enumerate(outcomes)]


def _make(resource: Resource, bound: Bound) -> Any:
    record = resource.model(**bound.values)
    record.id, record.organisation_id = new_id(), current.organisation.id
    return record


def _write(resource: Resource, records: Sequence[Any], bound: Sequence[Bound]) -> None:
    if not records:
        return
    assign(records)
    record_rows(records)
    many = len(records) > MANY and resource.lines is None
    if many:
        for record in records:
            stages.complete(resource, record)
    try:
        if many:
            copy_records(records)
            audit.record_created(records)
        else:
            _write_few(resource, records, bound)
    except IntegrityError as error:
        raise stages.taken(resource, error) from None


def _write_few(resource: Resource, records: Sequence[Any], bound: Sequence[Bound]) -> None:
    with audit.making():
        session().add_all(records)
        for record, one in zip(records, bound, strict=True):
            if resource.lines and one.lines:
                session().flush()
                stages.replace_lines(resource.lines, record, one.lines)
            stages.complete(resource, record)
        session().flush()


def _refuse_taken(resource: Resource, bound: Sequence[Bound]) -> None:
    """A key that exists already, or stands twice in the same call, is an error of its field; compared as its unique index does."""
    if not resource.import_key or resource.import_key == "reference":
        return
    field = fields_of(resource.model)[resource.import_key]
    model: Any = resource.model
    attribute, lets_go = uniqueness(model, field)
    values = [b.values.get(field.attribute) for b in bound]
    asked = [fold(v) if v is not None and attribute != field.attribute else v for v in values]
    column = getattr(model, attribute)
    query = select(column).where(model.organisation_id == current.organisation.id, column.in_([a for a in asked if a is not None]))
    taken = set(session().scalars(query.where(model.archived_at.is_(None)) if lets_go else query))
    for one, value, key in zip(bound, values, asked, strict=True):
        if value is not None and key in taken:
            one.errors.setdefault(field.name, []).append(_("“%(value)s” exists already.", value=str(value)[:80]))
        taken.add(key)
