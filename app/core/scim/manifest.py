"""SCIM has addresses for machines, a page that says how to set them up, and tables of its own, but no records."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.scim import models  # noqa: F401 -- the tables are declared by being imported
from app.kernel.manifest import Module

module = Module("scim", label=_l("Provisioning"), icon="user-plus", section="settings")
