"""What ends with somebody's access to an organisation: their tokens there, and the sessions that lead nowhere else."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from app.core.auth import sessions
from app.core.auth.models import ApiToken, UserSession
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import as_identity, session
from app.kernel.events import RecordEvent


def shut_out(fact: RecordEvent) -> None:
    """The next request of theirs is refused anyway; this keeps old sessions and tokens from working again when they come back."""
    for member in session().scalars(select(Member).where(Member.id.in_(fact.ids))):
        if member.active and not member.is_archived:
            continue  # let in again meanwhile
        session().execute(update(ApiToken).where(ApiToken.member_id == member.id, ApiToken.role_id.is_(None), ApiToken.revoked_at.is_(None))
                          .values(revoked_at=clock.now()).execution_options(synchronize_session=False))
        if member.identity_id is not None:
            _end_sessions(member.identity_id)


def _end_sessions(identity_id: UUID) -> None:
    """All when they have no other organisation, otherwise those that were for this one alone."""
    if not sessions.organisations_of(identity_id):
        sessions.end_sessions(identity_id)
        return
    with as_identity(identity_id):
        session().execute(update(UserSession).where(UserSession.identity_id == identity_id, UserSession.ended_at.is_(None),
                                                    UserSession.confined_to == current.organisation.id).values(ended_at=clock.now()))
