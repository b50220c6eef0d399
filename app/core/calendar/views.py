"""Absences from a calendar file: choose it, look at what it holds, take what was meant. Plain forms; nothing is kept in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access
from app.core.calendar import absences, ical, taking
from app.core.calendar.absence import AbsenceKind
from app.core.people import Member, members_visible_to
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.kinds import show_moment
from app.kernel.limits import UPLOAD, limited
from app.kernel.screens import screen

screens = Blueprint("absences", __name__)
CREATE = f"{absences.KEY}.create"
MOST_NAMES = 500


@screens.get("/<org>/calendar/absences/ical")
def choose() -> Response:
    """The form to choose the file."""
    access.require(current.user, CREATE)
    return _page({})


@screens.post("/<org>/calendar/absences/ical")
@limited(UPLOAD)
def look() -> Response:
    """What the file holds, with what looks like an absence chosen."""
    access.require(current.user, CREATE)
    sent = request.files.get("file")
    content = sent.stream.read(ical.LARGEST + 1) if sent is not None else b""
    try:
        found = ical.events(content, current.user.timezone)
    except ical.Unusable as error:
        return _page({"file": [str(error)]}, 422)
    return _page({}, items=taking.looked_at(found))


@screens.post("/<org>/calendar/absences/ical/take")
def take() -> Response:
    """Enter what was chosen."""
    access.require(current.user, CREATE)
    try:
        done = taking.take(request.form.getlist("take"), request.form.get("kind", ""), request.form.get("cover", ""))
    except Invalid as error:
        session().rollback()
        return _page({"file": [str(said) for sentences in error.errors.values() for said in sentences]}, 422)
    flash(_("Absences: %(entered)d entered, %(changed)d changed, %(away)d put away.", entered=done.entered, changed=done.changed,
            away=done.put_away), "good")
    return redirect(_list_url(), 303)


choose.needs = look.needs = take.needs = CREATE  # type: ignore[attr-defined]


def _list_url() -> str:
    return url_for("calendar.absence_list")


def _page(errors: Mapping[str, Sequence[str]], status: int = 200, *, items: Sequence[taking.Item] = ()) -> Response:
    return screen(
        "calendar/ical.html", status=status, errors=errors, action=url_for("absences.look"), take_url=url_for("absences.take"),
        list_url=_list_url(), rows=[_row(item) for item in items], kinds=[(kind.value, str(kind.label)) for kind in AbsenceKind],
        members=_members() if items else [])


def _row(item: taking.Item) -> dict[str, Any]:
    states = {taking.NEW: (_("New"), "info"), taking.CHANGED: (_("Moved"), "warning"), taking.SAME: (_("Known"), "neutral"),
              taking.CANCELLED: (_("Cancelled"), "danger"), taking.REFUSED: (_("Left out"), "neutral")}
    reason = item.event.reason or (_("It was cancelled.") if item.state == taking.REFUSED else "")
    return {"title": item.event.title or _("Without a title"), "when": _when(item.event), "state": states[item.state], "reason": reason,
            "value": item.packed if item.state in (taking.NEW, taking.CHANGED, taking.CANCELLED) else "", "chosen": item.likely}


def _when(event: ical.Event) -> str:
    if event.starts_at is None or event.ends_at is None:
        return ""
    if not event.all_day:
        return f"{show_moment(event.starts_at)} – {show_moment(event.ends_at)}"
    zone = ZoneInfo(event.zone)
    days = [event.starts_at.astimezone(zone).date(), (event.ends_at - ical.INSTANT).astimezone(zone).date()]
    return " – ".join(dict.fromkeys(format_date(day, "d MMM y", locale=get_locale()) for day in days))


def _members() -> list[tuple[str, str]]:
    rows = session().execute(select(Member.id, Member.name).where(
        Member.active, Member.archived_at.is_(None), Member.id != current.user.id, members_visible_to(current.user))
        .order_by(Member.name_key).limit(MOST_NAMES))
    return [(str(row[0]), row[1]) for row in rows]
