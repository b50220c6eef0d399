"""The page that shows where approvals are stuck, for those who answer for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_timedelta
from flask import Blueprint, url_for
from flask_babel import format_decimal, get_locale
from werkzeug.wrappers import Response

from app.core import access
from app.core.approvals import orphans, showing, stuck, words
from app.core.approvals.models import ApprovalRequest
from app.core.calendar import absences
from app.kernel import clock
from app.kernel.current import current
from app.kernel.registry import registry
from app.kernel.screens import screen

screens = Blueprint("stuck", __name__)
screens.needs = stuck.OVERSEE  # type: ignore[attr-defined]


@screens.get("/<org>/inbox/stuck")
def listing() -> Response:
    """Step by step what waits and how long it takes, with whom it lies, and what waits the longest."""
    access.require(current.user, stuck.OVERSEE)
    steps, holders, requests = stuck.steps(), stuck.holders(), stuck.longest()
    names, away = words.people([each.member_id for each in holders]), absences.away(each.member_id for each in holders)
    return screen(
        "inbox/stuck.html", nobody=[_orphan(each) for each in orphans.listed()], nobody_count=orphans.count(),
        inbox_url=url_for("inbox.listing"), days=stuck.PERIOD.days,
        steps=[_step(step) for step in steps],
        people=[{"name": names[each.member_id], "waiting": format_decimal(each.waiting), "late": each.late,
                 "oldest": _ago(each.oldest), "away": absences.until(away[each.member_id]) if each.member_id in away else ""}
                for each in holders],
        requests=[{"title": showing.heading(each), "url": showing.page_url(each), "reference": each.record_reference,
                   "step": showing.step_text(each), "late": showing.due_text(each, each.due_at - clock.now())} for each in requests])


def _orphan(request: ApprovalRequest) -> dict[str, Any]:
    return {"title": showing.heading(request), "url": showing.page_url(request), "reference": request.record_reference,
            "step": showing.step_text(request), "since": _ago(request.nobody_since)}


def _step(step: stuck.Step) -> dict[str, Any]:
    approval = registry.approvals.get(step.approval)
    return {"name": step.name, "approval": str(approval.label) if approval else step.approval, "waiting": format_decimal(step.waiting),
            "late": step.late, "oldest": _ago(step.oldest), "median": _length(step.median), "p90": _length(step.p90)}


def _ago(moment: datetime | None) -> str:
    return _length(clock.now() - moment) if moment else "–"


def _length(span: timedelta | None) -> str:
    return format_timedelta(span, threshold=1.5, locale=get_locale()) if span is not None else "–"
