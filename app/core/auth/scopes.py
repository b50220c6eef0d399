"""What a token is for: three names, each the width of the one before it and more. A token never does more than its holder may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from flask_babel import lazy_gettext as _l

from app.core import access
from app.kernel.current import Grant, matches
from app.kernel.forgery import SAFE

READ_ONLY, WRITE, ADMIN = "read_only", "write", "admin"
SCOPES = {READ_ONLY: _l("Read only: lists, records, exports"), WRITE: _l("Write: read, and all of the daily work"),
          ADMIN: _l("Admin: write, and the administration: people, roles, sign-in, settings")}
LOOKING = ("*.*.view", "*.*.export")
EVERYDAY = ("approvals.approval_request.decide", "access.request.create", "access.request.edit")  # not of a business module, yet daily work


@cache
def patterns_of(scope: str) -> tuple[str, ...]:
    """The permissions that a scope reaches; one that is itself a pattern reaches what it says."""
    if scope == READ_ONLY:
        return LOOKING
    if scope == WRITE:
        return (*LOOKING, *(f"{name}.*.*" for name in access.business_modules()), *EVERYDAY)
    return ("*.*.*",) if scope == ADMIN else (scope,)


def spread(scopes: Iterable[str]) -> tuple[str, ...]:
    """The patterns of all of them."""
    return tuple(dict.fromkeys(pattern for scope in scopes for pattern in patterns_of(scope)))


def lacking(scopes: Sequence[str], permission: str, method: str, *, administers: bool = False) -> str:
    """The scope that a request needs and the token has not; empty when it will do.

    Whatever sends something needs more than to look, also where no permission is named; patterns are left to the permission.
    """
    if not set(scopes) <= SCOPES.keys():
        return ""
    wanted = ADMIN if administers else needed(permission, method)
    order = list(SCOPES)
    return wanted if max(order.index(scope) for scope in scopes) < order.index(wanted) else ""


def needed(permission: str, method: str) -> str:
    """The least scope for a request."""
    least = READ_ONLY if method in SAFE else WRITE
    if permission.count(".") != 2:
        return least
    return next(scope for scope in list(SCOPES)[list(SCOPES).index(least):] if any(matches(p, permission) for p in patterns_of(scope)))


def narrowed(grants: Sequence[Grant], patterns: Sequence[str]) -> tuple[Grant, ...]:
    """What a member's grants and a token's patterns both allow."""
    both = (replace(grant, pattern=common) for grant in grants for each in patterns if (common := _common(grant.pattern, each)))
    return tuple(dict.fromkeys(both))


def _common(left: str, right: str) -> str:
    parts = [_shared(a, b) for a, b in zip(left.split("."), right.split("."), strict=False)]
    return ".".join(parts) if all(parts) else ""


def _shared(one: str, other: str) -> str:
    """What two parts of a pattern have in common: `*` is anything, and who may view may choose as well."""
    if "*" in (one, other):
        return other if one == "*" else one
    if {one, other} == {"view", "choose"}:
        return "choose"
    return one if one == other else ""
