"""Who finds which view: their own, and those that are shared with them. A view shows nobody a record that they may not see."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true

from app.core import access
from app.core.views.models import ExportRecipient, SavedView, ScheduledExport, Sharing
from app.kernel.current import Actor

SHARE = "views.saved_view.share"


def views_visible_to(user: Actor) -> ColumnElement[bool]:
    """One's own, those shared with one's roles and groups, and all that are shared for whoever may share."""
    view: Any = SavedView
    if access.can(user, SHARE):
        return or_(view.created_by == user.id, view.sharing != Sharing.PRIVATE)
    return or_(view.created_by == user.id, meant_for(user))


def meant_for(user: Actor) -> ColumnElement[bool]:
    """Those that stand over the lists of a member, beside their own."""
    view: Any = SavedView
    return or_(view.sharing == Sharing.EVERYBODY,
               and_(view.sharing == Sharing.ROLE, view.role.in_(user.roles or ("",))),
               and_(view.sharing == Sharing.GROUP, view.group_id.in_(user.group_ids)))


def exports_visible_to(user: Actor) -> ColumnElement[bool]:
    """What one has sent, what one is sent, and all for whoever may share views."""
    if access.can(user, SHARE):
        return true()
    export: Any = ScheduledExport
    sent = select(ExportRecipient.export_id).where(ExportRecipient.organisation_id == export.organisation_id,
                                                   ExportRecipient.recipient_id.in_(user.own_ids))
    return or_(export.owner_id == user.id, export.created_by == user.id, export.id.in_(sent))
