"""What holds for roles: the system's own stay as they are, keys are plain, and nobody grants more than they have."""

from __future__ import annotations

import re

from flask_babel import gettext as _
from sqlalchemy import inspect, select

from app.core.access.models import Role, RoleGrant
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.kinds import fold

PATTERN = re.compile(r"(\*|[a-z][a-z0-9_]*)(\.(\*|[a-z][a-z0-9_]*)){2}")
ORDER = ("own", "site", "department", "company", "all")


def lock(role: Role) -> bool | str:
    """Why a role cannot be changed, if it cannot."""
    return _("This role comes with the product and stays as it is. Make one of your own beside it.") if role.system else True


def before_save(role: Role) -> None:
    """Give the role a key, once."""
    if not role.key:
        role.key = re.sub(r"[^a-z0-9]+", "_", fold(role.label)).strip("_")[:60]
    if not re.fullmatch(r"[a-z][a-z0-9_]*", role.key or ""):
        raise Invalid({"key": [_("A key has small letters, digits and _ and begins with a letter.")]})
    with session().no_autoflush:
        twin = session().scalar(select(Role.id).where(Role.key == role.key))
    if twin is not None and twin != role.id:
        raise Invalid({"key": [_("This key is taken.")]})


def check_grant(grant: RoleGrant) -> None:
    """Refuse a pattern that means nothing, and one that gives more than the person who writes it has."""
    if not PATTERN.fullmatch(grant.pattern or ""):
        raise Invalid({"pattern": [_("Write a permission as module.resource.action; * stands for any of them.")]})
    user = current.context.user
    if user and not user.is_system and not _holds(user, grant):
        raise Invalid({"pattern": [_("You cannot give more than you have: %(permission)s.", permission=grant.pattern)]})


def _holds(user: Actor, grant: RoleGrant) -> bool:
    wanted, scope = grant.pattern.split("."), ORDER.index(str(grant.scope or "company"))
    return any(ORDER.index(held.scope) >= scope and all(have in ("*", want) for have, want in zip(held.pattern.split("."), wanted, strict=True))
               for held in user.grants)


def changed(grant: RoleGrant) -> bool:
    """Whether what the grant gives is new."""
    return any(inspect(grant).attrs[name].history.has_changes() for name in ("pattern", "scope"))  # type: ignore[union-attr]
