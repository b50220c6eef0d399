"""Running requests go over to the version of their workflow that is in force: where each would stand, who would decide, and the deed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import audit, workflow
from app.core.approvals.approvers import Directory
from app.core.approvals.guards import lock
from app.core.approvals.legs import name_of
from app.core.approvals.models import ASIDE, ApprovalRequest, Seat, State, Verb
from app.core.approvals.requests import add_decision, decision_row, tell
from app.core.approvals.rounds import noted
from app.core.approvals.running import Run
from app.core.approvals.seats import add_seats
from app.core.approvals.stuck import seen
from app.core.workflow import ASKING, Graph, Plan, Step, Workflow, WorkflowVersion
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, NotFound
from app.kernel.registry import registry

AT_ONCE = 25


@dataclass(frozen=True)
class Place:
    """Where a step that waits would go on: its name, the name of the one that it becomes, who would be asked, whether answers stay."""

    step: str
    to: str
    people: tuple[UUID, ...]
    kept: bool


@dataclass(frozen=True)
class Preview:
    """What would become of one request: its places, the steps of the old version that need a choice, or why it cannot be moved."""

    request: ApprovalRequest
    places: tuple[Place, ...] = ()
    open: tuple[tuple[str, str], ...] = ()
    why_not: str = ""

    @property
    def possible(self) -> bool:
        """Whether it can be moved."""
        return not self.open and not self.why_not


class Target:
    """The version in force, to which requests go over; `chosen` says for steps that are gone where they go on."""

    def __init__(self, version: WorkflowVersion, chosen: Mapping[str, str] | None = None) -> None:
        self.version, self.directory = version, Directory()
        self.graph: Graph = workflow.graph_of_version(version.id)
        places = dict(self.choices)
        self.chosen = {path: to for path, to in (chosen or {}).items() if to in places}

    @cached_property
    def choices(self) -> list[tuple[str, str]]:
        """The steps at which a request can go on: address and name."""
        return [(path, name_of(step)) for path, step in self.graph.every() if step.kind in ASKING | {"wait"}]

    def page(self, after: UUID | None = None) -> tuple[list[Preview], UUID | None]:
        """Some of those that run on other versions, of the records that the reader may see, and after which one it goes on."""
        found = list(session().scalars(self._running(after).limit(AT_ONCE + 1)))
        return [self.preview(request) for request in found[:AT_ONCE]], found[AT_ONCE - 1].id if len(found) > AT_ONCE else None

    def seen(self, ids: Sequence[UUID]) -> Sequence[ApprovalRequest]:
        """Of these, those that may be moved from here."""
        return session().scalars(self._running(None).where(ApprovalRequest.id.in_(ids))).all()

    def named(self, path: str) -> str:
        """What a step that is gone is called, as far as its address says."""
        return path.rpartition(".")[2].replace("_", " ").capitalize()

    def preview(self, request: ApprovalRequest) -> Preview:
        """What would become of a request. Nothing is changed."""
        model: Any = registry.resource(request.resource).model
        record = session().scalars(select(model).where(model.id == request.record_id)).first()
        if record is None:
            return Preview(request, why_not=_("Its record is gone."))
        run = Run(request, record, directory=self.directory)
        planned = self.plan(run)
        if not planned.whole:
            return Preview(request, open=tuple((path, _named(run.graph, path)) for path in planned.open))
        try:
            return Preview(request, tuple(self._places(run, planned)))
        except Conflict as error:
            return Preview(request, why_not=str(error))

    def plan(self, run: Run) -> Plan:
        """Where what waits lands."""
        return workflow.plan(run.graph, self.graph, run.standing, self.chosen)

    def _places(self, run: Run, planned: Plan) -> list[Place]:
        kept = [Place(_named(run.graph, path), _named(self.graph, path), tuple(_asked(run, path)), kept=True) for path in planned.kept]
        return kept + [Place(_named(run.graph, path), _named(self.graph, to), self._choose(run, self.graph.place(to)[1]), kept=False)
                       for path, to in planned.anew]

    def _choose(self, run: Run, step: Step) -> tuple[UUID, ...]:
        return run.choose(step).members if step.kind in ASKING else ()

    def _running(self, after: UUID | None) -> Any:
        workflow_of = select(Workflow).where(Workflow.id == self.version.workflow_id)
        found = session().scalars(workflow_of).one()
        query = select(ApprovalRequest).where(
            ApprovalRequest.approval == found.approval, ApprovalRequest.action == found.action, ApprovalRequest.state == State.OPEN,
            ApprovalRequest.version_id.is_distinct_from(self.version.id), seen()).order_by(ApprovalRequest.id)
        return query.where(ApprovalRequest.id > after) if after else query


def move(target: Target, ids: Sequence[UUID]) -> tuple[list[ApprovalRequest], list[tuple[ApprovalRequest, str]]]:
    """Move these, each once: gives those that were moved, and those that stay with the reason. What is over or moved already is neither."""
    moved, stay = [], []
    for request_id in ids:
        with audit.doing("approvals.approval_request.move"), session().no_autoflush:
            try:
                request, record = lock(request_id)
            except NotFound:
                continue
            if request.state != State.OPEN or request.version_id == target.version.id:
                continue
            if why_not := _moved(target, Run(request, record, directory=target.directory)):
                stay.append((request, why_not))
            else:
                moved.append(request)
    return moved, stay


def _moved(target: Target, run: Run) -> str:
    """Move one that is locked; gives why not."""
    request, planned = run.request, target.plan(run)
    if not planned.whole:
        return _("A step that waits is not in the new version: say where it goes on.")
    said = _("Moved to version %(number)d of the workflow.", number=target.version.number)
    row = decision_row(request, Verb.MOVE, by=current.user.id, reason=said, data={
        "from": str(request.version_id or ""), "to": str(target.version.id), "kept": list(planned.kept),
        "anew": [list(each) for each in planned.anew]})
    try:
        with session().begin_nested():
            run.over_to(target.version.id, target.graph, planned)
            noted(request, Verb.MOVE, said)
            session().flush()
            add_seats(run.rows)
            add_decision(row)
    except Conflict as error:
        session().refresh(request)
        return str(error)
    if run.rows:
        tell([request.id])
    return ""


def _asked(run: Run, path: str) -> list[UUID]:
    """Who is asked at a step now."""
    numbers = {number for number, leg in enumerate(run.legs, 1) if leg.path == path}
    return [seat.member_id for seat in run.seats() if seat.level in numbers and seat.state == Seat.WAITING and seat.asked not in ASIDE]


def _named(graph: Graph, path: str) -> str:
    return name_of(graph.place(path)[1])
