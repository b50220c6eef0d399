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
from app.core.people import Answer, Invitation, Member
from app.core.people.events import InvitationAsked
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
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


def _words(said: Mapping[str, Any]) -> dict[str, Any]:
    base = str(current_app.extensions["settings"].base_url)
    return {**said, "until": show_moment(said["until"]), "message": said["invitation"].message or "", "name": said["invitation"].name,
            "url": base + PATH + mail.hidden("link")}


def secrets(facts: Mapping[str, Any]) -> dict[str, str]:
    """The secret of the link: good until the invitation ends, and only as long as it was not sent again."""
    until = datetime.fromisoformat(facts["until"])
    about = {"organisation": str(current.organisation.id), "invitation": facts["invitation"], "until": facts["until"]}
    return {"link": links.make_link(UUID(facts["identity"]), until - clock.now(), purpose=INVITE, about=about)}
