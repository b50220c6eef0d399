"""Asking for a permission that one lacks: what, why and until when. Whoever approves gives no more than they have."""

from __future__ import annotations

import re
from datetime import timedelta

from flask_babel import gettext as _

from app.core.access.conditions import understood
from app.core.access.keeping import check_pattern, lacking, more_than_held
from app.core.access.models import AccessRequest, Answer, MemberGrant, Scope
from app.kernel import clock
from app.kernel.current import Actor, Grant, current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.kinds import typed_moment
from app.kernel.references import assign

REFERENCE = re.compile(r"[A-Z]+-[A-Z0-9-]+")
WEEK = timedelta(days=7)


def defaults() -> dict[str, str]:
    """A week, unless another end is chosen."""
    return {"until": typed_moment(clock.now() + WEEK)}


def before_save(request: AccessRequest) -> None:
    """A request is for whoever makes it, about one permission, for a time that is still to come and not for ever."""
    check_pattern(request.permission)
    if "*" in request.permission:
        raise Invalid({"permission": [_("Ask for one permission, without *.")]})
    if request.on_record and not REFERENCE.fullmatch(request.on_record):
        raise Invalid({"on_record": [_("Write the reference of one record, such as INC-2026-00042.")]})
    if request.on_record:
        understood(_only(request), request.permission)
    if request.member_id is None and current.is_signed_in:
        request.member_id = current.user.id
    if request.until <= clock.now():
        raise Invalid({"until": [_("Choose a moment that is still to come.")]})


def is_open(request: AccessRequest) -> bool | str:
    """Whether it was not granted yet."""
    return True if request.state == Answer.ASKED else _("This was granted already.")


def grant(request: AccessRequest) -> AccessRequest:
    """Give the permission for the time asked for, on the record asked for; it ends by itself."""
    single = MemberGrant(member_id=request.member_id, pattern=request.permission, scope=Scope.COMPANY, starts_at=clock.now(),
                         ends_at=request.until, reason=request.reason)
    single.condition = _only(request) or None
    assign([single])
    session().add(single)
    request.state = Answer.GRANTED
    return request


def why_not_by(request: AccessRequest, approver: Actor) -> str:
    """Why somebody cannot approve a request: they do not have what it asks for."""
    rule = understood(_only(request), request.permission) if request.on_record else ""
    wanted = Grant(request.permission, "company", rule=rule)
    return more_than_held(request.permission) if lacking(approver, [wanted]) else ""


def _only(request: AccessRequest) -> str:
    return f'reference = "{request.on_record}"' if request.on_record else ""
