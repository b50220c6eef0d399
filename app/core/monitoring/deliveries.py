"""The page of what was promised after a commit and did not get through: why, when it is tried next, and what can be done. Plain forms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, audit, mail
from app.kernel import outbox
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, NotFound
from app.kernel.kinds import show_moment
from app.kernel.outbox import FAILED, GiveUp, OutboxRow
from app.kernel.screens import screen

screens = Blueprint("deliveries", __name__)
screens.needs = "member"  # type: ignore[attr-defined]
VIEW, MANAGE = "monitoring.delivery.view", "monitoring.delivery.manage"
SIZE = 50


@screens.get("/<org>/settings/undelivered/")
def listing() -> Response:
    """What failed for good and what is tried again, the newest first."""
    access.require(current.user, VIEW)
    query = select(OutboxRow).where(outbox.undelivered())
    if before := request.args.get("before", ""):
        query = query.where(OutboxRow.id < _id(before))
    found = list(session().scalars(query.order_by(OutboxRow.id.desc()).limit(SIZE + 1)))
    older = url_for("deliveries.listing", before=found[SIZE - 1].id) if len(found) > SIZE else ""
    may = bool(access.can(current.user, MANAGE))
    return screen("jobs/undelivered.html", block="results", rows=[_line(row, may) for row in found[:SIZE]],
                  pager={"count_text": "", "previous_url": "", "next_url": older})


@screens.post("/<org>/settings/undelivered/<uuid:row_id>/retry")
def retry(row_id: UUID) -> Response:
    """Try it again now."""
    row = _found(row_id)
    if not outbox.retry(row.id):
        raise Conflict(_("It is under way, or was delivered meanwhile."))
    if row.name == mail.EFFECT:
        mail.wake()
    _note("monitoring.delivery.retry", row)
    flash(_("It is tried again now."), "good")
    return redirect(url_for("deliveries.listing"), 303)  # type: ignore[return-value]


@screens.post("/<org>/settings/undelivered/<uuid:row_id>/give-up")
def give_up(row_id: UUID) -> Response:
    """Try it no more; whoever waits for it is told."""
    row = _found(row_id)
    if not outbox.give_up(row.id, _("%(name)s gave it up.", name=current.user.name)):
        raise Conflict(_("It is under way, or was delivered meanwhile."))
    _note("monitoring.delivery.give_up", row)
    flash(_("It is given up."), "good")
    return redirect(url_for("deliveries.listing"), 303)  # type: ignore[return-value]


listing.needs = VIEW  # type: ignore[attr-defined]
for _view in (retry, give_up):
    _view.needs = MANAGE  # type: ignore[attr-defined]


def _found(row_id: UUID) -> OutboxRow:
    access.require(current.user, MANAGE)
    found = session().scalars(select(OutboxRow).where(OutboxRow.id == row_id)).first()
    if found is None:
        raise NotFound
    return found


def _note(action: str, row: OutboxRow) -> None:
    said = _about(row)
    audit.note(action, resource="monitoring.delivery", record_id=row.id, record_reference=said[0] if said else row.name,
               context={"name": row.name, "attempts": row.attempts, "error": row.last_error[:500]})


def _line(row: OutboxRow, may: bool) -> dict[str, Any]:
    said = _about(row)
    failed = row.state == FAILED
    return {"id": row.id, "what": _label(row), "about": said[0] if said else "", "url": said[1] if said else "", "attempts": row.attempts,
            "error": row.last_error.partition(": ")[2] or row.last_error, "asked": show_moment(row.created_at),
            "next": "" if failed else show_moment(row.due_at),
            "state": (_("Failed"), "danger") if failed else (_("To be tried again"), "warning"),
            "retry_url": url_for("deliveries.retry", row_id=row.id) if may else "",
            "give_up_url": url_for("deliveries.give_up", row_id=row.id) if may else ""}


def _label(row: OutboxRow) -> str:
    """What it does, in words; a message to one of those who listen is called by the fact that it carries."""
    if row.kind == "event":
        return _("Message: %(name)s", name=row.name.rpartition(".")[2])
    try:
        return str(outbox.handler_of(row).label or row.name)
    except GiveUp:
        return row.name


def _about(row: OutboxRow) -> tuple[str, str] | None:
    try:
        known = outbox.handler_of(row)
    except GiveUp:
        return None
    return known.about(row) if known.about else None


def _id(raw: str) -> UUID:
    try:
        return UUID(raw)
    except ValueError:
        raise NotFound from None
