"""SCIM has addresses for machines, a page that says how to set them up, and tables of its own, but no records."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core import access
from app.core.scim import models  # noqa: F401 -- the tables are declared by being imported
from app.kernel.manifest import MenuItem, Module, Setting

module = Module("scim", label=_l("Provisioning"), icon="user-plus", section="security",
                settings=(Setting("scim.role", _l("Role of whom a directory takes on"), "text", "member", options=access.role_choices),),
                menu=(MenuItem("provisioning", _l("Provisioning (SCIM)"), "user-plus", "provisioning.shown", section="security",
                               permission="settings.setting.manage"),))
