"""Monitoring: what the rest of the system knows of the service."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import MenuItem, Module

module = Module(
    "monitoring", label=_l("Monitoring"), icon="activity", section="system",
    says={"monitoring.delivery.retry": _l("%(name)s had %(record)s tried again"),
          "monitoring.delivery.give_up": _l("%(name)s gave up the delivery of %(record)s")},
    menu=(MenuItem("undelivered", _l("Undelivered effects"), "octagon-alert", "deliveries.listing", section="system",
                   permission="monitoring.delivery.view"),),
)
