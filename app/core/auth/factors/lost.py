"""Lost factors: the person asks, two different administrators agree, and after a delay in which it can be stopped they begin anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select, update

from app.core import access, audit, notifications, people
from app.core.auth import links, mails
from app.core.auth.factors.enrolling import remove_all
from app.core.auth.factors.models import LostFactor
from app.core.auth.models import Identity
from app.core.auth.policy import policy_of
from app.core.auth.seats import member_in
from app.core.auth.sessions import end_sessions, organisations_of
from app.core.organisations import load_organisation
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting, current
from app.kernel.db import as_identity, session
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound

NEEDS, LONGEST, WEEK = "people.member.edit", 500, timedelta(days=7)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ASKED = mails.Kind(
    _l("Somebody says that you lost your second factor"),
    _l("Somebody who knows the password of %(email)s asked to set up a new second factor. Two administrators of %(organisation)s have to "
       "agree, and then it takes %(hours)s hours. If it was not you, stop it now and choose another password."),
    _l("Stop it"), "/sign-in/lost/", links.LOST, WEEK)
AGREED = mails.Kind(
    _l("Your second factor will be removed"),
    _l("Two administrators of %(organisation)s agreed that %(email)s begins anew with a second factor, in %(hours)s hours. "
       "If you did not ask for it, stop it now and choose another password."),
    _l("Stop it"), "/sign-in/lost/", links.LOST, WEEK, where=False)


def seats(identity_id: UUID) -> list[tuple[Organisation, Member]]:
    """Where somebody is one of the own people: all of these rely on their factors. For whom an agency sends, the agency answers."""
    found = []
    for place in organisations_of(identity_id):
        organisation = load_organisation(place.id)
        member = member_in(organisation, identity_id) if organisation else None
        if organisation is not None and member is not None and member.agency_id is None:
            found.append((organisation, member))
    return found


def ask(identity_id: UUID, reason: str, *, source: str) -> None:
    """Ask the administrators of all of one's organisations. Raises `Invalid`; `Conflict` when it was asked everywhere already."""
    if not reason.strip():
        raise Invalid({"reason": [_("This is needed.")]})
    asked = [_ask_in(organisation, member, identity_id, reason, source) for organisation, member in seats(identity_id)]
    if not any(asked):
        raise Conflict(_("You asked already. Two administrators have to agree."))


def _ask_in(organisation: Organisation, member: Member, identity_id: UUID, reason: str, source: str) -> bool:
    """Whether it was not asked there already."""
    with acting(organisation, SYSTEM):
        if session().scalars(_open_of(identity_id)).first():
            return False
        asked = LostFactor(member_id=member.id, identity_id=identity_id, reason=reason.strip()[:LONGEST], source=source)
        session().add(asked)
        session().flush()
        _note("asked", asked)
        for other in _administrators():
            if other != member.id:
                notifications.notify(other, "lost_factor", lambda: _("%(name)s lost their second factor", name=member.name),
                                     f"/{organisation.slug}/settings/lost-factors", critical=True)
        _tell(asked, ASKED)
    return True


def _open_of(identity_id: UUID) -> Select[tuple[LostFactor]]:
    return select(LostFactor).where(LostFactor.identity_id == identity_id, LostFactor.ended_at.is_(None))


def _administrators() -> list[UUID]:
    """The members who may agree: those in a role that may change members, who can act at all."""
    return [actor.id for actor in people.able(NEEDS)]


def waiting() -> list[LostFactor]:
    """What waits here: for an administrator, or for its hour."""
    return list(session().scalars(select(LostFactor).where(LostFactor.ended_at.is_(None)).order_by(LostFactor.asked_at)))


def agree(lost_id: UUID) -> LostFactor:
    """Vouch for the person. Raises `Forbidden` for oneself, `Conflict` for a second time or when it is decided."""
    asked = _open(lost_id)
    if asked.first_by == current.user.id:
        raise Conflict(_("You agreed already. Somebody else has to agree too."))
    if asked.second_by is not None:
        raise Conflict(_("Two administrators agreed already."))
    if asked.first_by is None:
        asked.first_by, asked.first_at = current.user.id, clock.now()
    else:
        asked.second_by, asked.due_at = current.user.id, clock.now() + timedelta(hours=_hours(asked.identity_id))
        _tell(asked, AGREED)
    _note("agreed", asked)
    session().flush()
    return asked


def refuse(lost_id: UUID) -> None:
    """Say no; it ends at once, here and wherever else it was asked. Raises `Forbidden` for oneself."""
    asked = _open(lost_id)
    _end(asked, "refused", current.user.id)
    stop_all(asked.identity_id)


def _open(lost_id: UUID) -> LostFactor:
    access.require(current.user, NEEDS)
    asked = session().get(LostFactor, (current.organisation.id, lost_id), with_for_update=True, populate_existing=True)
    if asked is None:
        raise NotFound
    if asked.ended_at is not None:
        raise Conflict(_("This was decided already."))
    if current.user.identity_id == asked.identity_id:
        raise Forbidden(_("Others have to vouch for you."))
    return asked


def stop(link: links.Opened) -> bool:
    """Stop it everywhere by the link in the mail of one organisation; False when there is nothing to stop any more."""
    organisation = load_organisation(UUID(link.about["organisation"]))
    if organisation is None or not links.use(link):
        return False
    with acting(organisation, SYSTEM):
        asked = session().get(LostFactor, (organisation.id, UUID(link.about["lost"])), with_for_update=True, populate_existing=True)
        if asked is None or asked.ended_at is not None:
            return False
        _end(asked, "stopped", None)
    stop_all(link.identity_id)
    return True


def stop_all(identity_id: UUID) -> int:
    """Stop what was asked for somebody anywhere: it was not them. Gives how many."""
    stopped = 0
    for place in organisations_of(identity_id):
        organisation = load_organisation(place.id)
        if organisation is None:
            continue
        with acting(organisation, SYSTEM):
            for asked in session().scalars(_open_of(identity_id)):
                _end(asked, "stopped", None)
                stopped += 1
    return stopped


def take_effect(identity_id: UUID) -> bool:
    """Remove the factors of somebody whose hour has come in every organisation that relies on them. True when they begin anew.

    Asked at their next sign-in with their own password.
    """
    due = [(organisation, _due_in(organisation, identity_id)) for organisation, _member in seats(identity_id)]
    if not due or not all(asked for _organisation, asked in due):
        return False
    for organisation, asked in due:
        with acting(organisation, SYSTEM):
            _end(cast("LostFactor", asked), "done", None)
    remove_all(identity_id)
    end_sessions(identity_id)
    with as_identity(identity_id):
        session().execute(update(Identity).where(Identity.id == identity_id).values(factor_asked_at=LONG_AGO)
                          .execution_options(synchronize_session=False))
    return True


def _due_in(organisation: Organisation, identity_id: UUID) -> LostFactor | None:
    with acting(organisation, SYSTEM):
        return session().scalars(_open_of(identity_id).where(LostFactor.due_at <= clock.now()).with_for_update()).first()


def _end(asked: LostFactor, outcome: str, who: UUID | None) -> None:
    asked.ended_at, asked.ended_by, asked.outcome = clock.now(), who, outcome
    session().flush()
    _note(outcome, asked)


def _note(what: str, asked: LostFactor) -> None:
    audit.note(f"auth.lost_factor.{what}", resource="auth.lost_factor", record_id=asked.id,
               context={"identity": asked.identity_id, "member": asked.member_id, "source": asked.source})


def _tell(asked: LostFactor, kind: mails.Kind) -> None:
    mails.tell(asked.identity_id, kind, about={"organisation": str(current.organisation.id), "lost": str(asked.id)},
               organisation=current.organisation.name, hours=str(_hours(asked.identity_id)))


def _hours(identity_id: UUID) -> int:
    """The longest delay of all organisations of the person."""
    return int(max(policy_of(identity_id).values("auth.lost_factor_hours")))
