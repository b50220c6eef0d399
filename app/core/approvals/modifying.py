"""Modify, then approve: whoever decides changes the record through the door, and what was there before stays beside it in the story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from flask_babel import gettext as _

from app.core.approvals import snapshots
from app.core.approvals.granting import granting
from app.core.approvals.models import ApprovalDecision, ApprovalRequest, Seat
from app.core.approvals.seats import seats_of
from app.kernel import door
from app.kernel.errors import Conflict, Invalid
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Action
from app.kernel.registry import registry


@dataclass(frozen=True)
class Change:
    """A field that may be changed while approving, as the form of the decision draws it."""

    name: str
    label: Any
    long: bool
    value: str


def offered(request: ApprovalRequest, record: Any) -> list[Change]:
    """What may be changed while approving, with what stands there now; nothing where the approval knows no changes."""
    action = _action(request)
    if action is None or record is None or (action.when and action.when(record) is not True):
        return []
    return [Change(name, field.label, field.kind == "long_text", str(field.to_json(record) or ""))
            for name, field in _fields(action, record)]


def is_offered(request: ApprovalRequest) -> bool:
    """Whether this kind of approval knows changes at all."""
    return _action(request) is not None


def modify(request: ApprovalRequest, record: Any, changes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Change the record as whoever decides wants it, and ask about these bytes from now on. Gives what the story keeps of it.

    Raises `Conflict` where others approved it as it was, `Forbidden` for whoever may not change it, `Invalid`.
    """
    if changes is None:
        return {}
    action = _action(request)
    if action is None:
        raise Invalid({"": [_("This is approved as it is, or returned.")]})
    if seats_of(request, Seat.APPROVED):
        raise Conflict(_("Others approved %(reference)s as it was. Return it for changes instead.", reference=request.record_reference))
    before = {name: field.to_json(record) for name, field in _fields(action, record)}
    return {**_write(request, record, action, {**before, **changes}), "modified": before}


def take_back(request: ApprovalRequest, record: Any, last: ApprovalDecision) -> None:
    """Undo an approval with changes: the record is as it was shown."""
    action = _action(request)
    if last.data.get("modified") and action is not None:
        _write(request, record, action, last.data["modified"])


def _write(request: ApprovalRequest, record: Any, action: Action, data: Mapping[str, Any]) -> dict[str, Any]:
    resource = registry.resource(request.resource)
    shown = request.snapshot
    with granting(request.id):
        door.perform(resource, action.name, [record.id], data)
    now = snapshots.take(resource, [record])[0]
    changes = [asdict(change) for change in snapshots.differences(resource, shown, now.text)]
    told = {"changes": changes, "before": request.snapshot_hash, "after": now.hash} if changes else {}
    request.snapshot, request.snapshot_hash = now.text, now.hash
    return told


def _action(request: ApprovalRequest) -> Action | None:
    approval, resource = registry.approvals.get(request.approval), registry.resources.get(request.resource)
    return resource.action(approval.modify) if approval and approval.modify and resource else None


def _fields(action: Action, record: Any) -> list[tuple[str, Field]]:
    known = fields_of(type(record))
    return [(name, known[name]) for name in action.form.__fields__ if name in known]  # type: ignore[union-attr]
