"""What holds for roles: the system's own stay as they are, keys are plain, and nobody grants more than they have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import inspect, select

from app.core import audit
from app.core.access.models import MemberGrant, Role, RoleGrant, plain_key
from app.kernel.current import Actor, Grant, current, matches
from app.kernel.db import session
from app.kernel.errors import Invalid

PATTERN = re.compile(r"(\*|[a-z][a-z0-9_]*)(\.(\*|[a-z][a-z0-9_]*)){2}")
ORDER = ("own", "site", "department", "company", "all")


def lock(role: Role) -> bool | str:
    """Why a role cannot be changed, if it cannot."""
    return _("This role comes with the product and stays as it is. Make one of your own beside it.") if role.system else True


def before_save(role: Role) -> None:
    """Give the role a key, once."""
    if not role.key:
        role.key = plain_key(role.label)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", role.key or ""):
        raise Invalid({"key": [_("A key has small letters, digits and _ and begins with a letter.")]})
    with session().no_autoflush:
        twin = session().scalar(select(Role.id).where(Role.key == role.key))
    if twin is not None and twin != role.id:
        raise Invalid({"key": [_("This key is taken.")]})
    check_parent(role)


def check_single(grant: MemberGrant) -> None:
    """A permission for one member ends after it begins."""
    if grant.starts_at and grant.ends_at and grant.ends_at <= grant.starts_at:
        raise Invalid({"ends_at": [_("The end lies before the beginning.")]})


def check_pattern(pattern: str) -> str:
    """The pattern; `Invalid` when it means nothing."""
    if not PATTERN.fullmatch(pattern or ""):
        raise Invalid({"pattern": [_("Write a permission as module.resource.action; * stands for any of them.")]})
    return pattern


def check_grant(pattern: str, scope: str, rule: str = "") -> None:
    """Refuse what gives more than the person who writes it has, and keep the attempt in the trail."""
    user = current.context.user
    if user and not user.is_system and not _holds(user, Grant(pattern, scope, rule=rule)):
        _note_refused(pattern)
        raise Invalid({"pattern": [more_than_held(pattern)]})


def check_parent(role: Role) -> None:
    """Refuse a circle of roles, and a parent that gives more than the person who names it has."""
    above, seen = role.parent_id, {role.id}
    with session().no_autoflush:
        while above is not None:
            if above in seen:
                raise Invalid({"parent": [_("A role cannot inherit from itself or from one that inherits from it.")]})
            seen.add(above)
            above = session().scalar(select(Role.parent_id).where(Role.id == above))
    if role.parent_id and inspect(role).attrs.parent_id.history.added:
        check_inherited(role.parent_id)


def check_inherited(parent_id: UUID) -> None:
    """Refuse a parent that gives more than the person who names it has, and keep the attempt in the trail."""
    user = current.context.user
    if user and not user.is_system and (pattern := lacking(user, given_by(parent_id))):
        _note_refused(pattern)
        raise Invalid({"parent": [more_than_held(pattern)]})


def given_by(role_id: UUID | None) -> list[Grant]:
    """What a role gives, with all that it inherits."""
    found: list[Grant] = []
    seen: set[UUID] = set()
    with session().no_autoflush:
        while role_id is not None and role_id not in seen:
            seen.add(role_id)
            found += [Grant(row.pattern, str(row.scope), rule=row.rule or "") for row in session().execute(
                select(RoleGrant.pattern, RoleGrant.scope, RoleGrant.rule).where(RoleGrant.role_id == role_id))]
            role_id = session().scalar(select(Role.parent_id).where(Role.id == role_id))
    return found


def lacking(user: Actor, grants: Iterable[Grant]) -> str:
    """The first of these grants that goes beyond what somebody has; empty when none does."""
    return next((grant.pattern for grant in grants if not _holds(user, grant)), "")


def more_than_held(pattern: str) -> str:
    """Why a permission, or a role with it, cannot be given."""
    return _("You cannot give more than you have: %(permission)s.", permission=pattern)


def _holds(user: Actor, wanted: Grant) -> bool:
    """Whether one of somebody's grants covers another: as wide, under no further condition and at no fewer places."""
    return any(ORDER.index(held.scope) >= ORDER.index(wanted.scope) and held.rule in ("", wanted.rule) and held.site in (None, wanted.site)
               and matches(held.pattern, wanted.pattern) for held in user.grants)


def _note_refused(pattern: str) -> None:
    audit.note("access.grant.refuse", resource="access.role", result="refused", apart=True, context={"permission": pattern})


def role_page(role: Role | None) -> str:
    """Where a role is made or changed by hand: the sheet."""
    return url_for("access_overview.edit_page", key=role.key) if role else url_for("access_overview.new_page")
