"""What becomes of a person's account, in the platform's trail and in that of each organisation they belong to.

An organisation reads what its member did or what was refused to them, under the name that they have there, and of no other organisation.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import has_request_context

from app.core import audit
from app.core.auth.sessions import organisations_of
from app.core.auth.source import source_address


def note(action: str, identity_id: UUID | None, *, result: str = "ok", apart: bool = False, only: UUID | None = None,
         private: dict[str, Any] | None = None, **shared: Any) -> None:
    """Audit an act of somebody's account; `only` is the organisation that it concerns, when it concerns no other.

    `private` stays in the platform's trail, as does the identity, which is the same everywhere. Nobody's (None) has no other place.
    """
    places = organisations_of(identity_id) if identity_id else []
    seats = [audit.Seat(place.id, place.member_id, place.called, place.email) for place in places if only in (None, place.id)]
    if has_request_context():
        shared.setdefault("source", source_address())
    identity = {"identity": identity_id} if identity_id else {}
    audit.note(action, result=result, resource=audit.ACCOUNT, platform=True, apart=apart, seats=seats, shared=shared,
               context={**identity, **(private or {})})
