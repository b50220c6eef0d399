"""The one owner whom a password lets in when the provider is out of order: whoever is named so stays able to come in."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, inspect, text

from app.core.people import Member
from app.kernel.errors import Conflict

_NAMED = text("SELECT value #>> '{}' FROM setting WHERE organisation_id = :organisation AND key = 'auth.sso_only'")
COUNTS = ("status", "archived_at", "role_id", "identity_id")


def keep(_mapper: Any, connection: Connection, member: Member) -> None:
    """Refuse to shut out, or to give another role or address to, whoever the organisation falls back on."""
    state: Any = inspect(member)
    changed = [name for name in COUNTS if state.attrs[name].history.has_changes()]
    if changed and connection.execute(_NAMED, {"organisation": member.organisation_id}).scalar() == str(member.id):
        raise Conflict(_("Single sign-on falls back on this owner. Name somebody else in the organisation's settings first."))
