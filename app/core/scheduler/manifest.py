"""The scheduler, declared."""

from flask_babel import lazy_gettext as _l

from app.core.scheduler import models  # noqa: F401 -- the tables belong to the schema
from app.core.scheduler.retention import clear_away
from app.kernel.manifest import Module, daily

module = Module("scheduler", label=_l("Scheduler"), icon="clock", section="core", schedule=(daily("03:20", clear_away),))
