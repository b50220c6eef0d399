"""The end of an organisation, declared."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.closing import gate  # noqa: F401 -- the functions are declared by being imported
from app.kernel.manifest import Module

module = Module("closing", label=_l("Deletion of the organisation"), icon="trash-2", section="core")
