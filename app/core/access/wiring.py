"""Holds the rules of roles on every path to the database, and gives templates `can`."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import event

from app.core.access.decisions import Decision, can
from app.core.access.keeping import changed, check_grant
from app.core.access.models import RoleGrant
from app.kernel.current import current


def install(app: Flask) -> None:
    """Listen to grants that are written; `can("hse.incident.close", record)` in Jinja asks for the person who looks."""
    if not event.contains(RoleGrant, "before_insert", _written):
        event.listen(RoleGrant, "before_insert", _written)
        event.listen(RoleGrant, "before_update", _written)
    app.jinja_env.globals["can"] = _may


def _written(_mapper: Any, _connection: Any, grant: RoleGrant) -> None:
    if changed(grant):
        check_grant(grant)


def _may(action: str, record: Any = None) -> Decision:
    return can(current.user, action, record)
