"""Somebody wrote another address for a member, and whoever signs in with the former one did not agree: the seat waits for a look."""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _

from app.core import audit, notifications, people
from app.core.auth import links, recovery, trail
from app.core.organisations import load_organisation
from app.core.people import Member
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Refusal

LOOKS = "people.member.edit"


def place_of(link: links.Opened) -> Organisation | None:
    """The organisation whose administrator wrote the address; None for a link about one's own account.

    Raises `NotFound` when that organisation is closed: what was said of one seat there is never taken for the whole account.
    """
    if "member" not in link.about:
        return None
    found = load_organisation(UUID(link.about["organisation"]))
    if found is None:
        raise recovery.used_up()
    return found


def hold(link: links.Opened, organisation: Organisation, *, source: str) -> bool:
    """Keep the seat out, and tell all who may look into it. The account of whoever says so stays as it is.

    False when the link was used, or the seat is theirs again. The last owner is not kept out: everybody else is told all the same.
    """
    if not links.use(link):
        return False
    with acting(organisation, SYSTEM):
        member = session().get(Member, (organisation.id, UUID(link.about["member"])))
        if member is None or member.identity_id == link.identity_id:
            return False
        audit.note("auth.address.disputed", resource="people.member", record=member, context={"source": source})
        trail.note("auth.address.disputed", link.identity_id, only=organisation.id, private={"member": member.id})
        for other in people.able(LOOKS):
            if other.id != member.id:
                notifications.notify(other.id, "address_disputed", lambda: _("%(name)s did not agree to another address", name=member.name),
                                     f"/{organisation.slug}/people/members/{member.reference}", critical=True)
        try:
            with session().begin_nested(), audit.doing("auth.address.disputed", source=source):
                perform_one("people.member", "suspend", member)
        except Refusal:
            audit.note("people.member.suspend", result="refused", resource="people.member", record=member)
        session().flush()
    return True
