"""Spans of days that move along with the day of the run: last month, the last seven days; worked out on the organisation's calendar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.kernel import clock
from app.kernel.current import current
from app.kernel.fields import Field

DAYS_BACK = re.compile(r"last-([1-9]\d{0,3})-days")
NAMED: Mapping[str, Any] = {
    "today": _l("Today"), "yesterday": _l("Yesterday"), "last-7-days": _l("Last 7 days"), "last-30-days": _l("Last 30 days"),
    "last-90-days": _l("Last 90 days"), "this-week": _l("This week"), "last-week": _l("Last week"), "this-month": _l("This month"),
    "last-month": _l("Last month"), "this-quarter": _l("This quarter"), "last-quarter": _l("Last quarter"), "this-year": _l("This year"),
    "last-year": _l("Last year"),
}


@dataclass(frozen=True)
class Period:
    """A span of days by its word, with its first and its last day."""

    word: str
    first: date
    last: date

    @property
    def said(self) -> str:
        """“Last month (1 Oct 2026 – 31 Oct 2026)”."""
        back = DAYS_BACK.fullmatch(self.word)
        name = NAMED.get(self.word) or _("Last %(days)s days", days=back[1] if back else "")
        days = [format_date(day, "d MMM y", locale=get_locale()) for day in dict.fromkeys((self.first, self.last))]
        return f"{name} ({' – '.join(days)})"

    def pairs(self, field: Field) -> list[tuple[str, str]]:
        """The filters of the list that mean this span; of moments up to the midnight after its last day, in the organisation's zone."""
        if field.kind == "date":
            return [(f"{field.name}__gte", self.first.isoformat()), (f"{field.name}__lte", self.last.isoformat())]
        zone = current.organisation.timezone
        return [(f"{field.name}__gte", clock.midnight(self.first, zone).isoformat()),
                (f"{field.name}__lt", clock.midnight(self.last + timedelta(days=1), zone).isoformat())]


def period_of(word: str) -> Period | None:
    """What a word means today, where the organisation is; None for what is no such word. A day counts as the last of its span."""
    word = word.strip().casefold()
    today = clock.today(current.organisation.timezone)
    if back := DAYS_BACK.fullmatch(word):
        return Period(word, today - timedelta(days=int(back[1]) - 1), today)
    if word in ("today", "yesterday"):
        day = today - timedelta(days=word == "yesterday")
        return Period(word, day, day)
    which, _dash, unit = word.partition("-")
    if word not in NAMED or which not in ("this", "last"):
        return None
    first = _begin(today, unit)
    if which == "last":
        first = _begin(first - timedelta(days=1), unit)
    return Period(word, first, _begin(first + timedelta(days={"week": 7, "month": 31, "quarter": 92, "year": 366}[unit]), unit)
                  - timedelta(days=1))


def _begin(day: date, unit: str) -> date:
    """The first day of the week (Monday), month, quarter or year in which a day is."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    month = {"month": day.month, "quarter": 3 * ((day.month - 1) // 3) + 1, "year": 1}[unit]
    return day.replace(month=month, day=1)
