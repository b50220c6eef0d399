"""Ownership, declared."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core import access
from app.kernel.current import current
from app.kernel.manifest import MenuItem, Module

module = Module(
    "ownership", label=_l("Ownership"), icon="shield-check", section="organisation",
    menu=(MenuItem("ownership", _l("Ownership"), "shield-check", "ownership.page", section="organisation",
                   when=lambda: access.is_owner(current.user)),),
    says={"ownership.organisation.hand_over": _l("%(name)s handed the organisation over to %(record)s")})
