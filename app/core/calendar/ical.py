"""Events of a calendar file (RFC 5545): the part of it that absences need. What cannot be taken is given back with the reason.

Understood are folded lines, quoted parameters, escaped texts, days and moments in UTC, in a named zone (Outlook's names too) or floating,
an end or a duration, and what was cancelled. A repeated event is refused: each time would be an absence of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.core import get_global
from flask_babel import gettext as _

from app.kernel.zones import known_zones

LARGEST = 1_000_000
MOST = 300
LONGEST_TITLE = 200
INSTANT = timedelta(seconds=1)
FOLD = re.compile(rb"\r?\n[ \t]")
PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^;:"]*)')
NAME = re.compile(r"[A-Za-z0-9-]+")
DURATION = re.compile(r"P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,6})S)?)?")
ESCAPE = re.compile(r"\\([\\;,Nn])")


class Unusable(ValueError):
    """An event, or a file, that cannot be taken; says why."""


@dataclass(frozen=True)
class Line:
    """One line of a file: its name, its parameters by their names, its value as written."""

    name: str
    value: str
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """When something is, by its mark in the calendar; why it cannot be taken, if it cannot."""

    uid: str
    title: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    zone: str = ""
    all_day: bool = False
    cancelled: bool = False
    out_of_office: bool = False
    reason: str = ""


def events(content: bytes, zone: str) -> list[Event]:
    """The events of a file; a time without a zone is by the calendar's own, or by `zone`. Raises Unusable."""
    if not content:
        raise Unusable(_("Choose a file."))
    if len(content) > LARGEST:
        raise Unusable(_("The file is larger than 1 MB."))
    lines = list(_lines(content))
    if not lines or (lines[0].name, lines[0].value.upper()) != ("BEGIN", "VCALENDAR"):
        raise Unusable(_("This is not a calendar file (.ics)."))
    home = next((known for line in lines if line.name == "X-WR-TIMEZONE" and (known := _zone(line.value))), zone)
    found = [_event(each, home) for each in _components(lines)]
    if not found:
        raise Unusable(_("The file holds no events."))
    if len(found) > MOST:
        raise Unusable(_("The file has more than %(max)d events. Choose a shorter period.", max=MOST))
    return found


def _lines(content: bytes) -> Iterator[Line]:
    """The lines, unfolded as bytes: a fold may fall within a letter."""
    try:
        text = FOLD.sub(b"", content.removeprefix(b"\xef\xbb\xbf")).decode()
    except UnicodeDecodeError:
        raise Unusable(_("This is not a calendar file (.ics).")) from None
    for raw in re.split(r"\r?\n", text):
        if line := _line(raw):
            yield line


def _line(raw: str) -> Line | None:
    name = NAME.match(raw)
    if name is None:
        return None
    said, at = {}, name.end()
    while parameter := PARAMETER.match(raw, at):
        said[parameter[1].upper()] = parameter[2].strip('"')
        at = parameter.end()
    return Line(name[0].upper(), raw[at + 1:], said) if raw[at:at + 1] == ":" else None


def _components(lines: list[Line]) -> Iterator[dict[str, Line]]:
    """The lines of each event by name, the first of each; what lies within it (an alarm) is left out."""
    event: dict[str, Line] | None = None
    within: list[str] = []
    for line in lines:
        what = line.value.strip().upper()
        if line.name == "BEGIN":
            within.append(what)
            event = {} if what == "VEVENT" else event
        elif line.name == "END":
            if what == "VEVENT" and event is not None:
                yield event
                event = None
            if within:
                within.pop()
        elif event is not None and within[-1:] == ["VEVENT"]:
            event.setdefault(line.name, line)


def _event(lines: Mapping[str, Line], home: str) -> Event:
    title = _text(lines["SUMMARY"].value)[:LONGEST_TITLE] if "SUMMARY" in lines else ""
    start = lines.get("DTSTART")
    uid = lines["UID"].value.strip() if "UID" in lines else f"{title}@{start.value if start else ''}"
    if "RECURRENCE-ID" in lines:
        uid = f"{uid}#{lines['RECURRENCE-ID'].value.strip()}"
    uid = uid[:255]
    try:
        begins, ends, zone = _span(lines, home)
    except Unusable as error:
        return Event(uid, title, reason=str(error))
    busy = lines["X-MICROSOFT-CDO-BUSYSTATUS"].value.strip().upper() if "X-MICROSOFT-CDO-BUSYSTATUS" in lines else ""
    cancelled = "STATUS" in lines and lines["STATUS"].value.strip().upper() == "CANCELLED"
    return Event(uid, title, begins, ends, zone, bool(start and _is_day(start)), cancelled, busy == "OOF")


def _span(lines: Mapping[str, Line], home: str) -> tuple[datetime, datetime, str]:
    """From when until when, and the zone in which that was said."""
    if "RRULE" in lines or "RDATE" in lines:
        raise Unusable(_("It repeats. Enter each time by itself."))
    start = lines.get("DTSTART")
    if start is None:
        raise Unusable(_("It does not say when it begins."))
    begins, zone = _moment(start, home)
    if "DTEND" in lines:
        ends = _moment(lines["DTEND"], home)[0]
    elif "DURATION" in lines:
        ends = _later(begins, lines["DURATION"].value.strip(), zone)
    else:
        ends = _later(begins, "P1D" if _is_day(start) else "PT0S", zone)
    if ends <= begins:
        raise Unusable(_("It ends when it begins, or before."))
    return begins, ends, zone


def _moment(line: Line, home: str) -> tuple[datetime, str]:
    """A day (its midnight) or a moment, in UTC, with its zone."""
    value = line.value.strip()
    named = line.said.get("TZID", "")
    zone = _zone(named) if named else home
    if not zone:
        raise Unusable(_("The time zone “%(zone)s” is not known.", zone=named[:60]))
    try:
        if _is_day(line):
            day = datetime.strptime(value, "%Y%m%d").replace(tzinfo=UTC).date()
            return _at(day, time(), zone), zone
        if value.endswith("Z"):
            return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), home
        local = datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        return _at(local.date(), local.time(), zone), zone
    except (ValueError, OverflowError):
        raise Unusable(_("“%(raw)s” is not a moment.", raw=value[:40])) from None


def _at(day: date, clock: time, zone: str) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def _later(begins: datetime, raw: str, zone: str) -> datetime:
    """After a duration: weeks and days by the calendar of the zone, hours by the clock."""
    found = DURATION.fullmatch(raw.removeprefix("+"))
    if found is None or len(raw) < len("P1D"):
        raise Unusable(_("“%(raw)s” is not a length of time.", raw=raw[:40]))
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    local = begins.astimezone(ZoneInfo(zone)) + timedelta(weeks=weeks, days=days)
    return local.astimezone(UTC) + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _is_day(line: Line) -> bool:
    return line.said.get("VALUE", "").upper() == "DATE" or bool(re.fullmatch(r"\d{8}", line.value.strip()))


def _zone(name: str) -> str:
    """A zone by its name, by the last two parts of a longer one, or by what Outlook calls it; empty when it is not known."""
    name = name.strip().strip('"')
    mapped = get_global("windows_zone_mapping").get(name, "")
    tail = "/".join(name.split("/")[-2:])
    return next((each for each in (name, mapped, tail) if each in known_zones()), "")


def _text(raw: str) -> str:
    """A text with its escapes resolved, on one line."""
    plain = ESCAPE.sub(lambda found: "\n" if found[1] in "Nn" else found[1], raw)
    return " ".join(plain.split())
