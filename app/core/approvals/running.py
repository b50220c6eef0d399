"""A request on its graph: what an answer, a limit or an effect changes of where it stands, and the carrying out of what follows from it.

Everything here happens under the lock of the request. Who is asked becomes seats, an end becomes the state; the effect is owed by whoever
called, in the name of the decision that brought it about (`reached_effect`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from app.core import workflow
from app.core.approvals import standing as delegated
from app.core.approvals import timing
from app.core.approvals.approvers import Directory
from app.core.approvals.judging import Holds, Judge, context
from app.core.approvals.legs import AHEAD, OPEN, OVER, Leg, keep, kept, legs_of, standing_from_before, standing_of
from app.core.approvals.models import ASIDE, ApprovalRequest, ApprovalSeat, Asked, Colour, Seat, State
from app.core.approvals.seats import place_of, seat_row, seats_of
from app.core.workflow import About, Chosen, Graph, Order, Standing, Step
from app.kernel import clock
from app.kernel.errors import Conflict
from app.kernel.manifest import Approval
from app.kernel.registry import registry

MOST_LEGS = 100
RISKS = ("GREEN", "ORANGE", "RED")
ENDS = {"approved": State.EFFECTED, "rejected": State.REJECTED, "returned": State.RETURNED, "cancelled": State.CANCELLED,
        "failed": State.VOID}


class Run:
    """One request on the graph of its version."""

    def __init__(self, request: ApprovalRequest, record: Any, *, directory: Directory | None = None, judge: Judge | None = None,
                 graph: Graph | None = None, seats: list[ApprovalSeat] | None = None) -> None:
        self.request, self.record = request, record
        self.directory = directory or Directory()
        self.approval: Approval = registry.approvals[request.approval]
        self.judge = judge or Judge(self.approval, self.directory.limits, request.requested_by)
        self.holds = self.judge.of(record, request.round)
        self.legs = legs_of(request)
        if request.version_id is None:
            self.standing, self.graph = standing_from_before(request), workflow.graph_of(self.approval, request.action)
        else:
            self.standing, self.graph = standing_of(request.standing), graph or workflow.graph_of_version(request.version_id)
        self.rows: list[dict[str, Any]] = []
        self.reached_effect = False
        self._seats = seats

    def begin(self) -> None:
        """Start the round that is the request's now."""
        self.legs, self._seats = [], []
        self._take(workflow.begin(self.graph, self.holds))
        self.request.risk = colour_of(self.approval, self.record, [leg.colour for leg in self.legs])

    def happened(self, path: str, visit: int, outcome: str) -> None:
        """A step ended: go on from there."""
        self._close(path, visit)
        self._take(workflow.happened(self.graph, self.standing, path, visit, outcome, self.holds))

    def over_to(self, version_id: UUID, graph: Graph, planned: workflow.Plan) -> None:
        """Go on by another version: what is asked anew there is a new visit, what stays keeps its answers."""
        self.request.version_id, self.graph = version_id, graph
        self._take(workflow.moved(graph, self.standing, planned))

    def answered(self, seat: ApprovalSeat, outcome: str) -> None:
        """Somebody answered at a leg, and their seat says so already: the step ends once enough have, or too many have not."""
        leg = self.legs[seat.level - 1]
        step = self.step(leg.path)
        ended = self._verdict(leg, step, seat, outcome)
        if ended:
            self.happened(leg.path, leg.visit, ended)
        else:
            self._settle([each for each in self.waiting(seat.level) if self._needless(leg, seat, place_of(each))], but=seat)

    def _needless(self, leg: Leg, answered: ApprovalSeat, place: UUID) -> bool:
        """Whether nobody need answer in a place: somebody did, or enough have but for those who were added."""
        added = added_among(self.seats(answered.level))
        enough = len(given_among(self.seats(answered.level)) - added) >= leg.needs
        return place == place_of(answered) or (enough and place not in added)

    def step(self, path: str) -> Step:
        """The step of an address."""
        return self.graph.place(path)[1]

    def seats(self, level: int | None = None) -> list[ApprovalSeat]:
        """The seats of this round, as they are here, those of one leg if asked."""
        if self._seats is None:
            self._seats = seats_of(self.request)
        return [seat for seat in self._seats if level is None or seat.level == level]

    def waiting(self, level: int) -> list[ApprovalSeat]:
        """The seats of a leg that have not decided."""
        return [seat for seat in self.seats(level) if seat.state == Seat.WAITING and seat.asked not in ASIDE]

    def choose(self, step: Step, *, but: Iterable[UUID] = ()) -> Chosen:
        """Whom a step asks today. Raises Conflict when there is nobody at all."""
        return workflow.choose(self.directory, step, self.about(), self.barred(step) | set(but))

    def barred(self, step: Step) -> set[UUID]:
        """Who never decides a step: those who made the record or ask for it, and where four eyes are wanted those who decided before."""
        makers = {UUID(each) for each in self.request.makers}
        return makers | (deciders_among(self.seats()) if step.four_eyes else set())

    def about(self) -> About:
        """What deciders are described by."""
        return About(self.record, self.request.requested_by, self.judge.actor, context(self.standing.said(), self.request.round))

    def _verdict(self, leg: Leg, step: Step, seat: ApprovalSeat, outcome: str) -> str:
        """How a step ended by what was answered; empty while it is open."""
        if outcome == "returned":
            return outcome
        here = [each for each in self.seats(seat.level) if each.asked not in ASIDE]
        added = added_among(here)
        if outcome == "rejected":
            refused = {place_of(each) for each in here if each.state == Seat.REJECTED}
            left = {place_of(each) for each in here if each.state in (Seat.WAITING, Seat.APPROVED)} - refused - added
            return "" if step.patient and not refused & added and len(left) >= leg.needs else outcome
        given = given_among(here)
        return step.good if added <= given and len(given - added) >= leg.needs else ""

    def _take(self, move: workflow.Move) -> None:
        """Carry out what follows, until nothing more does by itself."""
        self.standing = move.standing
        by_itself: list[Order] = []
        for order in move.orders:
            match order.kind:
                case "ask":
                    self._ask(order)
                case "wait":
                    self._wait(order)
                case "stop":
                    self._close(order.path, order.visit)
                case "submit":
                    self.request.state = State.RETURNED
                case "effect":
                    self.reached_effect = True
                case "publish":
                    by_itself.append(order)
                case "end":
                    self._end(order.path)
        opened = [leg for leg in self.legs if leg.state != AHEAD]
        ahead = [] if self.standing.result or self.reached_effect else forecast(self.graph, self.standing, self.holds)
        self.legs = opened + ahead
        if not any(leg.state == OPEN for leg in opened):
            self.request.paused_at = None
        self.keep()
        for order in by_itself:
            self.happened(order.path, order.visit, "done")

    def _ask(self, order: Order) -> None:
        step = self.step(order.path)
        chosen, now = self.choose(step), clock.now()
        leg = timing.begun(Leg(order.path, order.visit, step.kind, step.label, step.colour, chosen.needs, OPEN), step, self.record, now)
        number = self._open(leg)
        asked = Asked.GROUP if chosen.crowd else Asked.OWN
        due = leg.due_at or now
        rows = [seat_row(self.request, member, asked, due, level=number) for member in chosen.members]
        self.rows += delegated.handed_over(self.request, self.record, rows, self.directory, self.barred(step))

    def _wait(self, order: Order) -> None:
        step, now = self.step(order.path), clock.now()
        until = timing.waits_until(step, self.record, now).isoformat()
        self._open(Leg(order.path, order.visit, step.kind, step.label, "GREEN", 0, OPEN, due=until, next=until))

    def _open(self, leg: Leg) -> int:
        """Number a leg behind those that were opened before."""
        self.legs = [each for each in self.legs if each.state != AHEAD] + [leg]
        return len(self.legs)

    def _close(self, path: str, visit: int) -> None:
        for number, leg in enumerate(self.legs, 1):
            if leg.state == OPEN and (leg.path, leg.visit) == (path, visit):
                self.legs[number - 1] = replace(leg, state=OVER, next="")
                self._settle([seat for seat in self.seats(number) if seat.state == Seat.WAITING])
                self.rows = [row for row in self.rows if row["level"] != number]

    def _settle(self, seats: Sequence[ApprovalSeat], but: ApprovalSeat | None = None) -> None:
        for seat in seats:
            if seat is not but:
                seat.state, seat.settled_at = Seat.SETTLED, clock.now()

    def _end(self, result: str) -> None:
        self.request.state, self.request.paused_at = ENDS[result], None
        if self.request.state == State.EFFECTED:
            self.request.effected_at = clock.now()

    def keep(self) -> None:
        """Write where it stands, its legs and its version on the request."""
        self.request.version_id = self.request.version_id or workflow.version_declared(self.approval, self.request.action)
        self.request.standing = kept(self.standing)
        keep(self.request, self.legs, clock.now())


def forecast(graph: Graph, standing: Standing, holds: Holds) -> list[Leg]:
    """The steps that will ask somebody if everybody who is asked agrees, in their order."""
    found: list[Leg] = []
    while not standing.result and (waiting := standing.waiting()) and len(found) < MOST_LEGS:
        path = waiting[0]
        if graph.place(path)[1].kind == "effect":
            break
        move = workflow.happened(graph, standing, path, standing.steps[path].visit, graph.place(path)[1].good, holds)
        found += [_ahead(graph, order) for order in move.orders if order.kind == "ask"]
        standing = move.standing
    return found


def _ahead(graph: Graph, order: Order) -> Leg:
    step = graph.place(order.path)[1]
    needs = step.needs.value if step.needs.rule == "count" else 1
    return Leg(order.path, order.visit, step.kind, step.label, step.colour, needs)


def passes(graph: Graph, holds: Holds) -> bool:
    """Whether a record may go on at once: its effect is reached before anybody is asked. Raises Conflict where the graph says no."""
    move = workflow.begin(graph, holds)
    if move.standing.result in ("rejected", "cancelled", "failed"):
        raise Conflict(_("The workflow of this step does not allow it for this record."))
    return not move.standing.result and all(order.kind in ("effect", "publish") for order in move.orders)


def colour_of(approval: Approval, record: Any, colours: Sequence[str]) -> Colour:
    """What the approval says of this record, or the highest of its steps; an unknown kind is RED."""
    found = [approval.risk(record)] if approval.risk else colours
    if not found or any(each not in RISKS for each in found):
        return Colour.RED
    return Colour(max(found, key=RISKS.index))


def given_among(seats: Iterable[ApprovalSeat]) -> set[UUID]:
    """In whose places somebody has approved: a person and whoever stands in for them count once."""
    return {place_of(seat) for seat in seats if seat.state == Seat.APPROVED}


def added_among(seats: Iterable[ApprovalSeat]) -> set[UUID]:
    """Who was added as a further approver: somebody must approve in each of their places."""
    return {seat.member_id for seat in seats if seat.asked == Asked.ADDED}


def deciders_among(seats: Iterable[ApprovalSeat]) -> set[UUID]:
    """Who has approved, and in whose place: where four eyes are wanted none of them decides a further step."""
    approved = [seat for seat in seats if seat.state == Seat.APPROVED]
    return {member for seat in approved for member in (seat.member_id, seat.for_member_id) if member}


def places_among(seats: Iterable[ApprovalSeat]) -> set[UUID]:
    """In whose places an answer is awaited: whoever gave theirs to somebody else is asked as well, and has that one voice."""
    return {place_of(seat) for seat in seats if seat.asked not in ASIDE and seat.state in (Seat.WAITING, Seat.DELEGATED)}
