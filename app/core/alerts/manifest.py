"""Alerts, declared."""

from flask_babel import lazy_gettext as _l

from app.core.alerts import acknowledging
from app.core.alerts.models import Alert
from app.core.alerts.watching import chain, watch
from app.kernel.manifest import Action, Module, Resource, Tile, daily, every

alerts = Resource(
    Alert,
    columns=("reference", "kind", "subject", "times", "noticed_at", "delivered_at", "status"),
    filters=("kind", "status", "noticed_at"),
    facts=("kind", "subject", "times", "noticed_at", "told", "delivered_at", "status", "seen_at"),
    tally="status",
    importable=False,
    creatable=False,
    editable=False,
    title="kind",
    subtitle=("subject",),
    sort="-noticed_at",
    icon="triangle-alert",
    actions=(Action("acknowledge", acknowledging.acknowledge, label=_l("Mark as seen"), done="acknowledged",
                    said=_l("%(name)s looked at the alert %(record)s"), when=acknowledging.is_open, icon="eye"),),
)

module = Module("alerts", label=_l("Alerts"), icon="triangle-alert", section="security", resources=(alerts,),
                schedule=(every(30, watch), daily("02:20", chain)),
                tiles=(Tile("alerts.open", _l("Alerts that nobody has seen"), resource="alerts.alert", query="status=open", target=0,
                            better="down", homes=("administrator", "auditor")),
                       Tile("alerts.kinds", _l("Alerts by kind"), "bar", "alerts.alert", by="kind", dated="noticed_at", width=2,
                            homes=("administrator", "auditor")),
                       Tile("alerts.latest", _l("The latest alerts"), "list", "alerts.alert", width=2, homes=("administrator", "auditor"))),
                says={"alerts.alert.raise": _l("%(name)s raised the alert %(record)s")})
