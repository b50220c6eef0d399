"""What the decision dashboard counts and lists: only what the reader may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select

from app.core import access, forms
from app.core.approvals import ApprovalRequest, State
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.registry import registry
from app.modules.requests.models import Level, Request, Status
from app.resources.answering import cells, heads

WEEKS, ROWS = 12, 25
KEY = "requests.request"
GONE = (Status.WITHDRAWN,)


@dataclass(frozen=True)
class Week:
    """What was submitted, decided and found critical in one week."""

    first: date
    submitted: int
    agreed: int
    critical: int


def since() -> datetime:
    """The beginning of the oldest week that is looked at, where the organisation is."""
    zone = ZoneInfo(current.organisation.timezone)
    first = _monday(clock.today(current.organisation.timezone)) - timedelta(weeks=WEEKS - 1)
    return datetime.combine(first, time(), zone)


def _monday(day: date) -> date:
    return clock.week_of(day, current.organisation.week_start)[0]


def _mine(*more: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    """What the reader may see of what is in use."""
    resource = registry.resource(KEY)
    return (Request.organisation_id == current.organisation.id, Request.archived_at.is_(None),
            access.visible(resource, current.user), *more)


def _asked(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(ApprovalRequest.id).where(ApprovalRequest.organisation_id == Request.organisation_id, ApprovalRequest.resource == KEY,
                                            ApprovalRequest.record_id == Request.id, *more).exists()


def views() -> Mapping[str, tuple[ColumnElement[bool], ...]]:
    """By name, what each figure of the dashboard counts."""
    return {"submitted": _mine(_asked(ApprovalRequest.created_at >= since())),
            "pending": _mine(_asked(ApprovalRequest.state == State.OPEN)),
            "critical": _mine(Request.risk_level == Level.CRITICAL, Request.status.not_in(GONE)),
            "agreed": _mine(Request.decided_at >= since())}


def counts() -> dict[str, int]:
    """How many each figure counts."""
    return {name: int(session().scalar(select(func.count()).select_from(Request).where(*where)) or 0) for name, where in views().items()}


def listed(name: str) -> list[Request]:
    """The requests behind a figure, the latest first."""
    query = select(Request).where(*views()[name]).order_by(Request.created_at.desc(), Request.id.desc()).limit(ROWS)
    return list(session().scalars(query))


def weeks() -> list[Week]:
    """Week by week what was submitted, agreed and found critical, the oldest first."""
    first_asked = func.min(ApprovalRequest.created_at)
    asked = (select(first_asked.label("at"), Request.risk_level.label("level")).select_from(Request).join(
        ApprovalRequest, (ApprovalRequest.organisation_id == Request.organisation_id) & (ApprovalRequest.record_id == Request.id)
        & (ApprovalRequest.resource == KEY)).where(*_mine()).group_by(Request.id, Request.risk_level)
        .having(first_asked >= since()).subquery())
    submitted, critical = _by_week(select(asked.c.at)), _by_week(select(asked.c.at).where(asked.c.level == Level.CRITICAL.value))
    agreed = _by_week(select(Request.decided_at).where(*views()["agreed"]))
    start = since().date()
    firsts = [start + timedelta(weeks=number) for number in range(WEEKS)]
    return [Week(first, submitted.get(first, 0), agreed.get(first, 0), critical.get(first, 0)) for first in firsts]


def _by_week(moments: Select[Any]) -> dict[date, int]:
    """How many of these moments lie in each week, counted by days in the organisation's zone."""
    inner = moments.subquery()
    day = func.date(func.timezone(current.organisation.timezone, inner.c[0]))
    found: dict[date, int] = {}
    for each, number in session().execute(select(day, func.count()).group_by(day)):
        found[_monday(each)] = found.get(_monday(each), 0) + number
    return found


def heat() -> dict[str, Any] | None:
    """The assessed risks that still stand, counted in the cells of the matrix of the form in force."""
    found = forms.to_fill("risk", {})
    matrix = found[1].matrix if found else None
    if found is None or matrix is None:
        return None
    sheet, answers = found[1], Request.answers
    down, across = answers[matrix.down].astext, answers[matrix.across].astext
    query = select(down, across, func.count()).where(*_mine(Request.risk_level.is_not(None), Request.status.not_in(GONE)))
    numbers = {(row[0], row[1]): row[2] for row in session().execute(query.group_by(down, across))}
    codes = heads(sheet)
    rows = [(code, label, [(band, numbers.get((code, other), 0)) for (band, _here), (other, _words) in zip(row, codes, strict=True)])
            for code, label, row in cells(sheet, {}, None)]
    return {"down": str(sheet.questions[matrix.down].field.label), "across": str(sheet.questions[matrix.across].field.label),
            "heads": codes, "rows": rows}
