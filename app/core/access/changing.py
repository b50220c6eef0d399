"""A change of a role: drafted, looked at, then carried out whole; or, where the organisation wants it so, once somebody else agrees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.core.access.conditions import understood
from app.core.access.decisions import require
from app.core.access.events import RoleGiven
from app.core.access.keeping import check_grant, check_inherited, given_by, lacking, more_than_held
from app.core.access.models import Change, Role, RoleChange, RoleGrant
from app.core.access.plans import Given, Plan
from app.kernel.current import SYSTEM_ID, Actor, Grant, current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Conflict
from app.kernel.events import publish
from app.kernel.references import assign

SETTING = "access.role_changes_need_approval"
ASSIGN = "people.member.edit"
_carrying: ContextVar[bool] = ContextVar("carrying", default=False)


def needs_approval(_change: Any = None) -> bool:
    """Whether another administrator has to agree to changes of roles here."""
    from app.core import settings  # settings stand on access

    return bool(settings.get(SETTING))


def is_open(change: RoleChange) -> bool | str:
    """Whether it was not carried out yet."""
    return True if change.state == Change.DRAFT else _("This change was applied already.")


def why_not_by(change: RoleChange, approver: Actor) -> str:
    """Why somebody cannot approve a change: it gives what they do not have."""
    pattern = lacking(approver, _wanted(Plan.read(change.plan), change.role_id))
    return more_than_held(pattern) if pattern else ""


def draft(role: Role | None, plan: Plan, summary: str) -> RoleChange:
    """Keep a change to be looked at. Nothing of it holds yet. Raises what carrying it out would raise."""
    change = RoleChange(label=plan.label, role_id=role.id if role else None, summary=summary, plan=plan.text)
    assign([change])
    session().add(change)
    session().flush()
    return change


def check(role: Role | None, plan: Plan) -> None:
    """Refuse, with the attempt in the trail, what gives more than one has, and any change of what a role of the product gives."""
    if role is not None and role.system and plan.changes_role(role):
        raise Conflict(_("This role comes with the product and stays as it is. Make one of your own beside it."))
    if plan.parent is not None and plan.parent_is_new:
        check_inherited(plan.parent)
    for each in plan.added:
        check_grant(each.pattern, each.scope, understood(each.condition, each.pattern) if each.condition else "")


def apply(change: RoleChange) -> RoleChange:
    """Carry the change out, unless the role has changed since it was drafted, or who asked has lost what it gives."""
    plan = Plan.read(change.plan)
    asked_by = current.user.on_behalf_of if current.user.is_system else None
    if asked_by is not None:
        _still_theirs(asked_by, plan, change.role_id)
    role = session().get(Role, (current.organisation.id, change.role_id)) if change.role_id else None
    change.role_id = carry_out(role, plan).id
    change.state = Change.APPLIED
    return change


def carry_out(role: Role | None, plan: Plan) -> Role:
    """Make the role what the plan says, and give and take it."""
    with _within():
        role = _headed(role, plan)
        _grants(role, plan)
        _members(role, plan)
        session().flush()
        return role


def _headed(role: Role | None, plan: Plan) -> Role:
    parent = str(plan.parent) if plan.parent else ""
    if role is None:
        made: Role = perform_one("access.role", "create", None, {
            "label": plan.label, "description": plan.description, "parent": parent}).record
        session().flush()
        return made
    said = plan.header(role)
    if said:
        perform_one("access.role", "edit", role.id, said)
    return role


def _grants(role: Role, plan: Plan) -> None:
    present = {Given(row.pattern, str(row.scope), row.condition or ""): row for row in session().scalars(
        select(RoleGrant).where(RoleGrant.role_id == role.id).with_for_update())}
    if set(present) != set(plan.was):
        raise Conflict(_("%(role)s was changed by somebody else meanwhile. Look at it and begin anew.", role=role.label))
    if plan.added or plan.withdrawn:
        require(current.user, "access.role.edit", role)
    for gone in plan.withdrawn:
        session().delete(present[gone])
    session().flush()
    for each in plan.added:
        session().add(RoleGrant(role_id=role.id, pattern=each.pattern, scope=each.scope, condition=each.condition or None))


def _members(role: Role, plan: Plan) -> None:
    from app.core.people import Member, MemberRole  # people stand on access

    place = current.organisation.id
    for given in plan.give:
        member = session().get(Member, (place, given.member_id))
        if member is None:
            raise Conflict(_("One of the people is no longer there."))
        require(current.user, ASSIGN, member)
        session().add(MemberRole(member_id=member.id, role_id=role.id, ends_at=given.until))
        publish(RoleGiven(member.id, role.id))
    for said in plan.until:
        row = session().get(MemberRole, (place, said.id))
        if row is None or row.role_id != role.id:
            raise Conflict(_("One of the people is no longer there."))
        require(current.user, ASSIGN, session().get(Member, (place, row.member_id)))
        if said.ends:
            session().delete(row)
        else:
            row.ends_at = said.until


def _wanted(plan: Plan, role_id: UUID | None) -> list[Grant]:
    """All that the plan gives to somebody who did not have it: whoever gets the role gets what it gave before, too."""
    new = [Grant(g.pattern, g.scope, rule=understood(g.condition, g.pattern) if g.condition else "") for g in plan.added]
    if plan.parent_is_new:
        new += given_by(plan.parent)
    if plan.give or any(not each.ends for each in plan.until):
        new += given_by(role_id)
    return new


def _still_theirs(asked_by: Any, plan: Plan, role_id: UUID | None) -> None:
    from app.core import people  # people stand on access

    who = people.load_actor(current.organisation, asked_by)
    if who is None:
        raise Conflict(_("This person is not active here."))
    if pattern := lacking(who, _wanted(plan, role_id)):
        raise Conflict(more_than_held(pattern))


@contextmanager
def _within() -> Iterator[None]:
    token = _carrying.set(True)
    try:
        yield
    finally:
        _carrying.reset(token)


def before_flush(work: Session, _context: Any, _instances: Any) -> None:
    """Where changes of roles need approval, no other door changes what a role gives."""
    user = current.context.user
    if _carrying.get() or user is None or user.id == SYSTEM_ID or not current.has_organisation:
        return
    touched = any(isinstance(each, RoleGrant) for each in (*work.new, *work.dirty, *work.deleted))
    moved = any(isinstance(each, Role) and any(inspect(each).attrs[name].history.has_changes() for name in ("parent_id", "archived_at"))
                for each in (*work.new, *work.dirty))
    if (touched or moved) and needs_approval():
        raise Conflict(_("Changes of roles need approval here: make this one on the page “Roles and permissions”."))
