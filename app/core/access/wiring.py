"""Holds the rules of roles on every path to the database, and gives templates `can`."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import event

from app.core.access.decisions import Decision, can
from app.core.access.keeping import check_grant, check_pattern
from app.core.access.models import Role, RoleGrant, plain_key
from app.kernel.current import current


def install(app: Flask) -> None:
    """Listen to grants that are written; `can("hse.incident.close", record)` in Jinja asks for the person who looks."""
    if not event.contains(RoleGrant.pattern, "set", _pattern_said):
        event.listen(RoleGrant.pattern, "set", _pattern_said)
        event.listen(RoleGrant.scope, "set", _scope_said)
    if not event.contains(Role, "before_insert", _keyed):
        event.listen(Role, "before_insert", _keyed)
    app.jinja_env.globals["can"] = _may


def _keyed(_mapper: Any, _connection: Any, role: Role) -> None:
    role.key = role.key or plain_key(role.label)


def _pattern_said(grant: RoleGrant, pattern: str, _before: Any, _initiator: Any) -> None:
    check_pattern(pattern)
    if grant.scope is not None:
        check_grant(pattern, str(grant.scope))


def _scope_said(grant: RoleGrant, scope: Any, _before: Any, _initiator: Any) -> None:
    if grant.pattern is not None:
        check_grant(grant.pattern, str(scope))


def _may(action: str, record: Any = None) -> Decision:
    return can(current.user, action, record)
