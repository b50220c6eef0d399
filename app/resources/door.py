"""`perform()`: the only way in which a record changes. Each stage works on many records; one record is a list of one.

load within visibility (404) → permission (403) → state (409) → form (422) → approval (parked) → service → flush, which writes the
audit row → search row → event. Committing is the edge's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.core import access, approvals, audit
from app.kernel import idempotency
from app.kernel.current import Actor, acting, current
from app.kernel.db import session
from app.kernel.door import Data, Outcome
from app.kernel.errors import Conflict, NotFound, Refusal, Unavailable
from app.kernel.manifest import Action, Resource
from app.kernel.registry import known, registry
from app.resources import stages, tagging
from app.resources.binding import bind_form, bind_many
from app.resources.creating import create
from app.resources.removing import remove


def perform(
    resource: Resource | str,
    action: str,
    targets: Sequence[Any] = (),
    data: Data | Sequence[Data] | None = None,
    *,
    actor: Actor | None = None,
    channel: str | None = None,
    key: str = "",
    each: bool = False,
    approved: UUID | None = None,
) -> list[Outcome]:
    """See `app.kernel.door.perform`, whose slot this fills."""
    resource = registry.resource(resource) if isinstance(resource, str) else resource
    if current.organisation.is_closing and not current.user.is_system:
        raise Conflict(_("This organisation is closed and waits to be deleted. Nothing in it changes any more."))
    with ExitStack() as stack:
        if actor is not None or channel is not None:
            stack.enter_context(acting(current.organisation, actor or current.user, channel=channel))
        by = {audit.APPROVED_BY: [str(each) for each in approvals.given_by(approved)]} if approved else {}
        stack.enter_context(audit.doing(resource.permission(action), **by))
        if key:
            key = idempotency.scoped(key, resource.permission(action), *(getattr(t, "id", t) for t in targets))
            first, earlier = idempotency.claim(key)
            if not first:
                return _repeated(resource, earlier)
        outcomes = _dispatch(resource, action, targets, data, each, approved)
        if key:
            idempotency.answer(key, [_kept(outcome) for outcome in outcomes])
        return outcomes


def _dispatch(resource: Resource, action: str, targets: Sequence[Any], data: Any, each: bool, approved: UUID | None) -> list[Outcome]:
    if action == "create":
        rows = [data] if isinstance(data, Mapping) else list(data or [])
        return create(resource, rows, each=each, then=lambda step, records: _declared(resource, step, records, {}, each, None))
    records = stages.load(resource, targets, each=each)
    if data is None or isinstance(data, Mapping):
        records = stages.without_repeats(records)
    if action in ("edit", "archive", "restore"):
        return _built_in(resource, action, records, data, each)
    if action == "delete":
        return remove(resource, records)
    if action == tagging.VERB and action in tagging.built_in(resource):
        return _tagged(resource, records, data or {}, each)
    known(action, [a.name for a in resource.actions], f"{resource.key}: action")
    declared = next(a for a in resource.actions if a.name == action)
    return _declared(resource, declared, records, data or {}, each, approved)


def _built_in(resource: Resource, action: str, records: Sequence[Any], data: Any, each: bool) -> list[Outcome]:
    verb = "archive" if action == "restore" else action
    rows = [data or {}] * len(records) if data is None or isinstance(data, Mapping) else list(data)
    bound = _understood(resource, rows, records) if action == "edit" else [None] * len(records)
    outcomes = []
    for record, row, values in zip(records, rows, bound, strict=True):
        outcomes.append(_attempt(resource, record, each, partial(_change, resource, action, verb, record, row, values)))
    stages.settle(resource, [o.record for o in outcomes if o.state == "done"], {"edit": "edited"}.get(action, f"{action}d"))
    return outcomes


def _tagged(resource: Resource, records: Sequence[Any], data: Any, each: bool) -> list[Outcome]:
    outcomes = [_attempt(resource, record, each, partial(tagging.retag, resource, record, data)) for record in records]
    stages.settle(resource, [o.record for o in outcomes if o.state == "done"], "tagged")
    return outcomes


def _understood(resource: Resource, rows: Sequence[Mapping[str, Any]], records: Sequence[Any]) -> list[Any]:
    """What is to be changed of each record; nothing where there is a refusal in its place."""
    there = [(row, record) for row, record in zip(rows, records, strict=True) if not isinstance(record, Refusal)]
    bound = iter(bind_many(resource, [row for row, _record in there], partial=True, records=[record for _row, record in there]))
    return [None if isinstance(record, Refusal) else next(bound) for record in records]


def _change(resource: Resource, action: str, verb: str, record: Any, row: Mapping[str, Any], bound: Any) -> None:
    if isinstance(record, Refusal):
        raise record
    access.require(current.user, resource.permission(verb), record)
    stages.changeable(resource, record, row)
    if action == "edit":
        stages.require_live(record)
        stages.apply(resource, record, bound.check())
        stages.require_within(resource, "edit", [record])
    else:
        stages.put_away(record, archived=action == "archive")


def _declared(resource: Resource, action: Action, records: Sequence[Any], data: Any, each: bool, approved: UUID | None) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    ready: list[Any] = []
    for place, record in enumerate(records):
        outcome = _attempt(resource, record, each, partial(stages.allowed, resource, action, record, approved), writes=False)
        if outcome.state == "refused":
            outcomes[place] = outcome
        else:
            ready.append((place, record))
    values = bind_form(action.form, data).check().values if action.form else {}
    parked = {} if approved or not action.approval else stages.park(resource, action, [r for _p, r in ready], data)
    going = []
    for place, record in ready:
        if record.id in parked:
            outcomes[place] = Outcome("parked", record=record, approval_id=parked[record.id])
        else:
            going.append((place, record))
    outcomes.update(_serve(resource, action, going, values, each))
    stages.settle(resource, [o.record for o in outcomes.values() if o.state == "done"], action.done or f"{action.name}d")
    if parked:
        stages.announce_parked(resource, [o.record for o in outcomes.values() if o.state == "parked"])
    return [outcomes[place] for place in range(len(records))]


def _serve(resource: Resource, action: Action, going: Sequence[tuple[int, Any]], values: Mapping[str, Any],
           each: bool) -> dict[int, Outcome]:
    if not going:
        return {}
    if action.many:
        result = action.service([record for _p, record in going], **values)
        return {place: Outcome("done", record=record, result=result) for place, record in going}
    return {place: _attempt(resource, record, each, partial(action.service, record, **values)) for place, record in going}


def _attempt(resource: Resource, record: Any, each: bool, work: Callable[[], Any], *, writes: bool = True) -> Outcome:
    """Do one record's part; with `each` a refusal undoes just that part (when it writes anything) and becomes its outcome."""
    if isinstance(record, Refusal):
        if each:
            return Outcome("refused", error=record)
        raise record
    if not each:
        return Outcome("done", record=record, result=work())
    try:
        with session().begin_nested() if writes else nullcontext():
            return Outcome("done", record=record, result=work())
    except Unavailable:
        raise  # a part that all records need is away: nothing of the call may be kept
    except Refusal as error:
        return Outcome("refused", record=record, error=error)
    except IntegrityError as error:
        return Outcome("refused", record=record, error=stages.taken(resource, error))


def _kept(outcome: Outcome) -> dict[str, str]:
    """An outcome as it is kept for a repeat of the call."""
    return {"state": outcome.state, "id": str(outcome.record_id or ""), "approval": str(outcome.approval_id or ""),
            "error": str(outcome.error or "")}


def _repeated(resource: Resource, earlier: Any) -> list[Outcome]:
    """The outcomes of the first call with this key."""
    if earlier is None:
        raise NotFound(_("The first call with this key did not finish; send it again with a new key."))
    model: Any = resource.model
    found = []
    for said in earlier:
        record = session().get(model, (current.organisation.id, UUID(said["id"]))) if said["id"] else None
        approval_id = UUID(said["approval"]) if said["approval"] else None
        found.append(Outcome(said["state"], record, approval_id, Conflict(said["error"]) if said["error"] else None))
    return found
