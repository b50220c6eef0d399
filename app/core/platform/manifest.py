"""The platform has tables, functions and screens, but no records."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.platform import gate, models  # noqa: F401 -- the tables and the functions are declared by being imported
from app.kernel.manifest import Module

module = Module("platform", label=_l("Platform"), icon="server", section="core")
