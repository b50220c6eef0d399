"""Quiet hours: between two times of a member's own day nothing disturbs them, except what is critical."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.core.people import Member
from app.kernel import clock

FROM, TO = "quiet_from", "quiet_to"
NIGHT = ("22:00", "08:00")  # the hours of whoever wants quiet and names none


def hours(member: Member) -> tuple[time, time] | None:
    """From when until when the member wants quiet; None when they do not."""
    begin, end = member.preferences.get(FROM), member.preferences.get(TO)
    if not begin or not end or begin == end:
        return None
    return time.fromisoformat(str(begin)), time.fromisoformat(str(end))


def disturb_at(member: Member, now: datetime | None = None) -> datetime:
    """The first moment from `now` on at which the member may be disturbed."""
    moment, wanted = now or clock.now(), hours(member)
    if wanted is None:
        return moment
    local, (begin, end) = moment.astimezone(ZoneInfo(member.timezone)), wanted
    at = local.time().replace(tzinfo=None)
    over_midnight = begin > end
    if not ((at >= begin or at < end) if over_midnight else begin <= at < end):
        return moment
    day = local.date() + timedelta(days=1) if over_midnight and at >= begin else local.date()
    return datetime.combine(day, end, local.tzinfo).astimezone(UTC)
