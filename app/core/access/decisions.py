"""`can()`: the only place where access is decided; row security stands beneath it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _

from app.kernel.current import Actor
from app.kernel.errors import Forbidden

WIDE = frozenset({"company", "all"})
OWNERS = ("created_by", "owner_id", "requester_id", "member_id")


class Decision:
    """Yes or no, with the sentence for the person, which is worded only when somebody reads it."""

    __slots__ = ("_reason", "allowed")

    def __init__(self, allowed: bool, reason: str | Callable[[], str] = "") -> None:
        self.allowed = allowed
        self._reason = reason

    @property
    def reason(self) -> str:
        """Why not; empty when it is allowed."""
        if callable(self._reason):
            self._reason = self._reason()
        return self._reason

    def __bool__(self) -> bool:
        return self.allowed

    def __repr__(self) -> str:
        return f"Decision({self.allowed}, {self.reason!r})"


ALLOWED = Decision(True)


def can(user: Actor, action: str, record: Any = None, context: Mapping[str, Any] | None = None) -> Decision:  # noqa: ARG001 -- read by conditions
    """Whether `user` may do `action` (`hse.incident.close`) to `record`, or to any record when none is given.

    `context` is kept for conditions on circumstances; viewing one record is decided by `visible()`, which adds what was delegated.
    """
    scopes = frozenset(grant.scope for grant in user.grants_of(action))
    if not scopes:
        return Decision(False, lambda: _missing(action))
    if record is None or not WIDE.isdisjoint(scopes):
        return ALLOWED
    if any(REACH[scope](user, record) for scope in scopes):
        return ALLOWED
    return Decision(False, lambda: _beyond(action, scopes))


def require(user: Actor, action: str, record: Any = None) -> None:
    """Raise `Forbidden`, with the reason, unless `user` may do `action`."""
    decision = can(user, action, record)
    if not decision:
        raise Forbidden(decision.reason)


def is_own(user: Actor, record: Any) -> bool:
    """Whether the record was made by, belongs to or is the member who acts."""
    return any(getattr(record, attribute, None) == user.id for attribute in OWNERS) or getattr(record, "id", None) == user.id


def in_department(user: Actor, record: Any) -> bool:
    """Whether the record's department is the member's, below it, or one that the member manages."""
    return getattr(record, "department_id", None) in user.department_ids


def at_site(user: Actor, record: Any) -> bool:
    """Whether the record is of the member's site."""
    return user.site_id is not None and getattr(record, "site_id", None) == user.site_id


REACH: dict[str, Callable[[Actor, Any], bool]] = {"own": is_own, "department": in_department, "site": at_site}


def _missing(action: str) -> str:
    from app.core.access.roles import holders

    names = holders(action)
    if not names:
        return _("You need %(permission)s, which no role has.", permission=action)
    if len(names) == 1:
        return _("You need %(permission)s, which %(role)s has.", permission=action, role=names[0])
    return _("You need %(permission)s, which %(roles)s and %(last)s have.", permission=action, roles=", ".join(names[:-1]), last=names[-1])


def _beyond(action: str, scopes: frozenset[str]) -> str:
    from app.core.access.models import Scope

    reach = ", ".join(sorted(str(Scope(scope).label) for scope in scopes))
    return _("You have %(permission)s only for: %(reach)s. This record is outside.", permission=action, reach=reach)
