"""What holds for roles: the system's own stay as they are, keys are plain, and nobody grants more than they have."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.access.models import CustomPermission, MemberGrant, Role, plain_key
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.errors import Invalid

PATTERN = re.compile(r"(\*|[a-z][a-z0-9_]*)(\.(\*|[a-z][a-z0-9_]*)){2}")
NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){2}")
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


def check_custom(permission: CustomPermission) -> None:
    """A permission of one's own has three plain words, and none that the product knows already."""
    if not NAME.fullmatch(permission.key or ""):
        raise Invalid({"key": [_("Write three words with points between them, such as users.manage.all.")]})


def check_single(grant: MemberGrant) -> None:
    """A permission for one member ends after it begins."""
    if grant.starts_at and grant.ends_at and grant.ends_at <= grant.starts_at:
        raise Invalid({"ends_at": [_("The end lies before the beginning.")]})


def check_pattern(pattern: str) -> str:
    """The pattern; `Invalid` when it means nothing."""
    if not PATTERN.fullmatch(pattern or ""):
        raise Invalid({"pattern": [_("Write a permission as module.resource.action; * stands for any of them.")]})
    return pattern


def check_grant(pattern: str, scope: str) -> None:
    """Refuse what gives more than the person who writes it has."""
    user = current.context.user
    if user and not user.is_system and not _holds(user, pattern, scope):
        raise Invalid({"pattern": [more_than_held(pattern)]})


def lacking(user: Actor, grants: Iterable[tuple[str, str]]) -> str:
    """The first of these grants (pattern, scope) that goes beyond what somebody has; empty when none does."""
    return next((pattern for pattern, scope in grants if not _holds(user, pattern, scope)), "")


def more_than_held(pattern: str) -> str:
    """Why a permission, or a role with it, cannot be given."""
    return _("You cannot give more than you have: %(permission)s.", permission=pattern)


def _holds(user: Actor, pattern: str, scope: str) -> bool:
    wanted = pattern.split(".")
    wide = [held.pattern.split(".") for held in user.grants if ORDER.index(held.scope) >= ORDER.index(scope)]
    return any(all(have in ("*", want) for have, want in zip(held, wanted, strict=True)) for held in wide)
