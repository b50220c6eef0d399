"""Agencies, declared."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.agencies import gate, models, services  # noqa: F401 -- the table and the function are declared by being imported
from app.kernel.manifest import MenuItem, Module

module = Module(
    "agencies", label=_l("Agencies"), icon="briefcase", section="people",
    menu=(MenuItem("clients", _l("Clients"), "briefcase", "agencies.clients", section="work", permission=services.ENTER,
                   when=services.is_agency, order=1),
          MenuItem("agencies", _l("Agencies"), "briefcase", "agencies.relations", section="people", permission=services.MANAGE)),
    says={"agencies.link.offer": _l("%(name)s offered to work together (%(record)s)"),
          "agencies.link.accept": _l("%(name)s accepted to work together (%(record)s)"),
          "agencies.link.grant": _l("%(name)s gave an agency another role (%(record)s)"),
          "agencies.link.end": _l("%(name)s ended the work together (%(record)s)")})
