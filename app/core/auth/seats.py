"""Where a person is a member: what mails are written for, and whose words a password must not repeat."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from app.core.auth.models import Identity
from app.core.auth.sessions import seats_of
from app.core.organisations import load_organisation
from app.core.people import Member
from app.kernel.current import SYSTEM, Organisation, acting, current
from app.kernel.db import as_identity, session


def email_of(identity_id: UUID) -> str:
    """The address that an identity signs in with."""
    with as_identity(identity_id):
        return session().scalar(select(Identity.email).where(Identity.id == identity_id)) or ""


def seat_of(identity_id: UUID) -> tuple[Organisation, Member] | None:
    """An organisation and the member that somebody is there: the one acted for now if it is theirs, else the first that they may enter,
    else the first that they may not enter now. None that they have not said yes to, or that put them away.
    """
    here = current.context.organisation
    places = [seat.organisation_id for seat in seats_of(identity_id) if seat.accepted and not seat.archived]
    for place in sorted(places, key=lambda each: here is None or each != here.id):
        organisation = load_organisation(place)
        member = member_in(organisation, identity_id) if organisation else None
        if organisation and member:
            return organisation, member
    return None


def member_in(organisation: Organisation, identity_id: UUID) -> Member | None:
    """The member that somebody is in an organisation."""
    with acting(organisation, SYSTEM):
        return session().scalars(select(Member).where(Member.identity_id == identity_id, Member.archived_at.is_(None))).first()
