"""Where it is stuck: for each step what waits and how long it usually takes, and with whom most of it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, Subquery, and_, case, false, func, select
from sqlalchemy import cast as as_type

from app.core import access
from app.core.approvals.legs import Leg, name_of
from app.core.approvals.models import ASIDE, ApprovalRequest, ApprovalSeat, Seat, State
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.registry import registry

OVERSEE = "approvals.queue.oversee"
PERIOD = timedelta(days=90)
ANSWERED = (Seat.APPROVED, Seat.RETURNED, Seat.REJECTED)
MOST_PEOPLE, MOST_REQUESTS = 8, 8


@dataclass(frozen=True)
class Step:
    """One step of one approval: how many requests wait there, how many of them too long, since when the oldest, and how long an answer
    takes in the middle and for the slowest tenth (None before anybody answered)."""

    approval: str
    leg: Leg
    waiting: int
    late: int
    oldest: datetime | None
    median: timedelta | None
    p90: timedelta | None
    answers: int

    @property
    def name(self) -> str:
        """What it is called."""
        return name_of(self.leg)


@dataclass(frozen=True)
class Holder:
    """Somebody with whom requests lie."""

    member_id: UUID
    waiting: int
    late: int
    oldest: datetime


def steps() -> list[Step]:
    """The steps at which something waits, or was answered lately; those with the most that is late first."""
    waits = {(row[0], row[1]): row for row in session().execute(_waiting())}
    took = {(row[0], row[1]): row for row in session().execute(_taken())}
    found = [_step(key, waits.get(key), took.get(key)) for key in {**waits, **took}]
    return sorted(found, key=lambda step: (-step.late, -step.waiting, step.approval, step.leg.path))


def holders() -> list[Holder]:
    """The people with whom the most lies too long."""
    late = func.count(ApprovalSeat.request_id.distinct()).filter(ApprovalSeat.due_at < clock.now())
    all_ = func.count(ApprovalSeat.request_id.distinct())
    rows = session().execute(select(ApprovalSeat.member_id, all_, late, func.min(ApprovalSeat.asked_at)).where(
        ApprovalSeat.state == Seat.WAITING, ApprovalSeat.asked.not_in(ASIDE)).group_by(ApprovalSeat.member_id).order_by(
        late.desc(), all_.desc(), ApprovalSeat.member_id).limit(MOST_PEOPLE))
    return [Holder(*row) for row in rows]


def longest() -> Sequence[ApprovalRequest]:
    """The requests that wait the longest beyond their limit, of the records that the reader may see."""
    query = select(ApprovalRequest).where(ApprovalRequest.state == State.OPEN, ApprovalRequest.due_at < clock.now(), seen())
    return session().scalars(query.order_by(ApprovalRequest.due_at, ApprovalRequest.id).limit(MOST_REQUESTS)).all()


def seen() -> ColumnElement[bool]:
    """That a request is about a record that the reader may see."""
    found = [and_(ApprovalRequest.resource == resource.key, ApprovalRequest.record_id.in_(
        select(resource.model.id).where(access.visible(resource, current.user))))  # type: ignore[attr-defined]
        for resource in registry if any(action.approval for action in resource.actions)]
    return func.coalesce(case(*((each, 1) for each in found)), 0) == 1 if found else false()


def _seats(*where: ColumnElement[bool]) -> Subquery:
    """Seats with the approval and the leg that they are about."""
    leg = ApprovalRequest.steps[as_type(ApprovalSeat.level - 1, Integer)]
    path = func.coalesce(leg["path"].astext, func.concat("level_", ApprovalSeat.level))  # one from before has no addresses
    return select(
        ApprovalRequest.approval, ApprovalRequest.id, path.label("path"), leg["label"].astext.label("label"),
        ApprovalSeat.due_at, ApprovalSeat.asked_at, ApprovalSeat.settled_at).join(ApprovalSeat, and_(
            ApprovalSeat.organisation_id == ApprovalRequest.organisation_id, ApprovalSeat.request_id == ApprovalRequest.id)).where(
        *where).subquery()


def _waiting() -> Select[Any]:
    seats = _seats(ApprovalRequest.state == State.OPEN, ApprovalSeat.state == Seat.WAITING, ApprovalSeat.round == ApprovalRequest.round,
                   ApprovalSeat.asked.not_in(ASIDE)).c
    requests = func.count(seats.id.distinct())
    return select(seats.approval, seats.path, func.min(seats.label), requests, requests.filter(seats.due_at < clock.now()),
                  func.min(seats.asked_at)).group_by(seats.approval, seats.path)


def _taken() -> Select[Any]:
    """How long answers took: from the moment somebody was asked to their answer."""
    seats = _seats(ApprovalSeat.state.in_(ANSWERED), ApprovalSeat.settled_at > clock.now() - PERIOD).c
    seconds = func.extract("epoch", seats.settled_at - seats.asked_at)
    return select(seats.approval, seats.path, func.min(seats.label), func.count(), func.percentile_cont(0.5).within_group(seconds),
                  func.percentile_cont(0.9).within_group(seconds)).group_by(seats.approval, seats.path)


def _step(key: tuple[str, str | None], waits: Any, took: Any) -> Step:
    approval, path = key
    label = next((row[2] for row in (waits, took) if row is not None and row[2]), "")
    lasted = [timedelta(seconds=float(each)) for each in took[4:6]] if took is not None else [None, None]
    return Step(approval, Leg(path or "", label=label), waits[3] if waits else 0, waits[4] if waits else 0, waits[5] if waits else None,
                lasted[0], lasted[1], took[3] if took else 0)
