"""The bell: notices, newest first; the way through one to what it is about; and what can be done about it at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.core import approvals
from app.core.notifications import preferences, showing, wishes
from app.core.notifications.models import Category, Notification
from app.core.notifications.telling import read_about, read_all, unread_count
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import NotFound
from app.kernel.screens import screen

screens = Blueprint("bell", __name__)
screens.needs = "member"  # type: ignore[attr-defined]


@screens.get("/<org>/notifications/")
def listing() -> Response:
    """Everything the reader was told, or all of one kind."""
    category = _category(request.args.get("about", ""))
    shown = showing.notices(before=_id(request.args["before"]) if request.args.get("before") else None, category=category)
    chosen = {"about": category.value} if category else {}
    return screen("notifications/list.html", block="results", shown=shown, tabs=_tabs(category),
                  read_all_url=url_for("bell.read") if unread_count() else "",
                  pager={"count_text": "", "previous_url": "",
                         "next_url": url_for("bell.listing", before=shown.before, **chosen) if shown.before else ""})  # type: ignore[arg-type]


@screens.get("/<org>/notifications/panel")
def panel() -> Response:
    """The newest of them, under the bell."""
    return screen("notifications/panel.html", block="panel", shown=showing.notices(size=showing.IN_PANEL))


@screens.post("/<org>/notifications/<uuid:notice_id>/seen")
def seen(notice_id: UUID) -> Response:
    """Mark a notice read, with all others about the same record, and go to what it is about."""
    notice = _mine(notice_id)
    read_all(current.user.id, [notice.id])
    if notice.record_id:
        read_about(current.user.id, notice.record_id)
    return redirect(notice.path or url_for("bell.listing"), 303)  # type: ignore[return-value]


@screens.post("/<org>/notifications/<uuid:notice_id>/approve")
def approve(notice_id: UUID) -> Response:
    """Approve what a notice asks for; the inbox's own guards decide whether that is enough."""
    notice = _mine(notice_id)
    if notice.kind != "approval" or notice.record_id is None:
        raise NotFound
    done = approvals.decide(notice.record_id, approvals.Verb.APPROVE, shown_hash=request.form.get("hash", ""),
                            key=request.form.get("_key", ""))
    read_about(current.user.id, notice.record_id)
    flash(done.said, "success")
    return redirect(url_for("bell.listing"), 303)  # type: ignore[return-value]


@screens.post("/<org>/notifications/<uuid:notice_id>/mute")
def mute(notice_id: UUID) -> Response:
    """Tell the reader nothing more of the record that a notice is about, or tell them again."""
    notice = _mine(notice_id)
    if notice.record_id is None:
        raise NotFound
    if wishes.muted(notice.record_id, [current.user.id]):
        wishes.unmute(current.user.id, notice.record_id)
        flash(_("You hear of this again."), "good")
    else:
        wishes.mute(current.user.id, notice.record_id)
        read_about(current.user.id, notice.record_id)
        flash(_("You hear nothing more of this, unless it is critical."), "good")
    return redirect(url_for("bell.listing"), 303)  # type: ignore[return-value]


@screens.post("/<org>/notifications/read")
def read() -> Response:
    """Mark everything read."""
    read_all(current.user.id)
    return redirect(url_for("bell.listing"), 303)  # type: ignore[return-value]


screens.add_url_rule("/<org>/notifications/preferences", view_func=preferences.preferences, methods=["GET", "POST"])
screens.add_url_rule("/<org>/notifications/digest", view_func=preferences.send_digest, methods=["POST"])


def _mine(notice_id: UUID) -> Notification:
    notice = session().get(Notification, (current.organisation.id, notice_id))
    if notice is None or notice.member_id != current.user.id:
        raise NotFound
    return notice


def _tabs(chosen: Category | None) -> list[tuple[Any, str, bool, int | None]]:
    return [(_("All"), url_for("bell.listing"), chosen is None, None),
            *((each.label, url_for("bell.listing", about=each.value), chosen == each, None) for each in Category)]


def _category(raw: str) -> Category | None:
    try:
        return Category(raw) if raw else None
    except ValueError:
        raise NotFound from None


def _id(raw: str) -> UUID:
    try:
        return UUID(raw)
    except ValueError:
        raise NotFound from None
