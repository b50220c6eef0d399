"""Agencies, declared."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.agencies import gate, models  # noqa: F401 -- the table and the functions are declared by being imported
from app.kernel.manifest import Module

module = Module("agencies", label=_l("Agencies"), icon="handshake", section="core")
