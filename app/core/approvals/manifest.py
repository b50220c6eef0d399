"""Approvals: what the rest of the system knows of the service."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core import access
from app.core.approvals import clocks, delegations, handing, leaving, orphans, queue, sentences, stuck, telling
from app.core.approvals.events import ApprovalDecided, ApprovalsAsked
from app.core.approvals.ledgers import LEDGERS
from app.core.approvals.models import ExchangeRate
from app.core.approvals.reports import REPORTS
from app.core.calendar import absences
from app.core.people.events import LEFT
from app.kernel.manifest import MenuItem, Module, Resource, Role, Setting, daily, every

AWAY = tuple(f"{absences.KEY}.{done}" for done in ("created", "edited", "archived", "restored"))

rates = Resource(
    ExchangeRate,
    columns=("reference", "code", "rate", "valid_from", "source"),
    filters=("code", "valid_from"),
    search={"reference": "A", "code": "A", "source": "C"},
    form={_l("Exchange rate"): ("code", "rate", "valid_from", "source")},
    import_key="reference",
    sort="-valid_from",
    title="code",
    subtitle=("valid_from",),
    icon="coins",
    key="exchange_rate",
)

module = Module(
    "approvals", label=_l("Approvals"), icon="badge-check", section="organisation",
    resources=(rates,), ledgers=LEDGERS, reports=REPORTS,
    settings=(
        Setting("approvals.hold_green", _l("Hold, GREEN (seconds)"), "integer", 10, minimum=0, maximum=86_400,
                help=_l("How long effects wait, so that they can be undone.")),
        Setting("approvals.hold_orange", _l("Hold, ORANGE (seconds)"), "integer", 30, minimum=0, maximum=86_400),
        Setting("approvals.hold_red", _l("Hold, RED (seconds)"), "integer", 60, minimum=0, maximum=86_400),
        Setting("approvals.escalation_role", _l("Role asked when no manager is left"), "text", "admin", options=access.role_choices),
    ),
    on={ApprovalsAsked: telling.tell_asked, ApprovalDecided: telling.tell_decided, **dict.fromkeys(LEFT, leaving.hand_on),
        **dict.fromkeys(AWAY, handing.absence_changed)},
    schedule=(every(60, clocks.escalate_overdue), every(60, handing.keep_up), daily("02:40", orphans.prove)),
    permissions=(delegations.MANAGE, stuck.OVERSEE),
    roles=(Role("manager", _l("Manager"), {stuck.OVERSEE: "company"}),),
    says={**{f"approvals.approval_request.{verb.value}": said for verb, said in sentences.SAYS.items()},
          "approvals.approval_request.nobody": _l("Nobody is left to decide %(record)s"),
          "approvals.approval_request.somebody": _l("Somebody can decide %(record)s again"),
          "approvals.approval_delegation.create": _l("%(name)s delegated decisions (%(record)s)"),
          "approvals.approval_delegation.end": _l("%(name)s ended the delegation %(record)s")},
    menu=(
        MenuItem("inbox", _l("Inbox"), "inbox", "inbox.listing", badge=queue.waiting_count, keys="g i"),
        MenuItem("requests", _l("My requests"), "send", "inbox.listing", badge=queue.requested_count, keys="g r", query="tab=requested"),
        MenuItem("stuck", _l("Where it is stuck"), "hourglass", "stuck.listing", permission=stuck.OVERSEE),
        MenuItem("delegations", _l("Delegations"), "user-check", "delegations.listing"),
    ),
)
