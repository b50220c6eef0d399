"""Whoever may do more than before learns what it is, and until when."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access
from app.core.access.events import RoleGiven
from app.core.access.models import AccessRequest, Role
from app.core.access.wording import permission_label
from app.core.notifications.telling import notify
from app.core.people import MemberRole
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.events import RecordEvent
from app.kernel.kinds import show_moment

RIGHTS = "security"


def tell_granted(fact: RecordEvent) -> None:
    """A request for access was granted: what one may do from now on, on which record, and until when."""
    for request in session().scalars(select(AccessRequest).where(AccessRequest.id.in_(fact.ids))):
        _tell_granted(request)


def _tell_granted(request: AccessRequest) -> None:
    if request.member_id is not None:
        notify(request.member_id, RIGHTS, lambda: _("You may do this now: %(what)s", what=permission_label(request.permission)),
               f"/{current.organisation.slug}/access/requests/{request.reference}/", record=request,
               text=lambda: " ".join(filter(None, (_only(request.on_record), _until(request.until)))))


def tell_role(fact: RoleGiven) -> None:
    """Somebody else gave a member a role: what it is for, and until when."""
    role = session().get(Role, (current.organisation.id, fact.role_id))
    if role is None or fact.member_id == current.user.id:
        return
    further = session().scalars(select(MemberRole).where(MemberRole.member_id == fact.member_id, MemberRole.role_id == role.id)).first()
    ends = further.ends_at if further else None
    notify(fact.member_id, RIGHTS,
           lambda: _("You have the role “%(role)s” now", role=access.role_labels().get(role.key, role.label)),
           f"/{current.organisation.slug}/", text=lambda: " ".join(filter(None, (_purpose(role), _until(ends)))))


def _purpose(role: Role) -> str:
    """What a role is for, in the reader's language where it came with the product."""
    return str(access.role_purposes().get(role.key) or role.description or "")


def _only(reference: str | None) -> str:
    return _("Only for %(reference)s.", reference=reference) if reference else ""


def _until(moment: datetime | None) -> str:
    return _("Until %(time)s.", time=show_moment(moment)) if moment else ""
