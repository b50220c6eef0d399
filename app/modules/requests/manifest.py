"""Requests: all that the rest of the system knows of this module."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.workflow import templates
from app.kernel.manifest import Action, Approval, MenuItem, Module, Resource, Role, Setting, Tile
from app.modules.requests import graphs, jobs, policy, services, shipped
from app.modules.requests.models import Request
from app.modules.requests.reports import REPORTS

requests = Resource(
    Request,
    columns=("reference", "kind", "title", "requester", "starts_on", "days", "amount", "status"),
    filters=("kind", "form", "status", "risk_level", "requester", "department", "site", "starts_on", "amount"),
    search={"reference": "A", "title": "A", "requester": "B", "counterparty": "B", "destination": "C", "description": "C",
            "answers": "C"},
    form={_l("What is asked for"): ("kind", "form", "title", "description"),
          _l("When and where"): ("starts_on", "ends_on", "destination", "site", "department"),
          _l("With whom, and for how much"): ("counterparty", "amount", "currency"),
          _l("Answers"): ("answers",)},
    facts=("kind", "form", "risk_level", "title", "description", "starts_on", "ends_on", "days", "destination", "site", "department",
           "counterparty", "amount", "requester", "status", "decided_at"),
    import_key="reference",
    subtitle=("kind", "requester"),
    icon="file-text",
    tally="kind",
    waits=("status", "draft"),
    before_save=services.complete,
    lock=services.changeable,
    visible_to=policy.requests_visible_to,
    snapshot=("kind", "form", "answers", "risk_level", "title", "description",
              "starts_on", "ends_on", "days", "destination", "site", "department", "counterparty", "amount",
              "currency", "requester"),
    actions=(Action("submit", services.submit, label=_l("Submit"), done="submitted", said=_l("%(name)s submitted %(record)s"),
                    when=services.can_submit, locks=True, approval="requests", approval_by="kind", tone="primary", bulk=True, icon="send"),
             Action("withdraw", services.withdraw, label=_l("Take back"), done="withdrawn", said=_l("%(name)s withdrew %(record)s"),
                    when=services.can_submit, icon="undo-2"),
             Action("reopen", services.reopen, label=_l("Open again"), done="reopened", said=_l("%(name)s opened %(record)s again"),
                    when=services.can_reopen, icon="rotate-ccw")),
)

module = Module(
    "requests", label=_l("Requests"), icon="file-text", resources=(requests,), reports=REPORTS,
    approvals=(
        Approval("requests.leave", _l("Leave"), graph=templates.leave),
        Approval("requests.travel", _l("Travel"), graph=templates.travel, amount="amount"),
        Approval("requests.permit", _l("Permit"), graph=templates.permit),
        Approval("requests.contract", _l("Contract"), graph=templates.contract, amount="amount"),
        Approval("requests.deployment", _l("Deployment"), graph=templates.deployment),
        Approval("requests.letter", _l("Draft letter"), graph=templates.letter),
        Approval("requests.import_change_set", _l("Import change set"), graph=templates.import_change_set),
        Approval("requests.policy_document", _l("Policy document"), graph=templates.policy_document),
        Approval("requests.resource", _l("Resource request"), graph=graphs.resource, amount="amount"),
        Approval("requests.decision", _l("Strategic decision"), graph=graphs.decision, amount="amount"),
        Approval("requests.risk", _l("Risk assessment"), graph=graphs.risk, risk=policy.colour),
        Approval("requests.form", _l("Another form"), graph=graphs.form),
    ),
    settings=(Setting("requests.limit", _l("Limit of requests"), "money", 10_000, minimum=0,
                      help=_l("Travel, contracts, resources and decisions above it need one more approval.")),),
    roles=(Role("member", _l("Member"), {f"requests.request.{verb}": "own" for verb in ("submit", "withdraw", "reopen")}),
           Role("approver", _l("Approver"), {f"requests.request.{verb}": "own" for verb in ("submit", "withdraw", "reopen")})),
    permissions=(policy.EVERYBODYS,),
    forms=shipped.FORMS,
    tiles=(
        Tile("requests.decided", _l("Requests agreed"), resource="requests.request", query="status=approved&status=published",
             homes=("operations",)),
        Tile("requests.kinds", _l("Requests by kind"), "bar", "requests.request", by="kind", split="status", width=2,
             homes=("executive", "operations")),
    ),
    screens=("app.modules.requests.views",),
    menu=(MenuItem("decisions", _l("Decisions"), "chart-column", "decisions.dashboard", section="business",
                   permission="requests.request.view"),),
    on={"requests.request.parked": jobs.tell_critical},
)
