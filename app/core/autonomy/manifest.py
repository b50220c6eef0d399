"""Autonomy, declared: the kinds that come with the product, the records of what machines proposed, and the levels set here."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.approvals import ApprovalDecided
from app.core.autonomy import letters, levels, proposing, showing
from app.core.autonomy.models import AutonomyLevel, Proposal
from app.kernel.manifest import Action, AIAction, Approval, Level, MenuItem, Module, Resource, Role

OWN = ("view", "create", "accept", "revise", "use")

proposals = Resource(
    Proposal,
    columns=("reference", "title", "kind", "level", "status", "decided_by", "decided_at"),
    filters=("status", "level", "kind", "unvalidated", "decided_at", "used_at"),
    search={"title": "A", "reference": "A", "text": "C"},
    facts=("title", "kind", "level", "status", "decided_by", "decided_at", "remark", "used_by", "used_at", "unvalidated"),
    tally="status",
    importable=False,
    creatable=False,
    editable=False,
    subtitle=("kind",),
    icon="sparkles",
    snapshot=("title", "kind", "level", "text", "evidence_hash"),
    actions=(
        Action("use", proposing.use, label=_l("Use it"), done="used", said=_l("%(name)s used %(record)s"), when=proposing.can_use,
               icon="send"),
        Action("revise", proposing.revise, label=_l("Change the text"), done="revised", said=_l("%(name)s changed the text of %(record)s"),
               form=proposing.Words, when=proposing.can_revise, icon="pencil"),
        Action("accept", proposing.accept, label=_l("Validate"), done="accepted", said=_l("%(record)s may be used"),
               when=proposing.is_pending, approval="autonomy.proposal", approval_by="level", locks=True, icon="circle-check"),
    ),
)

kept = Resource(
    AutonomyLevel,
    columns=("reference", "kind", "level", "unvalidated"),
    filters=("kind", "level"),
    form={_l("Level of autonomy"): ("kind", "level", "unvalidated")},
    importable=False,
    creatable=False,
    editable=False,
    title="kind",
    icon="gauge",
    menu=False,
    before_save=levels.complete,
)


def _never(_proposal: object) -> bool:
    return False


def _approval(colour: str, label: object, *asked: Level) -> Approval:
    return Approval(f"autonomy.proposal.{colour}", label, asked, modify="revise", evidence=showing.evidence_of)


module = Module(
    "autonomy", label=_l("Autonomy"), icon="sparkles", section="work", resources=(proposals, kept),
    ai_actions=(
        AIAction(letters.TRIAGE, _l("Triage of mail"), "GREEN", _l("What kind of mail it is, and whether it is urgent.")),
        AIAction(letters.METADATA, _l("Extraction of metadata"), "GREEN", _l("Who wrote, when, about what, and what the text names.")),
        AIAction("classification", _l("Classification"), "GREEN", _l("Which kind of document something is.")),
        AIAction(letters.REQUEST, _l("Document request"), "ORANGE", _l("A draft that asks for what is missing."), use=letters.send),
        AIAction(letters.REPLY, _l("Standard reply"), "ORANGE", _l("A draft that answers a message."), use=letters.send),
        AIAction("legal_advice", _l("Legal advice"), "RED", _l("What the law says of a case.")),
        AIAction("legal_strategy", _l("Legal strategy"), "RED", _l("What to do in a case, and in which order.")),
        AIAction("appeal_drafting", _l("Draft of an appeal"), "RED", _l("A text that is filed with a court or an authority.")),
    ),
    approvals=(
        _approval("GREEN", _l("AI proposal, GREEN"), Level(_l("Nobody is asked"), "role:admin", when=_never)),
        _approval("ORANGE", _l("AI proposal, ORANGE"), Level(_l("A manager"), "role:manager", hours=24, risk="ORANGE")),
        _approval("RED", _l("AI proposal, RED"), Level(_l("An administrator"), "role:admin", hours=48, risk="RED")),
    ),
    roles=(Role("manager", _l("Manager"), {"autonomy.proposal.*": "company", "autonomy.level.view": "company"}),
           Role("member", _l("Member"), {f"autonomy.proposal.{verb}": "own" for verb in OWN})),
    permissions=("autonomy.proposal.create", "autonomy.level.create", "autonomy.level.edit"),
    on={ApprovalDecided: proposing.decided},
    says={"autonomy.proposal.create": _l("%(record)s was proposed"),
          "autonomy.proposal.decide": _l("What was decided on %(record)s was written down"),
          "autonomy.proposal.final": _l("%(name)s took %(record)s as a final document")},
    menu=(MenuItem("autonomy", _l("Levels of autonomy"), "gauge", "autonomy_pages.table", section="automation",
                   permission="autonomy.level.view"),),
)
