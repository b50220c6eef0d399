"""Another e-mail address to sign in with: it counts once both the old and the new one have confirmed it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.core.auth import links, mails, sessions, trail
from app.core.auth.identities import identity_of
from app.core.auth.models import AddressChange, Identity
from app.core.auth.seats import email_of
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import as_identity, session
from app.kernel.delivery import bare
from app.kernel.errors import Invalid
from app.kernel.fields import fields_of
from app.kernel.kinds import Unreadable


def ask(identity_id: UUID, wanted: str) -> AddressChange:
    """Ask both addresses to confirm. Raises `Invalid` for what is no address, or the present one.

    An address that somebody else signs in with gets no mail, so that the answer does not say that it is taken.
    """
    old, new = email_of(identity_id), _checked(wanted)
    if new == old:
        raise Invalid({"email": [_("This is your address already.")]})
    end_changes(identity_id)
    change = AddressChange(identity_id=identity_id, old_email=old, new_email=new, expires_at=clock.now() + mails.DAY)
    with as_identity(identity_id):
        session().add(change)
        session().flush()
    words = {"old": old, "new": new}
    mails.tell(identity_id, mails.ADDRESS_OLD, to=old, about={"change": str(change.id), "side": "old"}, **words)
    if identity_of(new) is None:
        mails.tell(identity_id, mails.ADDRESS_NEW, to=new, about={"change": str(change.id), "side": "new"}, **words)
    trail.note("auth.address.asked", identity_id)
    return change


def waiting(identity_id: UUID) -> AddressChange | None:
    """The change that still waits for an address to confirm it."""
    with as_identity(identity_id):
        return session().scalars(select(AddressChange).where(
            AddressChange.identity_id == identity_id, AddressChange.ended_at.is_(None), AddressChange.expires_at > clock.now())).first()


def of_link(link: links.Opened) -> AddressChange | None:
    """The change that a link is about, while it waits."""
    change = waiting(link.identity_id)
    return change if change is not None and str(change.id) == link.about.get("change") else None


def confirm(link: links.Opened, change: AddressChange) -> bool:
    """One side says yes; gives whether the address is changed now. Raises `Invalid` when somebody else took it meanwhile."""
    with as_identity(link.identity_id):
        session().refresh(change, with_for_update=True)
        setattr(change, f"{link.about['side']}_confirmed_at", clock.now())
        session().flush()
        whole = bool(change.old_confirmed_at and change.new_confirmed_at)
        old, new = change.old_email, change.new_email
    if not whole:
        return False
    if identity_of(new) is not None:
        raise Invalid({"": [_("Somebody else signs in with this address.")]})
    end_changes(link.identity_id)
    _change(link.identity_id, new)
    sessions.end_sessions(link.identity_id)
    trail.note("auth.address.changed", link.identity_id)
    for to in (old, new):
        mails.tell(link.identity_id, mails.ADDRESS, to=to, about={"old": old}, old=old, new=new)
    return True


def undo(identity_id: UUID, old: str) -> None:
    """Give an identity its former address back, unless somebody took it meanwhile."""
    if email_of(identity_id) != old and identity_of(old) is None:
        _change(identity_id, old)


def end_changes(identity_id: UUID) -> None:
    """Let no change wait any more."""
    _write(identity_id, update(AddressChange).where(AddressChange.identity_id == identity_id, AddressChange.ended_at.is_(None))
           .values(ended_at=clock.now()))


def _change(identity_id: UUID, email: str) -> None:
    """The identity first: a member is tied to it by its address, one who is away too: the former address may be another's tomorrow."""
    _write(identity_id, update(Identity).where(Identity.id == identity_id).values(email=email))
    for seat in sessions.seats_of(identity_id):
        with acting(bare(seat.organisation_id), SYSTEM):
            session().get_one(Member, (seat.organisation_id, seat.member_id)).email = email
            session().flush()


def _checked(wanted: str) -> str:
    try:
        return str(fields_of(Member)["email"].parse(wanted)).lower()
    except Unreadable as error:
        raise Invalid({"email": [str(error)]}) from None


def _write(identity_id: UUID, statement: Any) -> None:
    with as_identity(identity_id):
        session().execute(statement.execution_options(synchronize_session="fetch"))
