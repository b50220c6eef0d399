"""What is done from above the organisations: made, suspended, resumed; each act stands in the platform's chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, select, text, union_all

from app.core import access, audit, closing, mail, organisations
from app.core.audit.models import AuditEntry
from app.core.organisations import Organisation as Row
from app.core.people import enrol
from app.core.platform import settings
from app.kernel import clock
from app.kernel.current import PLATFORM_ID, SYSTEM, Actor, Organisation, acting
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.records import new_id
from app.kernel.registry import registry


@dataclass(frozen=True)
class Kept:
    """An organisation as the platform sees it: names, states and figures."""

    id: UUID
    slug: str
    name: str
    members: int
    bytes: int
    created: datetime
    suspended: datetime | None
    seen: datetime | None
    erase_after: datetime | None = None

    @property
    def place(self) -> Organisation:
        """What acting for it needs."""
        return Organisation(self.id, self.slug, self.name)


def kept(who: Actor) -> list[Kept]:
    """Every organisation, by name."""
    rows = session().execute(text("SELECT platform_organisations(:who)"), {"who": who.id}).scalar()
    if rows is None:
        raise NotFound
    return [Kept(UUID(row["id"]), row["slug"], row["name"], row["members"], row["bytes"], datetime.fromisoformat(row["created"]),
                 _moment(row["suspended"]), _moment(row["seen"]), _moment(row["erase_after"])) for row in rows]


def one(who: Actor, organisation_id: UUID) -> Kept:
    """One organisation. Raises `NotFound`."""
    found = next((each for each in kept(who) if each.id == organisation_id), None)
    if found is None:
        raise NotFound
    return found


def records_of(place: Organisation) -> int:
    """How many records an organisation holds: their number, and nothing else of them."""
    counts = [select(func.count().label("n")).select_from(resource.model).where(resource.model.organisation_id == place.id)  # type: ignore[attr-defined]
              for resource in registry]
    with acting(place, SYSTEM):
        every = union_all(*counts).subquery()
        return int(session().scalar(select(func.sum(every.c.n))) or 0)


def found(who: Actor, slug: str, name: str, *, owner: str, email: str, currency: str, timezone: str, language: str) -> Organisation:
    """Make an organisation and invite its first owner by mail. Raises `Invalid`."""
    errors = {} if owner.strip() else {"owner": [_("This is needed.")]}
    if not mail.is_address(email):
        errors["email"] = [_("“%(address)s” is no e-mail address.", address=email[:80])]
    if errors:
        raise Invalid(errors)
    made = organisations.found(new_id(), slug, name, currency=currency, timezone=timezone, language=language)
    with acting(made, SYSTEM, channel="page"):
        role = str(access.role_named("owner").id)
        perform_one("people.invitation", "create", None, {"name": owner, "email": email, "role": role, "kind": "own"})
        session().flush()
    _note("platform.organisation.invite", made, who)
    return made


def found_own(identity_email: str, person: str, slug: str, name: str, **said: str) -> Organisation:
    """Make an organisation of one's own, and be its owner at once. Raises `Invalid`, and `NotFound` where that is not allowed."""
    if not settings.allows_own():
        raise NotFound
    made = organisations.found(new_id(), slug, name, **said)
    with acting(made, SYSTEM, channel="page"):
        enrol(person.strip() or identity_email, identity_email, "owner")
    return made


def suspend(who: Actor, organisation: Kept) -> None:
    """Close an organisation: the next request of everybody in it is refused, and no job of it runs. Raises `Conflict`."""
    _settle(who, organisation, clock.now(), "platform.organisation.suspend")


def resume(who: Actor, organisation: Kept) -> None:
    """Open it again. Raises `Conflict`."""
    _settle(who, organisation, None, "platform.organisation.resume")


def _settle(who: Actor, organisation: Kept, moment: datetime | None, action: str) -> None:
    with acting(organisation.place, who, channel="page"):
        row = session().get_one(Row, organisation.id, with_for_update=True)
        if (row.suspended_at is None) == (moment is None):
            raise Conflict(_("This organisation is suspended already.") if moment else _("This organisation is not suspended."))
        row.suspended_at = moment
        session().flush()
    _note(action, organisation.place, who)


def trail(organisation: Kept) -> Sequence[Any]:
    """What was done to an organisation from above, newest first."""
    with acting(Organisation(PLATFORM_ID, "", ""), SYSTEM):
        query = select(AuditEntry).where(AuditEntry.organisation_id == PLATFORM_ID, AuditEntry.record_id == organisation.id)
        return audit.shown(session().scalars(query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(50)).all())


def close(who: Actor, organisation: Kept, reason: str, typed: str) -> datetime:
    """Let an organisation be deleted once the holding period is over; its owners are told. Raises `Invalid`, `Conflict`."""
    if organisation.suspended:
        raise Conflict(_("It is suspended. Open it again first, so that its owners can take their content along."))
    with acting(organisation.place, who, channel="page"):
        return closing.ask(reason, typed, days=settings.holding_days(), by=who.name)


def reopen(who: Actor, organisation: Kept) -> None:
    """Take the deletion back while there is time. Raises `Conflict`."""
    with acting(organisation.place, who, channel="page"):
        closing.withdraw(who.name)


def set_up(who: Actor, *, own: bool, days: int) -> None:
    """Say whether anybody signed in may make an organisation of their own, and how long a deletion waits. Raises `Invalid`."""
    if not settings.SHORTEST <= days <= settings.LONGEST:
        raise Invalid({"holding": [_("Between %(least)d and %(most)d days.", least=settings.SHORTEST, most=settings.LONGEST)]})
    for key, value in ((settings.OWN, own), (settings.HOLDING, days)):
        settings.put(who, key, value)
        audit.note("platform.setting.edit", platform=True, actor_id=who.id, context={"setting": key, "value": value})


def _note(action: str, place: Organisation, who: Actor) -> None:
    with acting(None, who, channel="page"):
        audit.note(action, platform=True, resource="platform.organisation", record_id=place.id, record_reference=place.slug)


def _moment(raw: str | None) -> datetime | None:
    return datetime.fromisoformat(raw) if raw else None
