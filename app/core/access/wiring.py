"""Holds the rules of roles on every path to the database, and gives templates `can`."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.core.access import changing, editing, guarding, looking  # noqa: F401 -- the pages add themselves to the blueprint
from app.core.access.conditions import understood
from app.core.access.decisions import Decision, can
from app.core.access.keeping import check_grant, check_pattern
from app.core.access.models import MemberGrant, Role, RoleGrant, plain_key
from app.core.access.views import screens
from app.kernel.current import current


def install(app: Flask) -> None:
    """Listen to grants that are written; `can("hse.incident.close", record)` in Jinja asks for the person who looks."""
    for model in (RoleGrant, MemberGrant):
        if not event.contains(model.pattern, "set", _pattern_said):
            event.listen(model.pattern, "set", _pattern_said)
            event.listen(model.scope, "set", _scope_said)
            event.listen(model.condition, "set", _condition_said)
    if not event.contains(MemberGrant, "before_update", _given_again):
        event.listen(MemberGrant, "before_update", _given_again)
    if not event.contains(Role, "before_insert", _keyed):
        event.listen(Role, "before_insert", _keyed)
    if not event.contains(Session, "before_flush", changing.before_flush):
        event.listen(Session, "before_flush", changing.before_flush)
    guarding.install()
    app.jinja_env.globals["can"] = _may
    app.register_blueprint(screens)


def _keyed(_mapper: Any, _connection: Any, role: Role) -> None:
    role.key = role.key or plain_key(role.label)


def _pattern_said(grant: Any, pattern: str, _before: Any, _initiator: Any) -> None:
    check_pattern(pattern)
    _understand(grant, pattern, grant.condition)
    if grant.scope is not None:
        check_grant(pattern, str(grant.scope), grant.rule or "")


def _scope_said(grant: Any, scope: Any, _before: Any, _initiator: Any) -> None:
    if grant.pattern is not None:
        check_grant(grant.pattern, str(scope), grant.rule or "")


def _condition_said(grant: Any, condition: str | None, _before: Any, _initiator: Any) -> None:
    _understand(grant, grant.pattern, condition)
    if grant.pattern is not None and grant.scope is not None:
        check_grant(grant.pattern, str(grant.scope), grant.rule or "")


def _given_again(_mapper: Any, _connection: Any, grant: MemberGrant) -> None:
    """Whoever lengthens, restores or hands on a single permission must have it; taking it away needs nothing."""
    if grant.archived_at is None:
        check_grant(grant.pattern, str(grant.scope), grant.rule or "")


def _understand(grant: Any, pattern: str | None, condition: str | None) -> None:
    """No condition is stored without what it means, nor a meaning without its condition."""
    grant.rule = understood(condition, pattern) if condition and pattern else None


def _may(action: str, record: Any = None) -> Decision:
    return can(current.user, action, record)
