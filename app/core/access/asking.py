"""Asking for a permission that one lacks: what, why and until when."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.access.keeping import check_pattern
from app.core.access.models import AccessRequest
from app.kernel import clock
from app.kernel.current import current
from app.kernel.errors import Invalid


def before_save(request: AccessRequest) -> None:
    """A request is for whoever makes it, and for a time that is still to come."""
    check_pattern(request.permission)
    if request.member_id is None and current.is_signed_in:
        request.member_id = current.user.id
    if request.until <= clock.now():
        raise Invalid({"until": [_("Choose a moment that is still to come.")]})
