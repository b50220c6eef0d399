"""Calendar files as people really export them: folded lines, escapes, zones by several names, whole days, and what is refused with why."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask

from app.core.calendar import ical


@pytest.fixture(autouse=True)
def spoken(app: Flask) -> object:
    """Within a request, so that sentences are in a language."""
    with app.test_request_context("/"):
        yield


def file(*lines: str, head: str = "") -> bytes:
    """A file with one event of these lines."""
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *([head] if head else []), "BEGIN:VEVENT", "UID:one", *lines, "END:VEVENT",
                        "END:VCALENDAR", ""]).encode()


def only(content: bytes, zone: str = "Europe/Paris") -> ical.Event:
    """Its event."""
    found = ical.events(content, zone)
    assert len(found) == 1
    return found[0]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


@pytest.mark.parametrize(("lines", "starts", "ends"), [
    (("DTSTART;VALUE=DATE:20260112", "DTEND;VALUE=DATE:20260115"), utc(2026, 1, 11, 23), utc(2026, 1, 14, 23)),
    (("DTSTART;VALUE=DATE:20260112",), utc(2026, 1, 11, 23), utc(2026, 1, 12, 23)),
    (("DTSTART:20260112T080000Z", "DTEND:20260112T170000Z"), utc(2026, 1, 12, 8), utc(2026, 1, 12, 17)),
    (("DTSTART;TZID=America/Sao_Paulo:20260112T080000", "DURATION:PT9H"), utc(2026, 1, 12, 11), utc(2026, 1, 12, 20)),
    (('DTSTART;TZID="W. Europe Standard Time":20260712T080000', "DTEND;TZID=W. Europe Standard Time:20260712T090000"),
     utc(2026, 7, 12, 6), utc(2026, 7, 12, 7)),
    (("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Lisbon:20260112T080000", "DURATION:P1W"),
     utc(2026, 1, 12, 8), utc(2026, 1, 19, 8)),
    (("DTSTART:20260112T080000", "DTEND:20260112T090000"), utc(2026, 1, 12, 7), utc(2026, 1, 12, 8)),
    (("DTSTART;VALUE=DATE:20260329", "DURATION:P1D"), utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
    (("DTSTART;VALUE=DATE:20280229",), utc(2028, 2, 28, 23), utc(2028, 2, 29, 23))])
def test_days_and_moments_in_their_zones(lines: tuple[str, ...], starts: datetime, ends: datetime) -> None:
    event = only(file(*lines))
    assert (event.starts_at, event.ends_at, event.reason) == (starts, ends, "")


def test_a_calendar_says_its_own_zone() -> None:
    event = only(file("DTSTART:20260112T080000", "DURATION:PT1H", head="X-WR-TIMEZONE:Asia/Tokyo"))
    assert event.starts_at == utc(2026, 1, 11, 23)
    assert event.zone == "Asia/Tokyo"


def test_escapes_folds_and_alarms() -> None:
    content = file("DTSTART;VALUE=DATE:20260112", "SUMMARY:Fjord\\, crew é\\; C:\\\\rig\\nback soon", "BEGIN:VALARM", "TRIGGER:-PT15M",
                   "SUMMARY:Alarm", "END:VALARM")
    letter = content.index("é".encode()) + 1  # the fold falls within a letter
    event = only(content[:letter] + b"\r\n " + content[letter:])
    assert event.title == "Fjord, crew é; C:\\rig back soon"


@pytest.mark.parametrize(("lines", "reason"), [
    (("DTSTART;VALUE=DATE:20260112", "RRULE:FREQ=WEEKLY"), "repeats"), (("SUMMARY:Some day",), "when it begins"),
    (("DTSTART;TZID=Mars/Olympus:20260112T080000",), "not known"), (("DTSTART:20261301T080000Z",), "not a moment"),
    (("DTSTART:20260112T080000Z",), "ends when it begins"), (("DTSTART:20260112T080000Z", "DTEND:20260111T080000Z"), "or before"),
    (("DTSTART:20260112T080000Z", "DURATION:soon"), "length of time")])
def test_what_cannot_be_taken_says_why_and_spares_the_others(lines: tuple[str, ...], reason: str) -> None:
    broken = file(*lines)
    good = b"BEGIN:VEVENT\r\nUID:two\r\nDTSTART;VALUE=DATE:20260201\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    first, second = ical.events(broken.replace(b"END:VCALENDAR\r\n", good), "UTC")
    assert reason in first.reason
    assert second.reason == ""


def test_what_was_cancelled_and_one_time_of_a_series() -> None:
    event = only(file("DTSTART;VALUE=DATE:20260112", "STATUS:CANCELLED", "RECURRENCE-ID;VALUE=DATE:20260112"))
    assert (event.cancelled, event.uid) == (True, "one#20260112")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xff\xfe\x00", b"name;from;to\n", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
                                     b"BEGIN:VCALENDAR\r\n" + b"x" * ical.LARGEST])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ical.Unusable):
        ical.events(content, "UTC")


def test_too_many_events_are_refused() -> None:
    one = b"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260112\r\nEND:VEVENT\r\n"
    with pytest.raises(ical.Unusable, match="more than 300"):
        ical.events(b"BEGIN:VCALENDAR\r\n" + one * 301 + b"END:VCALENDAR\r\n", "UTC")
