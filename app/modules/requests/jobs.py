"""What is done after the fact: a critical risk is told to those who answer for it."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import notifications, people
from app.kernel.db import session
from app.kernel.events import RecordEvent
from app.modules.requests.models import Level, Request
from app.resources.urls import url_of

TOLD = ("hse_manager", "owner")


def tell_critical(fact: RecordEvent) -> None:
    """Alert health and safety and the owners to each critical risk that was submitted; quiet hours do not hold it back."""
    wanted = select(Request).where(Request.id.in_(fact.ids), Request.risk_level == Level.CRITICAL)
    for request in session().scalars(wanted):
        for member_id in _those_who_answer():
            notifications.notify(member_id, notifications.ALERT, partial(_said, request), url_of(request), record=request, critical=True,
                                 key=f"requests.critical:{request.id}")


def _those_who_answer() -> list[UUID]:
    return list(dict.fromkeys(member.id for role in TOLD for member in people.with_role(role)))


def _said(request: Request) -> str:
    return _("Critical risk: %(title)s", title=request.title)
