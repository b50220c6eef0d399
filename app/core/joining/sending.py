"""The mail of an invitation: it leaves after the commit, and its secret is made as it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from app.core import auth, mail
from app.core.auth import links
from app.core.people import Answer, Invitation, Member, Status
from app.core.people.events import InvitationAsked, SeatAsked
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.kinds import show_moment

INVITE, PATH = "invite", "/invitation/"


def send_out(fact: InvitationAsked) -> None:
    """Write to whoever was invited, unless they answered or it was taken back meanwhile."""
    invitation = session().get(Invitation, (current.organisation.id, fact.invitation_id))
    if invitation is None or invitation.is_archived or invitation.status != Answer.OPEN or invitation.expires_at is None:
        return
    until = invitation.expires_at.isoformat()
    identity = auth.identities_for([invitation.email])[invitation.email]
    host = session().scalar(select(Member.name).where(Member.id == invitation.created_by)) or ""
    said = {"invitation": invitation, "host": host, "until": invitation.expires_at, "organisation_name": current.organisation.name}
    mail.send(invitation.email, "invitation", lambda: _words(said), key=f"invitation:{invitation.id}:{until}", secrets=secrets,
              facts={"identity": str(identity), "invitation": str(invitation.id), "until": until})
    invitation.sent_at = clock.now()


def invite(fact: SeatAsked) -> None:
    """Invite whoever was made a member and exists already, unless they said yes or it was taken back meanwhile."""
    member = session().get(Member, (current.organisation.id, fact.member_id))
    if member is None or member.status != Status.PENDING:
        return
    theirs = (Invitation.email == member.email, Invitation.status == Answer.OPEN, Invitation.archived_at.is_(None))
    if (waiting := session().scalars(select(Invitation).where(*theirs)).first()) is not None:
        perform_one("people.invitation", "resend", waiting)
        return
    given = {name: str(value) for name in ("role", "department", "site") if (value := getattr(member, f"{name}_id")) is not None}
    perform_one("people.invitation", "create", None, {"name": member.name, "email": member.email, "kind": member.kind.value, **given})


def _words(said: Mapping[str, Any]) -> dict[str, Any]:
    base = str(current_app.extensions["settings"].base_url)
    return {**said, "until": show_moment(said["until"]), "message": said["invitation"].message or "", "name": said["invitation"].name,
            "url": base + PATH + mail.hidden("link")}


def secrets(facts: Mapping[str, Any]) -> dict[str, str]:
    """The secret of the link: good until the invitation ends, and only as long as it was not sent again."""
    until = datetime.fromisoformat(facts["until"])
    about = {"organisation": str(current.organisation.id), "invitation": facts["invitation"], "until": facts["until"]}
    return {"link": links.make_link(UUID(facts["identity"]), until - clock.now(), purpose=INVITE, about=about)}
