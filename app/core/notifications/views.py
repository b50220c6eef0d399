"""The bell: notices, newest first; and the way through one to what it is about."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from app.core.notifications import digest
from app.core.notifications.models import Notification
from app.core.notifications.quiet import FROM, TO
from app.core.notifications.telling import MAIL, read_all, unread_count
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid, NotFound
from app.kernel.kinds import counted, show_moment
from app.kernel.screens import screen

screens = Blueprint("notifications", __name__)
screens.needs = "member"  # type: ignore[attr-defined]
SIZE = 50
ICONS = {"approval": "inbox", "decision": "inbox", "watched": "eye", "job": "list-todo"}
MAILS = ("important", "all", "off")


@screens.get("/<org>/notifications/")
def listing() -> Response:
    """Everything the reader was told."""
    query = select(Notification).where(Notification.member_id == current.user.id, Notification.shown_at <= clock.now())
    if before := request.args.get("before", ""):
        query = query.where(Notification.id < _id(before))
    found = list(session().scalars(query.order_by(Notification.id.desc()).limit(SIZE + 1)))
    older = url_for("notifications.listing", before=found[SIZE - 1].id) if len(found) > SIZE else ""
    return screen("jobs/notifications.html", block="results", notifications=[_line(notice) for notice in found[:SIZE]],
                  read_all_url=url_for("notifications.read") if unread_count() else "",
                  pager={"count_text": "", "previous_url": "", "next_url": older})


@screens.post("/<org>/notifications/<uuid:notice_id>/seen")
def seen(notice_id: UUID) -> Response:
    """Mark one notice read and go to what it is about."""
    notice = session().get(Notification, (current.organisation.id, notice_id))
    if notice is None or notice.member_id != current.user.id:
        raise NotFound
    read_all(current.user.id, [notice.id])
    return redirect(notice.path or url_for("notifications.listing"), 303)  # type: ignore[return-value]


@screens.post("/<org>/notifications/read")
def read() -> Response:
    """Mark everything read."""
    read_all(current.user.id)
    return redirect(url_for("notifications.listing"), 303)  # type: ignore[return-value]


@screens.route("/<org>/notifications/preferences", methods=["GET", "POST"])
def preferences() -> Response:
    """Which notices also come by mail, at which hour the digest comes, and when to be left alone."""
    member = session().get_one(Member, (current.organisation.id, current.user.id))
    if request.method == "POST":
        _save(member)
        flash(_("Your preferences are saved."), "good")
        return redirect(url_for("notifications.preferences"), 303)  # type: ignore[return-value]
    return screen("jobs/preferences.html", block="form", member=member, chosen=member.preferences.get(MAIL, "important"),
                  wants_digest=member.preferences.get("mail_digest") != "off", quiet_from=member.preferences.get(FROM, ""),
                  quiet_to=member.preferences.get(TO, ""), hours=range(24))


@screens.post("/<org>/notifications/digest")
def send_digest() -> Response:
    """Send the reader a digest of this moment; pressed twice within a minute it is the same one."""
    digest.send_now(current.user.id, key=clock.now().strftime("%Y%m%d%H%M"))
    flash(_("The digest is on its way to %(address)s.", address=current.user.email), "good")
    return redirect(url_for("notifications.preferences"), 303)  # type: ignore[return-value]


def _save(member: Member) -> None:
    chosen, hour = request.form.get("mail", "important"), counted(request.form.get("digest_hour", "7"))
    if chosen not in MAILS or hour is None or hour > 23:
        raise Invalid({"mail": [_("Choose one of the list.")]})
    quiet = {FROM: _time("quiet_from"), TO: _time("quiet_to")}
    if bool(quiet[FROM]) != bool(quiet[TO]):
        raise Invalid({"quiet_to": [_("Quiet hours need a beginning and an end.")]})
    member.digest_hour = hour
    member.preferences = {**member.preferences, MAIL: chosen, "mail_digest": "on" if request.form.get("digest") else "off", **quiet}


def _time(name: str) -> str:
    raw = request.form.get(name, "").strip()
    hours, _colon, minutes = raw.partition(":")
    at = counted(hours), counted(minutes)
    if raw and (at[0] is None or at[1] is None or at[0] > 23 or at[1] > 59):
        raise Invalid({name: [_("“%(raw)s” is no time of day; write it like 21:30.", raw=raw[:20])]})
    return f"{at[0]:02}:{at[1]:02}" if raw else ""


def _line(notice: Notification) -> dict[str, Any]:
    return {"title": notice.title, "text": notice.text, "when": show_moment(notice.created_at), "unread": notice.read_at is None,
            "icon": ICONS.get(notice.kind, "bell"), "url": notice.path or url_for("notifications.listing"),
            "seen_url": url_for("notifications.seen", notice_id=notice.id) if notice.read_at is None else ""}


def _id(raw: str) -> UUID:
    try:
        return UUID(raw)
    except ValueError:
        raise NotFound from None
