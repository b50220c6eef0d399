"""The stages of the door, each for many records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from app.core import access, approvals, search
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, NotFound, Refusal
from app.kernel.events import RecordEvent, handlers_of, publish
from app.kernel.fields import fields_of
from app.kernel.manifest import Action, Lines, Resource
from app.kernel.records import refresh_keys
from app.resources.binding import Bound

EVENT_SIZE = 500


def load(resource: Resource, targets: Sequence[Any], *, each: bool = False) -> list[Any]:
    """The records meant by ids, references or records, locked, in the order asked; what may not be seen is not found."""
    model: Any = resource.model
    wanted = [getattr(t, "id", t) for t in targets]
    ids = [w for w in wanted if isinstance(w, UUID)]
    codes = [w for w in wanted if not isinstance(w, UUID)]
    query = select(model).where(model.organisation_id == current.organisation.id, model.id.in_(ids) | model.reference.in_(codes))
    if not current.user.is_system:
        query = query.where(access.visible(resource, current.user))
    found: dict[Any, Any] = {}
    for record in session().scalars(query.order_by(model.id).with_for_update().execution_options(populate_existing=True)):
        found[record.id] = found[record.reference] = record
    missing = NotFound(_("%(what)s was not found.", what=resource.label))
    if not each and any(w not in found for w in wanted):
        raise missing
    return [found.get(w, missing) for w in wanted]


def without_repeats(records: Sequence[Any]) -> list[Any]:
    """Each record once, however often it was named (by its id and by its reference, say); refusals stay as they are."""
    seen: set[UUID] = set()
    return [r for r in records if isinstance(r, Refusal) or not (r.id in seen or seen.add(r.id))]  # type: ignore[func-returns-value]


def changeable(resource: Resource, record: Any, row: Mapping[str, Any]) -> None:
    """Refuse a change to what is locked, or was changed by somebody else since the form was shown."""
    version = row.get("version")
    if version not in (None, "") and str(version) != str(record.version):
        raise Conflict(
            _("%(reference)s was changed since you opened it. Look at the new state, then save again.", reference=record.reference),
            version=record.version,
        )
    answer = resource.lock(record) if resource.lock else True
    if answer is not True:
        raise Conflict(answer or _("%(reference)s can no longer be changed.", reference=record.reference))


def require_live(record: Any) -> None:
    """Refuse to go on with what was put away."""
    if record.is_archived:
        raise Conflict(_("%(reference)s is archived; restore it first.", reference=record.reference))


def require_open(resource: Resource, record: Any) -> None:
    """Refuse to change what hangs on a record that can no longer be changed itself."""
    changeable(resource, record, {})
    if record.is_archived or approvals.locked(resource, record):
        raise Conflict(_("%(reference)s can no longer be changed.", reference=record.reference))


def apply(resource: Resource, record: Any, bound: Bound) -> None:
    """Write the understood values on the record, its lines too, and complete it."""
    changed = {a: v for a, v in bound.values.items() if getattr(record, a) != v}
    approvals.check_unlocked(resource, record, changed, lines=bound.lines)
    for attribute, value in changed.items():
        setattr(record, attribute, value)
    if bound.lines is not None and resource.lines:
        replace_lines(resource.lines, record, bound.lines)
    complete(resource, record)


def complete(resource: Resource, record: Any) -> None:
    """What the module derives (totals, defaults), then the folded keys."""
    if resource.before_save:
        resource.before_save(record)
    refresh_keys(record)


def lines_of(lines: Lines, record: Any) -> list[Any]:
    """The lines of a record in their order."""
    model: Any = lines.model
    return list(
        session().scalars(
            select(model)
            .where(model.organisation_id == record.organisation_id, getattr(model, f"{lines.parent}_id") == record.id)
            .order_by(getattr(model, "position", model.id))
        )
    )


def replace_lines(lines: Lines, record: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make the lines what the form says, touching only those that differ."""
    present = lines_of(lines, record)
    if not hasattr(lines.model, "position"):
        present = _same_first(present, rows)
    for position, values in enumerate(rows):
        line = present[position] if position < len(present) else None
        if line is not None:
            for attribute, value in values.items():
                if getattr(line, attribute) != value:
                    setattr(line, attribute, value)
        else:
            place = {"position": position} if hasattr(lines.model, "position") else {}
            session().add(lines.model(**values, **place, **{f"{lines.parent}_id": record.id}))
    for extra in present[len(rows) :]:
        session().delete(extra)
    session().flush()


def _same_first(present: Sequence[Any], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Lines without an order, beside the rows that they hold already; the others fill the gaps. So no two ever hold the same meanwhile."""
    names = tuple(rows[0]) if rows else ()
    left: dict[Any, list[Any]] = defaultdict(list)
    for line in present:
        left[tuple(getattr(line, name) for name in names)].append(line)
    held = [same.pop(0) if (same := left.get(tuple(values[name] for name in names))) else None for values in rows]
    spare = [line for lines in left.values() for line in lines]
    filled = [line or (spare.pop(0) if spare else None) for line in held]
    return [*filled, *spare]


def put_away(record: Any, *, archived: bool) -> None:
    """Archive or restore."""
    if archived == record.is_archived:
        raise Conflict(
            _("%(reference)s is archived already.", reference=record.reference)
            if archived
            else _("%(reference)s is not archived.", reference=record.reference)
        )
    record.archived_at = clock.now() if archived else None


def allowed(resource: Resource, action: Action, record: Any, approved: UUID | None) -> None:
    """Refuse what the actor may not do, or what the record's state does not allow."""
    access.require(current.user, resource.permission(action.name), record)
    if approved is not None:
        approvals.check_granted(approved, resource, action, record)
    require_live(record)
    answer = action.when(record) if action.when else True
    if answer is not True:
        raise Conflict(answer or _("This cannot be done in the present state of %(reference)s.", reference=record.reference))


def require_within(resource: Resource, verb: str, records: Sequence[Any]) -> None:
    """Refuse what was made, or made of a record, beyond the conditions under which the actor may."""
    permission = resource.permission(verb)
    if access.guards_of(permission) or all(grant.rule or grant.site for grant in current.user.grants_of(permission)):
        for record in records:
            access.require(current.user, permission, record)


def park(resource: Resource, action: Action, records: Sequence[Any], data: Mapping[str, Any]) -> dict[UUID, UUID]:
    """Ask for approval where it is needed; gives the request's id by the record's id."""
    if not records:
        return {}
    session().flush()
    raised = approvals.intercept(resource, action, records, dict(data), actor=current.user, channel=current.channel)
    return {record_id: request.id for record_id, request in raised.items() if request is not None}


def settle(resource: Resource, records: Sequence[Any], fact: str) -> None:
    """Flush (which writes the audit rows), void approvals of what changed, bring search up to date, say what happened."""
    if not records:
        return
    flush(resource)
    approvals.recheck(resource, records)
    if resource.search:
        search.index(resource, records)
    announce(resource, records, fact)


def announce_parked(resource: Resource, records: Sequence[Any]) -> None:
    """Say that records now wait for somebody."""
    announce(resource, records, "parked")


def announce(resource: Resource, records: Sequence[Any], fact: str) -> None:
    """Publish `hse.incident.closed` with the ids, in portions."""
    name = resource.permission(fact)
    if waiting := handlers_of(name):
        ids = tuple(r.id for r in records)
        for start in range(0, len(ids), EVENT_SIZE):
            publish(RecordEvent(name, ids[start : start + EVENT_SIZE]), waiting)


def flush(resource: Resource) -> None:
    """Send what is pending to the database; a row that somebody else changed in between, or a key that is taken, is a conflict."""
    try:
        session().flush()
    except StaleDataError:
        raise Conflict(_("Somebody else changed this at the same moment. Look at the new state, then try again.")) from None
    except IntegrityError as error:
        raise taken(resource, error) from None


def taken(resource: Resource, error: IntegrityError) -> Conflict:
    """What to say when a key exists already; it names the field."""
    detail = str((getattr(error.orig, "diag", None) and error.orig.diag.constraint_name) or "")  # type: ignore[union-attr]
    label = next((str(f.label) for f in fields_of(resource.model).values() if f.attribute in detail), str(_("key")))
    return Conflict(_("A record with the same %(key)s exists already.", key=label))


__all__ = [
    "Refusal",
    "allowed",
    "announce",
    "announce_parked",
    "apply",
    "changeable",
    "complete",
    "flush",
    "lines_of",
    "load",
    "park",
    "put_away",
    "replace_lines",
    "require_live",
    "require_open",
    "settle",
    "taken",
]
