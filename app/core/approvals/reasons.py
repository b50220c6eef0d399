"""Why somebody who stands in for another does not decide this now: it has not begun, it is over, or it is about something else."""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.approvals import standing, words
from app.core.approvals.approvers import Directory
from app.core.approvals.models import ASIDE, ApprovalDelegation, ApprovalRequest, ApprovalSeat, Seat
from app.core.approvals.standing import StandIn
from app.core.calendar import Absence
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.kinds import show_moment
from app.kernel.records import Record
from app.kernel.registry import registry


def why_not_now(request: ApprovalRequest, member_id: UUID) -> str:
    """For somebody who stood in at a request, or will: what ended, or when it begins. Empty for everybody else."""
    return _why_no_more(request, member_id) or _why_not_yet(request, member_id)


def _why_no_more(request: ApprovalRequest, member_id: UUID) -> str:
    seat = session().scalars(select(ApprovalSeat).where(
        ApprovalSeat.request_id == request.id, ApprovalSeat.member_id == member_id, standing.is_over()).order_by(
        ApprovalSeat.asked_at.desc()).limit(1)).first()
    if seat is None or seat.for_member_id is None:
        return ""
    name = words.people([seat.for_member_id])[seat.for_member_id]
    given, away = _by(ApprovalDelegation, seat.delegation_id), _by(Absence, seat.delegation_id)
    if isinstance(given, ApprovalDelegation) and given.ended_at is not None:
        return _("You decided for %(name)s until %(moment)s.", name=name, moment=show_moment(given.ended_at))
    if isinstance(given, ApprovalDelegation) and given.ends_on < clock.today(current.organisation.timezone):
        return _("You decided for %(name)s until %(moment)s.", name=name, moment=fields_of(ApprovalDelegation)["ends_on"].display(given))
    if isinstance(away, Absence) and away.ends_at <= clock.now():
        return _("%(name)s is back since %(moment)s and decides again.", name=name, moment=show_moment(away.ends_at))
    return _("You decide for %(name)s no more.", name=name)


def _why_not_yet(request: ApprovalRequest, member_id: UUID) -> str:
    waits = set(session().scalars(select(ApprovalSeat.member_id).where(
        ApprovalSeat.request_id == request.id, ApprovalSeat.round == request.round, ApprovalSeat.state == Seat.WAITING,
        ApprovalSeat.asked.not_in(ASIDE))))
    if not waits:
        return ""
    directory, record = Directory(), _record(request)
    for planned, begins in _planned(member_id, waits):
        if standing.covers(directory, planned, request, record):
            name = words.people([planned.member_id])[planned.member_id]
            return _("You decide for %(name)s from %(moment)s on.", name=name, moment=begins)
    return ""


def _planned(member_id: UUID, waits: set[UUID]) -> list[tuple[StandIn, str]]:
    """By what a member will stand in for those who are asked, and from when on, the nearest first."""
    today, now = clock.today(current.organisation.timezone), clock.now()
    given = session().scalars(select(ApprovalDelegation).where(
        ApprovalDelegation.delegate_id == member_id, ApprovalDelegation.member_id.in_(waits), ApprovalDelegation.starts_on > today,
        ApprovalDelegation.ended_at.is_(None), ApprovalDelegation.archived_at.is_(None)).order_by(ApprovalDelegation.starts_on))
    away = session().scalars(select(Absence).where(
        Absence.cover_id == member_id, Absence.member_id.in_(waits), Absence.starts_at > now, Absence.archived_at.is_(None)).order_by(
        Absence.starts_at))
    begins = fields_of(ApprovalDelegation)["starts_on"]
    return [*((StandIn.of_delegation(each), begins.display(each)) for each in given),
            *((StandIn.of_absence(each), show_moment(each.starts_at)) for each in away)]


def _by(model: type[Record], wanted: UUID | None) -> Record | None:
    return session().get(model, (current.organisation.id, wanted)) if wanted else None


def _record(request: ApprovalRequest) -> Record | None:
    return session().get(registry.resource(request.resource).model, (request.organisation_id, request.record_id))
