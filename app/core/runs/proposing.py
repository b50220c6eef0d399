"""What a run proposes to be done outside of it: put before those who decide, done once they agree, and the run goes on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.core import approvals, audit, autonomy
from app.core.approvals import ApprovalDecided, ApprovalRequest, Colour, Verb
from app.core.approvals import State as Asked
from app.core.runs import evidence
from app.core.runs.context import Context
from app.core.runs.models import ExecutiveRun, Fate, RunProposal, State
from app.kernel import clock, door, jobs
from app.kernel.current import SYSTEM_ID, current
from app.kernel.db import session
from app.kernel.errors import Conflict
from app.kernel.records import new_id
from app.kernel.references import assign
from app.kernel.registry import registry
from app.kernel.rehearsal import rehearsing

RESOURCE = "runs.proposal"
FATES = {Asked.OPEN: Fate.PENDING, Asked.HELD: Fate.PENDING, Asked.RETURNED: Fate.PENDING, Asked.EFFECTED: Fate.DONE,
         Asked.REJECTED: Fate.REJECTED, Asked.CANCELLED: Fate.CANCELLED, Asked.VOID: Fate.FAILED}
ANSWERS = (Verb.APPROVE, Verb.REJECT)


def put_forward(run: ExecutiveRun, context: Context) -> list[RunProposal]:
    """Ask for what a step proposed, by the level in force for each kind. What is GREEN is done at once; all else waits for people."""
    if not context.proposals:
        return []
    labels = {source["id"]: evidence.said(source["label"]) for source in context.sources}
    made = [RunProposal(
        id=new_id(), title=each.title[:200], run_id=run.id, effect=each.effect.name,
        risk=autonomy.level_of(f"{context.kind.key}.{each.effect.name}"),
        details=each.details or None, sources="\n".join(f"{name}: {labels[name]}" for name in each.sources if name in labels) or None,
        payload=each.payload, payload_hash=evidence.digest(each.payload), status=Fate.PENDING) for each in context.proposals]
    assign(made)
    with audit.doing(f"{RESOURCE}.create"):
        session().add_all(made)
        session().flush()
    door.perform(RESOURCE, "carry_out", [each.id for each in made])
    return made


def carry_out(proposal: RunProposal) -> RunProposal:
    """Do what was proposed, once. Raises `Conflict` for what is not GREEN and was agreed by nobody, and when its bytes or its
    declaration are not what was agreed.
    """
    request = door.approval_in_effect()
    if proposal.risk != Colour.GREEN and not (request and approvals.given_by(request)) and not rehearsing():
        raise Conflict(_("%(level)s is done only once a person has agreed.", level=proposal.risk.value))
    run = session().get_one(ExecutiveRun, (current.organisation.id, proposal.run_id))
    kind = registry.runs.get(run.kind)
    declared = kind.effect(proposal.effect) if kind else None
    if declared is None:
        raise Conflict(_("No module can do this any more."))
    if evidence.digest(proposal.payload) != proposal.payload_hash:
        raise Conflict(_("What was agreed was changed since."))
    declared.act(proposal.payload)
    proposal.status, proposal.done_at = Fate.DONE, clock.now()
    return proposal


def is_pending(proposal: Any) -> bool | str:
    """Whether nothing has come of it yet."""
    return True if proposal.status == Fate.PENDING else _("This is settled.")


def label_of(proposal: RunProposal) -> str:
    """What would be done, as the run declares it."""
    run = session().get(ExecutiveRun, (current.organisation.id, proposal.run_id))
    kind = registry.runs.get(run.kind) if run else None
    declared = kind.effect(proposal.effect) if kind else None
    return str(declared.label) if declared else proposal.effect


def open_ones(run: ExecutiveRun) -> int:
    """How much of what a run proposed is not settled."""
    return session().scalar(select(func.count()).select_from(RunProposal).where(
        RunProposal.run_id == run.id, RunProposal.status == Fate.PENDING)) or 0


def decided(fact: ApprovalDecided) -> None:
    """Write down beside a proposal what was decided, by whom and when; a run whose last one is settled goes on."""
    request = session().get(ApprovalRequest, (current.organisation.id, fact.request_id))
    if request is None or request.resource != RESOURCE:
        return
    proposal = session().get_one(RunProposal, (current.organisation.id, request.record_id), with_for_update=True)
    with audit.doing(f"{RESOURCE}.decide"):
        if Verb(fact.verb) in ANSWERS and fact.by_id != SYSTEM_ID:
            proposal.decided_by_id, proposal.decided_at = fact.by_id, clock.now()
        if fact.verb == Verb.UNDO.value:
            proposal.decided_by_id = proposal.decided_at = None
        proposal.status = FATES[request.state]
        if proposal.status in (Fate.REJECTED, Fate.CANCELLED, Fate.FAILED):
            proposal.remark = request.last_reason or None
        session().flush()
    if proposal.status != Fate.PENDING:
        go_on(proposal.run_id)


def go_on(run_id: UUID) -> bool:
    """Let a run that waited go on, once nothing of it waits any more; False while something does."""
    from app.core.runs import executing

    run = executing.locked(run_id)
    if run is None or run.state != State.AWAITING or open_ones(run):
        return False
    with audit.doing("runs.run.execute"):
        run.state = State.QUEUED
        run.job_id = jobs.enqueue(executing.execute, str(run.id), title=run.title, attempts=executing.ATTEMPTS, total=run.step_count,
                                  quiet=True).id
        session().flush()
    return True


def requests_of(run: ExecutiveRun) -> dict[UUID, ApprovalRequest]:
    """The newest request for approval of each proposal of a run, by the proposal's id."""
    mine = select(RunProposal.id).where(RunProposal.run_id == run.id)
    found = session().scalars(select(ApprovalRequest).where(
        ApprovalRequest.resource == RESOURCE, ApprovalRequest.record_id.in_(mine)).order_by(ApprovalRequest.created_at))
    return {request.record_id: request for request in found}
