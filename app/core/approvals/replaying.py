"""A version on records that exist: who would have decided each, how long it would have taken at the pace of those people, where it sticks.

Everybody agrees, and people, limits and calendars are those of today. Nothing is written.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median, quantiles
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from app.core import forms, workflow
from app.core.approvals import timing
from app.core.approvals.approvers import Directory
from app.core.approvals.judging import Judge, context
from app.core.approvals.legs import name_of
from app.core.approvals.models import ApprovalRequest, ApprovalSeat
from app.core.approvals.requests import makers_of
from app.core.approvals.stuck import ANSWERED, PERIOD
from app.core.workflow import About, Chosen, Graph, Order, Standing
from app.kernel import clock
from app.kernel.db import session
from app.kernel.errors import Conflict
from app.kernel.manifest import Approval

MOST_STEPS = 200
SHOWN_PEOPLE, SHOWN_STUCK = 5, 20
AT_ONCE, THROUGH, REFUSED, STUCK = "at_once", "through", "refused", "stuck"


@dataclass
class AtStep:
    """What one step came to: how often it was asked, how that ended, whom it asked, and how long they take."""

    name: str
    asked: int = 0
    in_time: int = 0
    late: int = 0
    unknown: int = 0
    nobody: int = 0
    people: Counter[UUID] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


class Replay:
    """What records come to on a graph: at_once, through, refused or stuck. `took` are the seconds of those that went through."""

    def __init__(self, approval: Approval, graph: Graph) -> None:
        self.approval, self.graph = approval, graph
        self.directory, self.pace = Directory(), Pace(approval.key)
        self.steps = {path: AtStep(name_of(step)) for path, step in graph.every() if step.kind in workflow.ASKING}
        self.forms = forms.titles()
        self.ended: Counter[str] = Counter()
        self.took: list[float] = []
        self.stuck: list[tuple[str, str]] = []

    def take(self, record: Any, requester: UUID, asked_at: datetime) -> str:
        """Take a record through the graph, as somebody asked for it then; gives how it ended."""
        walk = _Walk(self, record, requester, asked_at)
        ended = walk.go()
        self.ended[ended] += 1
        self.took += [walk.seconds] if ended == THROUGH else []
        return ended

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        return {"records": self.ended.total(), **{name: self.ended[name] for name in (AT_ONCE, THROUGH, REFUSED, STUCK)},
                "median": median(self.took) if self.took else None, "p90": _p90(self.took), "stuck_at": self.stuck[:SHOWN_STUCK],
                "steps": [_step_kept(path, step) for path, step in self.steps.items()]}


class Pace:
    """How long people take to answer, from being asked: the median of each over the last 90 days, of the approval, and of everybody."""

    def __init__(self, approval: str) -> None:
        self.approval = approval

    def of(self, member_id: UUID) -> float | None:
        """Seconds; of somebody who answered nothing, what is usual there; None where nobody ever answered."""
        return self._members.get(member_id, self._usual)

    def step(self, chosen: Chosen) -> tuple[float | None, list[UUID]]:
        """After how many seconds enough of those who are asked have answered, and who they are."""
        paces = {member: self.of(member) for member in chosen.members}
        first = sorted(chosen.members, key=lambda member: paces[member] or 0.0)[:chosen.needs]
        known = [pace for member in first if (pace := paces[member]) is not None]
        return (max(known) if known else None), first

    @cached_property
    def _members(self) -> dict[UUID, float]:
        return {row[0]: float(row[1]) for row in session().execute(self._query(ApprovalSeat.member_id).group_by(ApprovalSeat.member_id))}

    @cached_property
    def _usual(self) -> float | None:
        there = session().scalar(self._query().where(ApprovalRequest.approval == self.approval))
        found = there if there is not None else session().scalar(self._query())
        return None if found is None else float(found)

    def _query(self, *columns: Any) -> Any:
        seconds = func.extract("epoch", ApprovalSeat.settled_at - ApprovalSeat.asked_at)
        return select(*columns, func.percentile_cont(0.5).within_group(seconds)).select_from(ApprovalSeat).join(ApprovalRequest, and_(
            ApprovalRequest.organisation_id == ApprovalSeat.organisation_id, ApprovalRequest.id == ApprovalSeat.request_id)).where(
            ApprovalSeat.state.in_(ANSWERED), ApprovalSeat.settled_at > clock.now() - PERIOD)


class _Walk:
    """One record on its way."""

    def __init__(self, replay: Replay, record: Any, requester: UUID, begin: datetime) -> None:
        self.replay, self.graph, self.record = replay, replay.graph, record
        self.judge = Judge(replay.approval, replay.directory.limits, requester)
        self.begin = self.now = begin
        self.due: list[tuple[datetime, str, int]] = []
        self.decided: set[UUID] = set()
        self.asked = False
        self.standing = Standing()

    @property
    def seconds(self) -> float:
        """How long it has been on its way."""
        return (self.now - self.begin).total_seconds()

    def go(self) -> str:
        """Go on until it ends; gives how."""
        holds = self.judge.of(self.record)
        move = workflow.begin(self.graph, holds)
        for _count in range(MOST_STEPS):
            self.standing = move.standing
            if ended := self._orders(move.orders):
                return ended
            self.now, path, visit = heapq.heappop(self.due)
            move = workflow.happened(self.graph, self.standing, path, visit, self.graph.place(path)[1].good, holds)
        return STUCK

    def _orders(self, orders: Iterable[Order]) -> str:
        """Carry them out; gives how it ended, if it did."""
        for order in orders:
            if order.kind == "effect":
                return THROUGH if self.asked else AT_ONCE
            if order.kind == "end":
                return REFUSED
            if order.kind == "ask" and not self._ask(order):
                return STUCK
            if order.kind in ("wait", "publish"):
                step = self.graph.place(order.path)[1]
                until = timing.waits_until(step, self.record, self.now) if order.kind == "wait" else self.now
                heapq.heappush(self.due, (max(until, self.now), order.path, order.visit))
            if order.kind == "stop":
                self.due = [each for each in self.due if each[1:] != (order.path, order.visit)]
                heapq.heapify(self.due)
        return "" if self.due else STUCK

    def _ask(self, order: Order) -> bool:
        """Ask those whom the step means, at their pace; false where there is nobody."""
        step, at = self.graph.place(order.path)[1], self.replay.steps[order.path]
        at.asked, self.asked = at.asked + 1, True
        barred = {UUID(each) for each in makers_of(self.record, self.judge.requester)} | (self.decided if step.four_eyes else set())
        about = About(self.record, self.judge.requester, self.judge.actor, context(self.standing.said(), 1))
        if step.kind == "form" and step.form not in self.replay.forms:
            return self._nobody(at)
        try:
            chosen = workflow.choose(self.replay.directory, step, about, barred)
        except Conflict:
            return self._nobody(at)
        at.people.update(chosen.members)
        seconds, first = self.replay.pace.step(chosen)
        self.decided |= set(first)
        done = self.now + timedelta(seconds=seconds or 0)
        if seconds is None:
            at.unknown += 1
        elif step.limit is not None and done > timing.ends(step.limit, self.record, self.now):
            at.late += 1
        else:
            at.in_time += 1
        at.seconds += [] if seconds is None else [seconds]
        heapq.heappush(self.due, (done, order.path, order.visit))
        return True

    def _nobody(self, at: AtStep) -> bool:
        """Nobody can answer at a step: it sticks there."""
        at.nobody += 1
        self.replay.stuck.append((self.record.reference, at.name))
        return False


def _step_kept(path: str, step: AtStep) -> dict[str, Any]:
    return {"path": path, "name": step.name, "asked": step.asked, "in_time": step.in_time, "late": step.late, "unknown": step.unknown,
            "nobody": step.nobody, "median": median(step.seconds) if step.seconds else None,
            "people": [[str(member), count] for member, count in step.people.most_common(SHOWN_PEOPLE)],
            "more": max(len(step.people) - SHOWN_PEOPLE, 0)}


def _p90(seconds: list[float]) -> float | None:
    if len(seconds) < 2:
        return seconds[0] if seconds else None
    return quantiles(seconds, n=10, method="inclusive")[-1]

