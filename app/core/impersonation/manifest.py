"""Impersonation: its sentences, its place in the menu, and the end of those whose time has passed."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.impersonation import models, services  # noqa: F401 -- the tables are declared by being imported
from app.kernel.manifest import MenuItem, Module, every

module = Module(
    "impersonation", label=_l("Impersonation"), icon="eye", section="people",
    schedule=(every(60, services.expire),),
    says={"impersonation.impersonation.ask": _l("%(name)s asked to see what another sees (%(record)s)"),
          "impersonation.impersonation.agree": _l("%(name)s agreed to %(record)s"),
          "impersonation.impersonation.begin": _l("%(name)s began to see what another sees (%(record)s)"),
          "impersonation.impersonation.end": _l("%(name)s ended %(record)s")},
    menu=(MenuItem("impersonation", _l("Impersonation"), "eye", "impersonation.listing", section="people",
                   permission=services.IMPERSONATE),),
)
