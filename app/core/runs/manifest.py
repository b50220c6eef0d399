"""Runs, declared: the history, and what runs propose, which is agreed by those whom the colour of its risk asks."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.approvals import ApprovalDecided
from app.core.runs import executing, launching, proposing
from app.core.runs.models import ExecutiveRun, RunProposal
from app.kernel.manifest import Action, Approval, Level, MenuItem, Module, Related, Resource, Role, every

runs = Resource(
    ExecutiveRun,
    columns=("reference", "title", "kind", "state", "started_at", "seconds", "cost"),
    filters=("state", "kind", "started_at", "schedule"),
    search={"title": "A", "reference": "A"},
    facts=("kind", "state", "error", "started_at", "ended_at", "seconds", "cost", "currency", "schedule", "again_of"),
    tally="state",
    importable=False,
    creatable=False,
    editable=False,
    subtitle=("kind",),
    icon="play",
    menu=False,
    related=(Related("runs.proposal", "run", _l("Proposed actions")), Related("runs.run", "again_of", _l("Run again as"))),
    actions=(Action("again", launching.again, label=_l("Run again"), done="repeated", said=_l("%(name)s ran %(record)s again"),
                    icon="rotate-ccw"),
             Action("resume", launching.resume, label=_l("Go on"), done="resumed", said=_l("%(name)s let %(record)s go on"),
                    when=launching.can_resume, icon="play")),
)

proposals = Resource(
    RunProposal,
    columns=("reference", "title", "run", "risk", "status", "decided_by", "decided_at"),
    filters=("status", "risk", "run", "decided_at"),
    search={"title": "A", "reference": "A"},
    facts=("title", "run", "effect", "risk", "details", "sources", "status", "decided_by", "decided_at", "done_at", "remark"),
    tally="status",
    importable=False,
    creatable=False,
    editable=False,
    subtitle=("run",),
    icon="hand",
    menu=False,
    snapshot=("title", "run", "effect", "risk", "details", "sources", "payload_hash"),
    actions=(Action("carry_out", proposing.carry_out, label=_l("Carry out"), done="carried_out", said=_l("%(name)s carried out %(record)s"),
                    when=proposing.is_pending, approval="runs.proposal", approval_by="risk", icon="circle-check"),),
)


def _never(_proposal: object) -> bool:
    return False


module = Module(
    "runs", label=_l("Runs"), icon="play", section="work", resources=(runs, proposals),
    approvals=(
        Approval("runs.proposal.GREEN", _l("Proposed action, GREEN"), (Level(_l("Nobody is asked"), "role:admin", when=_never),)),
        Approval("runs.proposal.ORANGE", _l("Proposed action, ORANGE"), (Level(_l("A manager"), "role:manager", hours=24, risk="ORANGE"),),
                 fallback="admin"),
        Approval("runs.proposal.RED", _l("Proposed action, RED"), (Level(_l("An administrator"), "role:admin", hours=48, risk="RED"),)),
    ),
    roles=(Role("manager", _l("Manager"), {"runs.run.*": "company", "runs.proposal.*": "company"}),),
    permissions=(launching.LAUNCH,),
    on={ApprovalDecided: proposing.decided},
    schedule=(every(30, executing.sweep),),
    says={launching.LAUNCH: _l("%(name)s launched %(record)s"), "runs.run.execute": _l("%(record)s went on"),
          "runs.run.fail": _l("%(record)s failed"), "runs.proposal.create": _l("%(record)s was proposed"),
          "runs.proposal.decide": _l("What was decided on %(record)s was written down")},
    menu=(MenuItem("runs", _l("Runs"), "play", "runs_pages.listing", permission="runs.run.view"),),
)
