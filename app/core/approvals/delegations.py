"""Giving and ending standing delegations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import or_, select

from app.core import access, audit, notifications
from app.core.approvals import handing, words
from app.core.approvals.approvers import Directory
from app.core.approvals.models import ApprovalDelegation
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.kernel.fields import fields_of
from app.kernel.kinds import Unreadable, minor_units
from app.kernel.manifest import Resource
from app.kernel.references import assign
from app.kernel.registry import registry

MANAGE = "approvals.delegation.manage"
TYPED = ("starts_on", "ends_on", "up_to", "condition", "reason")


def kinds() -> list[Resource]:
    """What can be delegated apart: the resources with an action that needs approval."""
    return [resource for resource in registry if any(action.approval for action in resource.actions)]


def give(typed: Mapping[str, str]) -> ApprovalDelegation:
    """Delegate one's decisions, or a member's if one manages delegations, by what a form says. Raises Invalid."""
    values = _understood(typed)
    given = ApprovalDelegation(**values)
    with audit.doing("approvals.approval_delegation.create"):
        assign([given])
        session().add(given)
        session().flush()
    name, other = _names(given)
    path = f"/{current.organisation.slug}/inbox/delegations/"
    notifications.notify(given.delegate_id, "approval", lambda: _("%(name)s delegates decisions to you, %(period)s", name=name,
                                                                  period=period(given)), path, record=given, text=given.reason or "")
    if given.member_id != current.user.id:
        notifications.notify(given.member_id, "approval", lambda: _("Your decisions are delegated to %(name)s, %(period)s", name=other,
                                                                    period=period(given)), path, record=given, text=given.reason or "")
    handing.hand_over(given.member_id)
    return given


def end(given: ApprovalDelegation) -> None:
    """End a delegation at once: what waits goes back to whoever delegated it. Raises Forbidden, Conflict."""
    if given.member_id != current.user.id:
        access.require(current.user, MANAGE)
    if is_over(given):
        raise Conflict(_("This delegation is over already."))
    with audit.doing("approvals.approval_delegation.end"):
        given.ended_at = clock.now()
        session().flush()
    name, _other = _names(given)
    notifications.notify(given.delegate_id, "approval", lambda: _("The delegation of %(name)s to you has ended", name=name),
                         f"/{current.organisation.slug}/inbox/delegations/", record=given)
    handing.give_back(given.id)


def end_those_to(member_id: UUID) -> None:
    """End the delegations to somebody who may come in no more; what they held goes back."""
    lasting = select(ApprovalDelegation).where(ApprovalDelegation.delegate_id == member_id, ApprovalDelegation.ended_at.is_(None),
                                               ApprovalDelegation.archived_at.is_(None))
    found: list[ApprovalDelegation] = list(session().scalars(lasting))
    for given in found:
        with audit.doing("approvals.approval_delegation.end"):
            given.ended_at = clock.now()
            session().flush()
        handing.give_back(given.id)


def find(reference: str) -> ApprovalDelegation:
    """A delegation that the reader gave, got or manages. Raises NotFound."""
    found = session().scalars(_mine(select(ApprovalDelegation)).where(ApprovalDelegation.reference == reference)).first()
    if found is None:
        raise NotFound
    return found


def listed(*, everybody: bool = False) -> list[ApprovalDelegation]:
    """Those that the reader gave or got, or those of everybody; the newest first. Raises Forbidden."""
    if everybody:
        access.require(current.user, MANAGE)
    query = select(ApprovalDelegation) if everybody else _own(select(ApprovalDelegation))
    return list(session().scalars(query.order_by(ApprovalDelegation.ends_on.desc(), ApprovalDelegation.id.desc()).limit(200)))


def is_over(given: ApprovalDelegation) -> bool:
    """Whether it has been ended, or its days have passed."""
    return given.ended_at is not None or given.ends_on < clock.today(current.organisation.timezone)


def period(given: ApprovalDelegation) -> str:
    """“1 Dec 2026 – 11 Dec 2026”."""
    fields = fields_of(ApprovalDelegation)
    return f"{fields['starts_on'].display(given)} – {fields['ends_on'].display(given)}"


def _understood(typed: Mapping[str, str]) -> dict[str, Any]:
    errors: dict[str, list[Any]] = {}
    values: dict[str, Any] = {}
    fields = fields_of(ApprovalDelegation)
    for name in TYPED:
        try:
            values[fields[name].attribute] = fields[name].parse(typed.get(name, ""))
        except Unreadable as error:
            errors[name] = [str(error)]
    values["currency"] = current.organisation.currency
    for name in ("member", "delegate"):
        values[f"{name}_id"] = _active(typed.get(name, ""), name, errors)
    values["resource"] = typed.get("resource") or None
    if values["resource"] not in (None, *(resource.key for resource in kinds())):
        errors["resource"] = [_("Choose one of the list.")]
    elif values["condition"]:
        values["rule"] = _rule(values["condition"], values["resource"], errors)
    values["further"] = typed.get("further") in ("1", "on", "true")
    if not errors:
        _sensible(values, errors)
    if errors:
        raise Invalid(errors)
    if values.get("up_to") is not None:
        values["up_to"] = minor_units(values["up_to"], values["currency"])
    return values


def _rule(condition: str, resource: str | None, errors: dict[str, list[Any]]) -> str | None:
    """What a condition on the records of a kind means."""
    if resource is None:
        errors["condition"] = [_("Choose first what it is for: a condition looks at the records of one kind.")]
        return None
    try:
        return access.understood(condition, f"{resource}.view")
    except Invalid as error:
        errors["condition"] = error.errors["condition"]
        return None


def _active(raw: str, name: str, errors: dict[str, list[Any]]) -> UUID | None:
    """A member who works here; for whose decisions they are, the reader when nobody is named."""
    if name == "member" and not raw:
        return current.user.id
    try:
        found = UUID(raw)
    except ValueError:
        found = None
    if found not in Directory().members:
        errors[name] = [_("Choose a person.") if not raw else _("This person is not active here.")]
    return found


def _sensible(values: Mapping[str, Any], errors: dict[str, list[Any]]) -> None:
    if values["member_id"] != current.user.id and not access.can(current.user, MANAGE):
        raise Forbidden(access.can(current.user, MANAGE).reason)
    if values["delegate_id"] == values["member_id"]:
        errors["delegate"] = [_("Choose somebody else: nobody stands in for themselves.")]
    if values["ends_on"] < max(values["starts_on"], clock.today(current.organisation.timezone)):
        errors["ends_on"] = [_("The last day lies before the first, or has passed.")]
    if values["up_to"] is not None and values["up_to"] <= 0:
        errors["up_to"] = [_("Write an amount above zero.")]


def _names(given: ApprovalDelegation) -> tuple[str, str]:
    names = words.people([given.member_id, given.delegate_id])
    return names[given.member_id], names[given.delegate_id]


def _own(query: Any) -> Any:
    return query.where(or_(ApprovalDelegation.member_id == current.user.id, ApprovalDelegation.delegate_id == current.user.id))


def _mine(query: Any) -> Any:
    return query if access.can(current.user, MANAGE) else _own(query)
