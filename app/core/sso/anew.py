"""Whether somebody proved anew who they are: asked after they set out, by the person whose session it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.core import audit, auth
from app.core.people import Member
from app.core.sso.attempts import Under
from app.core.sso.models import Link, Provider
from app.core.sso.vouching import Doubtful, Vouched
from app.kernel.db import session

LEEWAY = timedelta(seconds=60)


def require_anew(under: Under, at: datetime | None) -> None:
    """The person signed in at the provider after they set out. Raises `Doubtful` when it says otherwise, or nothing."""
    if at is None or under.began is None or at < under.began - LEEWAY:
        raise Doubtful("not anew")


def prove(provider: Provider, member: Member | None, session_id: UUID) -> None:
    """The session is its own person's again. Raises `Doubtful` when somebody else came back, or the session has ended."""
    identity = member.identity_id if member is not None and member.active and not member.is_archived else None
    if member is None or identity is None or not auth.prove_again(session_id, identity, provider.organisation_id):
        raise Doubtful("somebody else")
    audit.note("sso.proof", resource=audit.ACCOUNT, actor_id=member.id, record_id=member.id, record_reference=member.reference,
               context={"provider": provider.name})


def known(provider: Provider, person: Vouched) -> Member | None:
    """The member whom the provider vouched for before under this name."""
    link = session().scalar(select(Link).where(Link.provider_id == provider.id, Link.subject == person.subject))
    return session().get(Member, (provider.organisation_id, link.member_id)) if link else None
