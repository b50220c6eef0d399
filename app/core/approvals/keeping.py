"""What a member keeps of the inbox for themselves: stars on requests, and ways to look under a name. Nobody else sees either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.core.approvals.looks import Look
from app.core.approvals.models import ApprovalRequest, ApprovalStar, InboxView
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid, NotFound
from app.kernel.records import new_id

LONGEST, MOST = 60, 20


def star(request: ApprovalRequest, *, wanted: bool) -> None:
    """Keep an eye on a request, or no longer."""
    mine = {"organisation_id": current.organisation.id, "member_id": current.user.id, "request_id": request.id}
    if wanted:
        session().execute(insert(ApprovalStar).values(id=new_id(), **mine).on_conflict_do_nothing())
    else:
        session().execute(delete(ApprovalStar).filter_by(**mine))
    request.starred = wanted


def views() -> Sequence[InboxView]:
    """The reader's own, by name."""
    return session().scalars(select(InboxView).where(InboxView.member_id == current.user.id).order_by(
        func.lower(InboxView.name), InboxView.id)).all()


def keep(name: str, said: Mapping[str, Any]) -> InboxView:
    """Keep a way to look under a name; one of that name is replaced. Raises Invalid."""
    name = " ".join(name.split())
    if not name:
        raise Invalid({"name": [_("This is needed.")]})
    if len(name) > LONGEST:
        raise Invalid({"name": [_("At most %(max)d characters; this has %(count)d.", max=LONGEST, count=len(name))]})
    known = {view.name.casefold(): view for view in views()}
    if name.casefold() not in known and len(known) >= MOST:
        raise Invalid({"name": [_("You keep %(max)d views; remove one first.", max=MOST)]})
    view = known.get(name.casefold()) or InboxView(member_id=current.user.id)
    view.name, view.query = name, Look.of(said).words()
    session().add(view)
    return view


def forget(view_id: UUID) -> InboxView:
    """Remove one of the reader's own. Raises NotFound."""
    view = session().get(InboxView, (current.organisation.id, view_id))
    if view is None or view.member_id != current.user.id:
        raise NotFound
    session().delete(view)
    return view
