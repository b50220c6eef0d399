"""Asking that an organisation be deleted, and taking that back while there is time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select, text

from app.core import audit, mail
from app.core.organisations import Organisation
from app.core.people import with_role
from app.core.platform.settings import SHORTEST
from app.kernel import clock, jobs
from app.kernel.current import PLATFORM_ID, SYSTEM, acting, current
from app.kernel.db import session
from app.kernel.delivery import bare
from app.kernel.errors import Conflict, Invalid
from app.kernel.jobs import Job
from app.kernel.kinds import show_moment

SHORTEST_REASON, LONGEST_REASON = 10, 500
REMINDERS = (7, 1)  # days before
ERASE, REMIND = "app.core.closing.erasing:erase", "app.core.closing.services:remind"
_CLOSE, _REOPEN = text("SELECT organisation_close(:days)"), text("SELECT organisation_reopen()")


def ask(reason: str, typed: str, *, days: int, by: str) -> datetime:
    """Close the organisation at hand for work, and let it be deleted after so many days; its owners are told. Gives the moment.

    Raises `Invalid`, and `Conflict` while a legal hold stands or when it was asked for already.
    """
    row = _locked()
    _check(row, reason, typed)
    row.erase_reason, row.erase_asked_at, row.erase_asked_by = reason.strip()[:LONGEST_REASON], clock.now(), by
    session().flush()
    moment: datetime | None = session().execute(_CLOSE, {"days": max(days, SHORTEST)}).scalar()
    if moment is None:
        raise Conflict(_("The deletion was asked for already."))
    session().refresh(row)
    _note("platform.organisation.close", row, {"erase_after": moment, "reason": row.erase_reason})
    _plan(row.id, moment)
    tell(row, "asked")
    session().flush()
    return moment


def withdraw(by: str) -> None:
    """Open the organisation for work again. Raises `Conflict` when nothing was asked, or when the moment has passed."""
    row = _locked()
    if row.erase_after is None:
        raise Conflict(_("Nobody asked for the deletion."))
    if not session().execute(_REOPEN).scalar():
        raise Conflict(_("It is too late: the deletion has begun."))
    row.erase_reason, row.erase_asked_at, row.erase_asked_by = "", None, ""
    session().flush()
    session().refresh(row)
    _note("platform.organisation.reopen", row, {})
    _unplan(row.id)
    tell(row, "withdrawn", by=by)
    session().flush()


def remind(moment: str) -> None:
    """Tell the owners that the day comes nearer; the job of a reminder, for the moment that held when it was planned."""
    row = session().get_one(Organisation, current.organisation.id)
    if row.erase_after is not None and row.erase_after == datetime.fromisoformat(moment):
        tell(row, "remind")
    session().commit()


def tell(row: Organisation, what: str, *, by: str = "") -> None:
    """Write to every owner: that it was asked, that it comes nearer, or that it was withdrawn."""
    moment = row.erase_after
    path = f"/{row.slug}/settings/deletion"
    for owner in with_role("owner"):
        mail.send(owner, "closing", _words(what, row, by, moment, path), key=f"closing:{what}:{clock.now().isoformat()}:{owner.id}")


def _words(what: str, row: Organisation, by: str, moment: datetime | None, path: str) -> Any:
    base = str(current_app.extensions["settings"].base_url)
    return lambda: {"what": what, "organisation_name": row.name, "by": by or row.erase_asked_by, "reason": row.erase_reason,
                    "day": show_moment(moment) if moment else "", "url": base + path}


def _locked() -> Organisation:
    return session().get_one(Organisation, current.organisation.id, with_for_update=True, populate_existing=True)


def _check(row: Organisation, reason: str, typed: str) -> None:
    errors = {}
    if len(reason.strip()) < SHORTEST_REASON:
        errors["reason"] = [_("Say why, in %(least)d characters or more.", least=SHORTEST_REASON)]
    if typed.strip() != row.name:
        errors["typed"] = [_("This is not the name of the organisation. Type it exactly: %(name)s", name=row.name)]
    if errors:
        raise Invalid(errors)
    if row.erase_after is not None:
        raise Conflict(_("The deletion was asked for already."))
    if audit.held():
        raise Conflict(_("A legal hold stands here. As long as it does, nothing is deleted."))


def _plan(organisation_id: UUID, moment: datetime) -> None:
    """The reminders belong to the organisation; the deletion is the platform's, since it outlives the organisation."""
    for days in REMINDERS:
        due = moment - timedelta(days=days)
        if due > clock.now():
            jobs.enqueue(REMIND, moment.isoformat(), title=_("Reminder of the deletion"), due_at=due, quiet=True,
                         key=f"closing:{moment.isoformat()}:{days}")
    with acting(bare(PLATFORM_ID), SYSTEM):
        jobs.enqueue(ERASE, str(organisation_id), title="Delete an organisation", key=_key(organisation_id), due_at=moment, attempts=1000,
                     quiet=True)


def _unplan(organisation_id: UUID) -> None:
    with acting(bare(PLATFORM_ID), SYSTEM):
        waiting = select(Job.id).where(Job.key == _key(organisation_id), Job.state.in_(jobs.OPEN))
        for job_id in session().scalars(waiting).all():
            jobs.cancel(job_id)
        session().flush()


def _key(organisation_id: UUID) -> str:
    return f"erase:{organisation_id}"


def _note(action: str, row: Organisation, context: dict[str, Any]) -> None:
    """In the organisation's own trail, and in the platform's, which outlives it."""
    audit.note(action, resource="platform.organisation", record_id=row.id, record_reference=row.slug, context=context)
    audit.note(action, platform=True, resource="platform.organisation", record_id=row.id, record_reference=row.slug,
               context={name: said for name, said in context.items() if name != "reason"})

