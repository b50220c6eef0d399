"""Working time, declared."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.calendar import models  # noqa: F401 -- the tables are declared by being imported
from app.kernel.manifest import Module

module = Module("calendar", label=_l("Working time"), icon="calendar-clock", section="settings")
