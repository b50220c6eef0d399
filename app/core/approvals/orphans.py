"""Nothing waits for nobody: each night every open step is looked at, and where nobody is left who could decide, administrators are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from flask_babel import ngettext
from sqlalchemy import ColumnElement, func, select, update

from app.core import audit, notifications, people
from app.core.approvals import filling
from app.core.approvals.approvers import Directory
from app.core.approvals.legs import open_legs
from app.core.approvals.models import ASIDE, ApprovalRequest, ApprovalSeat, Seat, State
from app.core.approvals.running import added_among, given_among
from app.core.approvals.seats import place_of
from app.core.approvals.stuck import seen
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session, unit_of_work

AT_ONCE = 500
MOST_SHOWN = 20
NEEDS = "workflow.workflow_version.activate"


def prove() -> int:
    """Look at every open request of the organisation; gives how many nobody can decide. Those found now are told and audited."""
    found, fresh, after = 0, 0, UUID(int=0)
    while True:
        with unit_of_work() as work:
            query = select(ApprovalRequest).where(ApprovalRequest.state == State.OPEN, ApprovalRequest.id > after)
            portion = list(work.scalars(query.order_by(ApprovalRequest.id).limit(AT_ONCE)))
            if not portion:
                break
            after, orphans = portion[-1].id, orphans_among(portion)
            found, fresh = found + len(orphans), fresh + _written(portion, orphans)
    if fresh:
        with unit_of_work():
            _tell(found)
    return found


def orphans_among(requests: Sequence[ApprovalRequest]) -> dict[UUID, list[str]]:
    """By request, the open steps that too few are left to decide, by name; a request at which no step is open at all is among them."""
    active, seats = set(Directory().members), _seats(requests)
    found = {request.id: _orphaned(request, seats[request.id], active) for request in requests}
    return {key: names for key, names in found.items() if names is not None}


def count() -> int:
    """How many requests nobody can decide, as the last night saw it."""
    return session().scalar(select(func.count()).select_from(ApprovalRequest).where(*_known())) or 0


def listed() -> Sequence[ApprovalRequest]:
    """Those of the records that the reader may see, the oldest first."""
    query = select(ApprovalRequest).where(*_known(), seen())
    return session().scalars(query.order_by(ApprovalRequest.nobody_since, ApprovalRequest.id).limit(MOST_SHOWN)).all()


def _orphaned(request: ApprovalRequest, seats: list[ApprovalSeat], active: set[UUID]) -> list[str] | None:
    legs = open_legs(request)
    if not legs:
        return []
    names = []
    for number, leg in legs:
        here = [seat for seat in seats if seat.level == number and seat.asked not in ASIDE]
        able = {place_of(seat) for seat in here if seat.state == Seat.WAITING and seat.member_id in active
                and str(seat.member_id) not in request.makers}
        voices, added = able | given_among(here), added_among(here)
        few = leg.kind != "wait" and (not able or not added <= voices or len(voices - added) < leg.needs)
        if few or filling.missing(request, leg):
            names.append(leg.name)
    return names or None


def _seats(requests: Iterable[ApprovalRequest]) -> dict[UUID, list[ApprovalSeat]]:
    """The seats of the present round, by request."""
    rounds, found = {request.id: request.round for request in requests}, defaultdict(list)
    for seat in session().scalars(select(ApprovalSeat).where(ApprovalSeat.request_id.in_(rounds))):
        if seat.round == rounds[seat.request_id]:
            found[seat.request_id].append(seat)
    return found


def _written(portion: Sequence[ApprovalRequest], orphans: dict[UUID, list[str]]) -> int:
    """Keep and audit what is new, and what is mended; gives how many are new."""
    new = [request for request in portion if request.id in orphans and request.nobody_since is None]
    mended = [request for request in portion if request.id not in orphans and request.nobody_since is not None]
    for requests, since, verb in ((new, clock.now(), "nobody"), (mended, None, "somebody")):
        if requests:
            session().execute(update(ApprovalRequest).where(ApprovalRequest.id.in_([each.id for each in requests])).values(
                nobody_since=since).execution_options(synchronize_session=False, audited_otherwise=True))
        for each in requests:
            audit.note(f"approvals.approval_request.{verb}", resource="approvals.approval_request", record=each,
                       context={"record": each.record_reference, "steps": orphans.get(each.id, [])})
    return len(new)


def _tell(found: int) -> None:
    """Once a day at most, whoever may change workflows."""
    today, place = clock.today(current.organisation.timezone), f"/{current.organisation.slug}/inbox/stuck#nobody"

    def said() -> str:
        return ngettext("%(num)d request waits for nobody", "%(num)d requests wait for nobody", found)

    for actor in people.able(NEEDS):
        notifications.notify(actor.id, "approval", said, place, key=f"nobody:{today}:{actor.id}")


def _known() -> tuple[ColumnElement[bool], ...]:
    return ApprovalRequest.state == State.OPEN, ApprovalRequest.nobody_since.is_not(None)
