"""The pages on which a role is made and changed: the sheet, the trial of a condition, and what will change before it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core.access import changing, holders, sheets, wording
from app.core.access.decisions import can, require
from app.core.access.impact import impact
from app.core.access.keeping import PATTERN
from app.core.access.models import Change, Role, RoleChange, Scope
from app.core.access.plans import Plan
from app.core.access.roles import role_labels, role_named
from app.core.access.trying import tried
from app.core.access.views import VIEW, screens
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Invalid, NotFound, Refusal
from app.kernel.kinds import fold
from app.kernel.screens import screen

EDIT, MAKE, APPLY = "access.role.edit", "access.role.create", "access.role_change.apply"


@dataclass
class Sheet:
    """A role as it stands on the page."""

    role: Role | None
    label: str
    description: str
    parent: str
    groups: list[sheets.Group]
    held: list[holders.Holder]
    more: list[holders.Holder]
    errors: list[tuple[str, str, str]]


@screens.get("/<org>/access/overview/roles/new")
def new_page() -> Response:
    """A new role; `?from=` begins with what another one gives, `?change=` with what was drafted."""
    require(current.user, MAKE)
    model = _role(request.args.get("from", "")) if request.args.get("from") else None
    grants = sheets.grants_of(model)
    parent = model.parent_id if model else None
    return _page(_sheet(None, label="", grants=grants, parent=parent))


@screens.post("/<org>/access/overview/roles/new")
def new() -> Response:
    """Look at what a new role would change."""
    require(current.user, MAKE)
    return _answered(None)


@screens.get("/<org>/access/overview/roles/<key>")
def edit_page(key: str) -> Response:
    """A role with all that it gives and who has it."""
    require(current.user, VIEW)
    return _page(_sheet(_role(key)))


@screens.post("/<org>/access/overview/roles/<key>")
def edit(key: str) -> Response:
    """Look at what was changed of a role."""
    require(current.user, EDIT)
    return _answered(_role(key))


@screens.get("/<org>/access/overview/condition")
def condition() -> Response:
    """Try a condition: what it means, where it is wrong, and whom it lets through."""
    require(current.user, VIEW)
    row, pattern = request.args.get("row", "")[:6], request.args.get("permission", "")[:120]
    text = request.args.get(f"only-{row}" if row else "condition", "")[:500]
    if not PATTERN.fullmatch(pattern):
        raise NotFound
    return screen("access/condition.html", block="said", trial=tried(text, pattern), row=row)


@screens.get("/<org>/access/overview/changes/<ref>")
def change(ref: str) -> Response:
    """What a change does, in words, before it is saved; afterwards what it did."""
    require(current.user, VIEW)
    return _change(_found(ref))


@screens.post("/<org>/access/overview/changes/<ref>")
def confirm(ref: str) -> Response:
    """Save the change; where the organisation wants it so, it waits for another administrator."""
    from app.core import auth  # signing in stands on access

    require(current.user, APPLY)
    found = _found(ref)
    auth.require_proof()
    try:
        outcome = perform_one("access.role_change", "apply", found.id)
    except Refusal as error:
        session().rollback()
        return _change(_found(ref), " ".join(_sentences(error)), error.status)
    if outcome.state == "parked":
        flash(_("The change waits until another administrator agrees."), "info")
        return redirect(url_for("access_overview.change", ref=ref), 303)
    flash(_("Saved. It holds from the next click of everybody concerned."), "good")
    return redirect(url_for("access_overview.edit_page", key=_key(found)), 303)


def _answered(role: Role | None) -> Response:
    """The sheet as typed: shown again when something is wrong or only looked for, else kept as a draft and shown as a difference."""
    drawn, plan = _typed(role, request.form)
    if "_find" in request.form or drawn.errors:
        return _page(drawn, 200 if "_find" in request.form else 422)
    if "_check" in request.form:
        return _page(drawn, checked=request.form["_check"])
    try:
        changing.check(role, plan)
        impact(role, plan)
    except Refusal as error:
        drawn.errors = [("", "", said) for said in _sentences(error)]
        return _page(drawn, 422 if isinstance(error, Invalid) else error.status)
    if not wording.sections(role, plan):
        drawn.errors = [("", "", _("Nothing was changed."))]
        return _page(drawn, 422)
    made = changing.draft(role, plan, wording.summary(role, plan))
    return redirect(url_for("access_overview.change", ref=made.reference), 303)


def _sentences(error: Refusal) -> list[str]:
    return [str(said) for sentences in error.errors.values() for said in sentences] if isinstance(error, Invalid) else [str(error)]


def _sheet(role: Role | None, *, label: str = "", grants: Sequence[Any] | None = None, parent: UUID | None = None) -> Sheet:
    """The sheet of a role as it is; or, on the way back from the difference, as it was drafted."""
    drafted = _drafted(role)
    if drafted is not None:
        return Sheet(role, drafted.label, drafted.description, str(drafted.parent or ""), sheets.sheet(drafted.grants, drafted.parent),
                     holders.present(role), holders.blanks(), [])
    parent = role.parent_id if role else parent
    return Sheet(role, str(role_labels().get(role.key, role.label)) if role else label, (role.description or "") if role else "",
                 str(parent or ""), sheets.sheet(sheets.grants_of(role) if grants is None else grants, parent), holders.present(role),
                 holders.blanks(), [])


def _drafted(role: Role | None) -> Plan | None:
    ref = request.args.get("change", "")
    found = session().scalar(select(RoleChange).where(RoleChange.reference == ref)) if ref else None
    return Plan.read(found.plan) if found is not None and found.role_id == (role.id if role else None) else None


def _typed(role: Role | None, form: Mapping[str, str]) -> tuple[Sheet, Plan]:
    """The sheet as it was typed, with what is wrong, and the plan that it means."""
    was = sheets.grants_of(role)
    fixed = role is not None and role.system
    label = role.label if role and fixed else form.get("label", "").strip()[:80]
    description = (role.description or "") if role and fixed else form.get("description", "").strip()[:500]
    wanted = form.get("parent", "")
    parent = role.parent_id if role and fixed else _parent(wanted)
    groups = sheets.sheet(was, parent) if fixed else sheets.filled(form, parent)
    old, until = holders.typed(holders.present(role), form)
    more, give = holders.added(form)
    grants = tuple(was) if fixed else tuple({row.given: None for row in sheets.rows_of(groups) if row.on})
    plan = Plan(label, description, parent, role.parent_id if role else None, grants, tuple(was), tuple(give), tuple(until))
    drawn = Sheet(role, label, description, str(parent or ""), groups, old, more, [])
    lost = wanted and parent is None and not fixed
    drawn.errors = [*([("field-label", _("Name"), _("This is needed."))] if not label else []),
                    *([("field-parent", _("Inherits from"), _("“%(raw)s” is not known here.", raw=wanted[:80]))] if lost else []),
                    *((f"only-{row.number}", row.pattern, said) for row in sheets.rows_of(groups) for said in row.errors),
                    *((f"holder-{each.id}", each.name or each.typed, said) for each in (*old, *more) for said in each.errors)]
    return drawn, plan


def _parent(raw: str) -> UUID | None:
    return session().scalar(select(Role.id).where(Role.key == raw, Role.archived_at.is_(None))) if raw else None


def _page(drawn: Sheet, status: int = 200, *, checked: str = "") -> Response:
    role = drawn.role
    parents = sorted(((each.key, str(role_labels().get(each.key, each.label))) for each in session().scalars(
        select(Role).where(Role.archived_at.is_(None))) if role is None or each.id != role.id), key=lambda pair: fold(pair[1]))
    parent = session().scalar(select(Role.key).where(Role.id == UUID(drawn.parent))) if drawn.parent else ""
    wanted = fold(request.form.get("q", ""))
    trial = next((tried(row.condition, row.pattern) for row in sheets.rows_of(drawn.groups) if str(row.number) == checked), None)
    here = url_for("access_overview.edit", key=role.key) if role else url_for("access_overview.new")
    may = can(current.user, EDIT, role) if role else can(current.user, MAKE)
    return screen("access/role.html", status=status, drawn=drawn, role=role, fixed=bool(role and role.system), action=here if may else "",
                  scopes=[(each.value, each.label) for each in Scope], parents=parents, parent=parent, q=request.form.get("q", ""),
                  wanted=wanted, fold=fold, checked=checked, trial=trial, main=holders.by_main_role(role),
                  list_url=url_for("access_overview.overview"), try_url=url_for("access_overview.condition"),
                  copy_url=url_for("access_overview.new_page", **{"from": role.key}) if role and can(current.user, MAKE) else "")


def _change(found: RoleChange, refused: str = "", status: int = 200) -> Response:
    plan = Plan.read(found.plan)
    role = session().get(Role, (current.organisation.id, found.role_id)) if found.role_id else None
    waiting = found.state == Change.DRAFT
    seen = None
    if waiting and not refused:
        try:
            seen = impact(role, plan)
        except Refusal as error:
            refused = " ".join(_sentences(error))
    key = role.key if role else ""
    back = url_for("access_overview.edit_page" if key else "access_overview.new_page", key=key or None, change=found.reference)
    return screen("access/change.html", status=status, change=found, waiting=waiting, refused=refused, impact=seen, key=key,
                  sections=wording.sections(role, plan) if waiting else [], back_url=back, list_url=url_for("access_overview.overview"),
                  needs_approval=changing.needs_approval(), request_url=_request(found) if waiting else "",
                  action=url_for("access_overview.confirm", ref=found.reference) if can(current.user, APPLY, found) else "")


def _request(found: RoleChange) -> str:
    """The page of the request for approval that waits, if one does."""
    from app.core.approvals.models import LIVE, ApprovalRequest  # approvals stand on access

    ref = session().scalar(select(ApprovalRequest.reference).where(
        ApprovalRequest.resource == "access.role_change", ApprovalRequest.record_id == found.id, ApprovalRequest.state.in_(LIVE)).limit(1))
    return f"/{current.organisation.slug}/inbox/{ref}/" if ref else ""


def _found(ref: str) -> RoleChange:
    found = session().scalar(select(RoleChange).where(RoleChange.reference == ref))
    if found is None:
        raise NotFound
    return found


def _role(key: str) -> Role:
    role = role_named(key[:60])
    if role.archived_at is not None:
        raise NotFound
    return role


def _key(found: RoleChange) -> str:
    return session().scalar(select(Role.key).where(Role.id == found.role_id)) or ""


for _view, _needed in ((new_page, MAKE), (new, MAKE), (edit_page, VIEW), (edit, EDIT), (condition, VIEW), (change, VIEW), (confirm, APPLY)):
    _view.needs = _needed  # type: ignore[attr-defined]
