"""The answer to an invitation: yes makes a member, no ends it. Whoever invited learns of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import audit, auth, notifications, people, settings
from app.core.auth import links
from app.core.joining.sending import INVITE
from app.core.organisations import load_organisation
from app.core.people import Answer, Invitation, Member, Status, load_actor
from app.core.people.inviting import require_open
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting, current
from app.kernel.db import session
from app.kernel.delivery import bare
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, NotFound

RESOURCE = "people.invitation"


@dataclass(frozen=True)
class Asked:
    """An invitation, opened by the link that was mailed."""

    link: links.Opened
    place: Organisation
    invitation_id: UUID


def opened(secret: str) -> Asked:
    """What a link invites to. Raises `NotFound` when it was used, sent again since, is no invitation, or leads nowhere now."""
    link = links.opened(secret, INVITE)
    place = load_organisation(UUID(link.about["organisation"])) if link else None
    if link is None or place is None:
        raise NotFound(_("This link was used already or has expired. Ask for a new one."))
    return Asked(link, place, UUID(link.about["invitation"]))


@contextmanager
def reading(asked: Asked) -> Iterator[Invitation]:
    """Within the block the product acts for the organisation that invites. Raises `Conflict`, saying why it is over."""
    with acting(asked.place, SYSTEM, channel="page"):
        invitation = require_open(session().get(Invitation, (asked.place.id, asked.invitation_id), with_for_update=True))
        if invitation.expires_at is None or invitation.expires_at.isoformat() != asked.link.about["until"]:
            raise Conflict(_("This invitation was sent again since. Use the newest mail."))
        yield invitation
        session().flush()


def accept(asked: Asked) -> Member:
    """Make a member of whoever was invited, with the role that they were offered; or let in who was made one and was waited for."""
    with reading(asked) as invitation:
        _spend(asked)
        member = people.accept(seat(asked) or _made(invitation))
        invitation.status, invitation.answered_at, invitation.member_id = Answer.ACCEPTED, clock.now(), member.id
        session().flush()
        with acting(asked.place, load_actor(asked.place, member.id), channel="page"):
            audit.note("people.invitation.accept", resource=RESOURCE, record=invitation)
        _tell(invitation, lambda: _("%(name)s accepted your invitation", name=invitation.name))
    return member


def seat(asked: Asked) -> Member | None:
    """The member who was made of whoever is invited, and waits for their yes; a link is good for the identity that it was sent to."""
    mine = (Member.identity_id == asked.link.identity_id, Member.status == Status.PENDING)
    return session().scalars(select(Member).where(*mine)).first()


def _made(invitation: Invitation) -> Member:
    given = {name: str(value) for name in ("role", "department", "site") if (value := getattr(invitation, f"{name}_id")) is not None}
    said = {"name": invitation.name, "email": invitation.email, "kind": invitation.kind.value, **given}
    made: Member = perform_one("people.member", "create", None, said).record
    return made


def ask_elsewhere(asked: Asked) -> None:
    """Whoever begins here was made a member elsewhere before they were anybody: nobody asked them, so those seats wait for their yes."""
    for each in auth.seats_of(asked.link.identity_id):
        if each.organisation_id != asked.place.id:
            with acting(bare(each.organisation_id), SYSTEM):
                member = session().get_one(Member, (each.organisation_id, each.member_id))
                if not _is_needed(member):
                    people.ask(member)
                session().flush()


def _is_needed(member: Member) -> bool:
    """Whether their organisation would be without an owner, or without the one whom a password lets in."""
    return settings.get("auth.sso_only") == str(member.id) or [owner.id for owner in people.with_role("owner")] == [member.id]


def decline(asked: Asked) -> None:
    """Say no: nothing is made, what was made and waits is put away, and the link opens nothing any more."""
    with reading(asked) as invitation:
        _spend(asked)
        if (waiting := seat(asked)) is not None:
            perform_one("people.member", "archive", waiting)
        invitation.status, invitation.answered_at = Answer.DECLINED, clock.now()
        audit.note("people.invitation.decline", resource=RESOURCE, record=invitation)
        _tell(invitation, lambda: _("%(name)s declined your invitation", name=invitation.name))


def _spend(asked: Asked) -> None:
    if not links.use(asked.link):
        raise NotFound(_("This link was used already or has expired. Ask for a new one."))


def _tell(invitation: Invitation, title: Callable[[], str]) -> Any:
    return notifications.notify(invitation.created_by, "people.invitation_answered", title, record=invitation,
                                url=f"/{current.organisation.slug}/people/invitations/{invitation.reference}/")
