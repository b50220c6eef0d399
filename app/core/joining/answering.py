"""The answer to an invitation: yes makes a member, no ends it. Whoever invited learns of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from app.core import audit, notifications
from app.core.auth import links
from app.core.joining.sending import INVITE
from app.core.organisations import load_organisation
from app.core.people import Answer, Invitation, Member, load_actor
from app.core.people.inviting import require_open
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting, current
from app.kernel.db import session
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
    """Make a member of whoever was invited, with the role that they were offered."""
    with reading(asked) as invitation:
        _spend(asked)
        given = {name: str(value) for name in ("role", "department", "site") if (value := getattr(invitation, f"{name}_id")) is not None}
        said = {"name": invitation.name, "email": invitation.email, "kind": invitation.kind.value, **given}
        member: Member = perform_one("people.member", "create", None, said).record
        invitation.status, invitation.answered_at, invitation.member_id = Answer.ACCEPTED, clock.now(), member.id
        session().flush()
        with acting(asked.place, load_actor(asked.place, member.id), channel="page"):
            audit.note("people.invitation.accept", resource=RESOURCE, record=invitation)
        _tell(invitation, lambda: _("%(name)s accepted your invitation", name=invitation.name))
    return member


def decline(asked: Asked) -> None:
    """Say no: nothing is made, and the link opens nothing any more."""
    with reading(asked) as invitation:
        _spend(asked)
        invitation.status, invitation.answered_at = Answer.DECLINED, clock.now()
        audit.note("people.invitation.decline", resource=RESOURCE, record=invitation)
        _tell(invitation, lambda: _("%(name)s declined your invitation", name=invitation.name))


def _spend(asked: Asked) -> None:
    if not links.use(asked.link):
        raise NotFound(_("This link was used already or has expired. Ask for a new one."))


def _tell(invitation: Invitation, title: Callable[[], str]) -> Any:
    return notifications.notify(invitation.created_by, "people.invitation_answered", title, record=invitation,
                                url=f"/{current.organisation.slug}/people/invitations/{invitation.reference}/")
