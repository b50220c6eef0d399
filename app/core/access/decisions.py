"""`can()`: the only place where access is decided; row security stands beneath it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import g, has_app_context
from flask_babel import gettext as _

from app.core import audit
from app.core.access.guarding import guards_of, own_permissions
from app.core.access.reach import REACH, WIDE
from app.core.access.rules import holds
from app.kernel.current import Actor, Grant, current
from app.kernel.errors import Forbidden

log = logging.getLogger(__name__)
NOTHING: Mapping[str, Any] = {}
OWNER = "owner"


class Decision:
    """Yes or no, with the sentences for the person, which are worded only when somebody reads them."""

    __slots__ = ("_reason", "allowed", "grant")

    def __init__(self, allowed: bool, reason: str | Callable[[], str] = "", grant: Grant | None = None) -> None:
        self.allowed = allowed
        self.grant = grant
        self._reason = reason

    @property
    def reason(self) -> str:
        """Why not; empty when it is allowed."""
        if callable(self._reason):
            self._reason = self._reason()
        return self._reason

    @property
    def because(self) -> str:
        """Why, either way: “by the role HSE manager, at Rowan”, or why not."""
        from app.core.access.reasons import by_which

        return by_which(self.grant) if self.allowed and self.grant else self.reason

    def __bool__(self) -> bool:
        return self.allowed

    def __repr__(self) -> str:
        return f"Decision({self.allowed}, {self.reason!r})"


ALLOWED = Decision(True)


def can(user: Actor, action: str, record: Any = None, context: Mapping[str, Any] | None = None) -> Decision:
    """Whether `user` may do `action` (`hse.incident.close`) to `record`, or to any record when none is given.

    `context` says what conditions on circumstances look at (`network`, `second_factor`, words of one's own); what it leaves out is read
    from the request at hand. Viewing one record is decided by `visible()`, which adds what was delegated. What nothing declares is
    refused to everybody, and noted.
    """
    grants = user.grants_of(action)
    said = NOTHING if context is None else context
    for grant in grants:
        if _covers(grant, user, record) and holds(grant.rule, user, record, said):
            refused = _also(user, action, record, said)
            return Decision(True, grant=grant) if refused is None else refused
    from app.core.access import reasons

    if not is_known(action):
        return _unknown(action)
    if not grants:
        return Decision(False, lambda: reasons.missing(action))
    return Decision(False, lambda: reasons.beyond(user, action, grants, record, said))


def _also(user: Actor, action: str, record: Any, said: Mapping[str, Any]) -> Decision | None:
    """Why not, for somebody who holds a permission: nothing declares it, or a permission of the organisation's own is needed besides."""
    if not is_known(action):
        return _unknown(action)
    for guard in guards_of(action):
        spared = bool(guard.spares) and (record is None or holds(guard.spares, user, record, said))
        if not spared and not can(user, guard.key, record, said):
            from app.core.access import reasons

            return Decision(False, partial(reasons.missing, guard.key))
    return None


def is_known(action: str) -> bool:
    """Whether the product or the organisation asks for a permission of this name."""
    from app.core.access.answers import declared_permissions

    return not current.has_organisation or action in declared_permissions() or action in own_permissions()


def _unknown(action: str) -> Decision:
    said = action[:120]
    log.warning("unknown permission %s was asked for: refused", said)
    user = current.context.user
    if user is not None and not user.is_system and has_app_context() and action not in g.setdefault("unknown_permissions", set()):
        g.unknown_permissions.add(action)
        audit.note("access.permission.unknown", resource="access.permission", result="refused", apart=True, context={"permission": said})
    return Decision(False, lambda: str(_("Nothing here is called %(permission)s, so nobody may do it.", permission=said)))


def _covers(grant: Grant, user: Actor, record: Any) -> bool:
    if record is None:
        return True
    if grant.site is not None and getattr(record, "site_id", None) != grant.site:
        return False
    return grant.scope in WIDE or REACH[grant.scope](user, record)


def is_owner(user: Actor) -> bool:
    """Whether `user` answers for the organisation; not who only sees what an owner sees."""
    return OWNER in user.roles and user.impersonator is None


def require_owner(user: Actor) -> None:
    """Raise `Forbidden` unless `user` is an owner: for what no permission gives, since it is the organisation itself."""
    if not is_owner(user):
        raise Forbidden(_("Only an owner of the organisation can do this."))


def require(user: Actor, action: str, record: Any = None) -> None:
    """Raise `Forbidden`, with the reason, unless `user` may do `action`."""
    decision = can(user, action, record)
    if not decision:
        raise Forbidden(decision.reason)
