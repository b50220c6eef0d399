"""The audit trail, declared."""

from flask_babel import lazy_gettext as _l

from app.core.audit import holds as holding
from app.core.audit.ledgers import LEDGERS
from app.core.audit.models import AuditHold
from app.core.audit.reports import REPORTS
from app.core.audit.retention import FLOOR, MOST, YEARS, purge
from app.core.audit.sealing import seal_all
from app.kernel.manifest import Action, MenuItem, Module, Resource, Setting, daily, every

holds = Resource(
    AuditHold,
    columns=("reference", "record", "member", "since", "until", "lifted_at"),
    filters=("member", "record", "lifted_at"),
    form={_l("What is held"): ("record", "member", "since", "until"), _l("Why"): ("reason",)},
    facts=("record", "member", "since", "until", "reason", "lifted_at", "lift_reason"),
    importable=False,
    editable=False,
    title="reason",
    icon="lock",
    sort="-reference",
    menu=False,
    before_save=holding.before_save,
    lock=holding.kept,
    actions=(Action("lift", holding.lift, label=_l("Lift"), done="lifted", said=_l("%(name)s lifted the legal hold %(record)s"),
                    form=holding.Lifting, when=holding.stands, icon="lock-open"),),
)

module = Module(
    "audit", label=_l("Audit"), icon="scroll-text", section="security", resources=(holds,), ledgers=LEDGERS, reports=REPORTS,
    schedule=(every(2, seal_all, while_closing=True), daily("03:10", purge)),
    settings=(Setting("audit.retention_years", _l("Audit trail: kept for (years)"), "integer", YEARS, minimum=FLOOR, maximum=MOST,
                      help=_l("Older entries are removed each night, but for those under a legal hold. "
                              "What was removed stays provable.")),),
    menu=(MenuItem("audit", _l("Audit trail"), "scroll-text", "trail.listing", section="security", permission="audit.entry.view",
                   keys="g u"),),
    permissions=("audit.entry.purge",),
    says={"audit.entry.purge": _l("%(name)s removed entries whose time was over"),
          "audit.entry.view": _l("%(name)s read the audit trail"), "audit.entry.export": _l("%(name)s exported the audit trail")})
