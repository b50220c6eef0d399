"""Asking somebody to join: an invitation is made, sent again, revoked, accepted or declined, and ends by itself."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.people.events import InvitationAsked
from app.core.people.invitations import Answer, Invitation
from app.core.people.models import Kind, Member, Status
from app.kernel import clock
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid
from app.kernel.events import publish
from app.kernel.records import new_id


def before_save(invitation: Invitation) -> None:
    """Complete a new invitation. Raises `Invalid` for somebody who is a member already."""
    if not invitation.email:
        return
    invitation.email = invitation.email.strip().lower()
    if invitation.kind == Kind.AGENCY:
        raise Invalid({"kind": [_("An agency sends its people itself: see Agencies.")]})
    with session().no_autoflush:
        there = select(Member.id).where(Member.email == invitation.email, Member.status != Status.PENDING)
        if session().scalar(there) is not None:
            raise Invalid({"email": [_("This person is a member already.")]})
    if invitation.expires_at is None:
        _renew(invitation)


def resend(invitation: Invitation) -> Invitation:
    """Let the invitation run from now on, and send it again; what was sent before opens nothing any more."""
    _renew(invitation)
    return invitation


def revoke(invitation: Invitation) -> Invitation:
    """Take the invitation back: its link opens nothing from now on."""
    invitation.status = Answer.REVOKED
    return invitation


def can_resend(invitation: Invitation) -> bool | str:
    """Whether nobody came of it yet: what was declined or taken back can be sent anew."""
    return True if invitation.status != Answer.ACCEPTED else _("This invitation has ended: %(state)s.", state=invitation.status.label)


def can_revoke(invitation: Invitation) -> bool | str:
    """Whether it waits for an answer."""
    return True if invitation.status == Answer.OPEN else _("This invitation has ended: %(state)s.", state=invitation.status.label)


def lock(invitation: Invitation) -> bool | str:
    """Only what waits for an answer can be changed."""
    return can_revoke(invitation)


def require_open(invitation: Invitation | None) -> Invitation:
    """The invitation, while it can be answered. Raises `Conflict`, saying what became of it."""
    if invitation is None or invitation.is_archived or invitation.status == Answer.REVOKED:
        raise Conflict(_("This invitation was taken back."))
    if invitation.status in (Answer.ACCEPTED, Answer.DECLINED):
        raise Conflict(_("This invitation was answered already."))
    if invitation.status == Answer.EXPIRED or invitation.expires_at is None or invitation.expires_at <= clock.now():
        raise Conflict(_("This invitation has expired. Ask for a new one."))
    return invitation


def expire() -> None:
    """Say of each invitation that nobody answered in time that it has expired."""
    late = select(Invitation).where(Invitation.status == Answer.OPEN, Invitation.expires_at <= clock.now())
    for invitation in session().scalars(late.with_for_update(skip_locked=True)):
        invitation.status = Answer.EXPIRED


def _renew(invitation: Invitation) -> None:
    from app.core import settings  # settings are audited, and the audit trail stands on people

    invitation.id = invitation.id or new_id()
    invitation.status = Answer.OPEN
    invitation.expires_at = clock.now() + timedelta(days=settings.get("people.invitation_days"))
    publish(InvitationAsked(invitation.id))
