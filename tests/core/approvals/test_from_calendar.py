"""From a calendar file to absences, by plain forms: looked at, taken, moved, cancelled; the same file twice changes nothing."""

from __future__ import annotations

import html
import re
from io import BytesIO

from flask import Flask
from sqlalchemy import select

from app.core.calendar import Absence, AbsenceSource
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House

EVENT = "BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{title}\r\nDTSTART{start}\r\nDTEND{end}\r\n{more}END:VEVENT\r\n"


def event(uid: str, title: str, start: str, end: str, more: str = "") -> str:
    return EVENT.format(uid=uid, title=title, start=start, end=end, more=more)


CREW = event("crew", "Rig\\, crew B", ";VALUE=DATE:20961228", ";VALUE=DATE:20970113")
MEETING = event("meeting", "Budget", ":20961201T090000Z", ":20961201T100000Z")
WEEKLY = event("weekly", "Call", ":20961201T090000Z", ":20961201T100000Z", "RRULE:FREQ=WEEKLY\r\n")


class Import:
    """The page, as a browser without JavaScript uses it."""

    def __init__(self, app: Flask, house: House, who: str) -> None:
        self.browser, self.house = Browser(app, house, who), house
        self.action = f"{self.browser.root}/calendar/absences/ical"

    def look(self, *events: str) -> str:
        """The page after the file was chosen."""
        token = self.browser.fields(self.browser.get("/calendar/absences/ical").text, self.action)
        content = "".join(("BEGIN:VCALENDAR\r\n", *events, "END:VCALENDAR\r\n")).encode()
        return self.browser.client.post(self.action, data={**token, "file": (BytesIO(content), "mine.ics")},
                                        content_type="multipart/form-data").text

    def take(self, page: str, *, only_ticked: bool = True, **said: str) -> int:
        """Send what is ticked, or all that can be."""
        boxes = re.findall(r'name="take" value="([^"]*)" (checked)?', page)
        values = [html.unescape(value) for value, ticked in boxes if ticked or not only_ticked]
        token = self.browser.fields(page, f"{self.action}/take")
        return self.browser.client.post(f"{self.action}/take", data={
            **{name: value for name, value in token.items() if name != "take"}, "kind": "offshore", "cover": "", **said, "take": values}
        ).status_code

    def kept(self) -> list[Absence]:
        """The absences there are."""
        with acting(self.house.organisation, SYSTEM), unit_of_work() as work:
            found = list(work.scalars(select(Absence).where(Absence.archived_at.is_(None)).order_by(Absence.starts_at)))
            work.expunge_all()
            return found


def test_what_looks_like_an_absence_is_ticked_and_taken_once(house: House, app: Flask) -> None:
    page = Import(app, house, "manager")
    seen = page.look(CREW, MEETING, WEEKLY)
    assert "Rig, crew B" in seen
    assert "It repeats. Enter each time by itself." in seen
    assert "28 Dec 2096 – 12 Jan 2097" in seen
    assert page.take(seen, cover=str(house.ids["hanna"])) == 303
    (kept,) = page.kept()
    assert (kept.note, kept.source, kept.uid, kept.member_id, kept.cover_id) == (
        "Rig, crew B", AbsenceSource.ICAL, "crew", house.ids["manager"], house.ids["hanna"])
    again = page.look(CREW, MEETING, WEEKLY)
    assert "Known" in again
    assert page.take(again) == 422
    assert len(page.kept()) == 1


def test_an_event_that_moved_moves_and_one_that_was_cancelled_is_put_away(house: House, app: Flask) -> None:
    page = Import(app, house, "manager")
    assert page.take(page.look(CREW)) == 303
    moved = CREW.replace("20970113", "20970120")
    assert page.take(page.look(moved)) == 303
    (kept,) = page.kept()
    assert kept.ends_at.isoformat() == "2097-01-20T00:00:00+00:00"
    assert page.take(page.look(moved.replace("END:VEVENT", "STATUS:CANCELLED\r\nEND:VEVENT"))) == 303
    assert page.kept() == []


def test_a_meeting_is_taken_only_when_it_is_ticked(house: House, app: Flask) -> None:
    page = Import(app, house, "manager")
    assert page.take(page.look(MEETING)) == 422
    assert page.take(page.look(MEETING), only_ticked=False) == 303
    assert len(page.kept()) == 1


def test_another_file_and_a_forged_form_are_refused(house: House, app: Flask) -> None:
    page = Import(app, house, "manager")
    assert "The file holds no events." in page.look()
    token = page.browser.fields(page.browser.get("/calendar/absences/ical").text, page.action)
    for forged in ("not json", "[]", '{"uid": "x"}'):
        assert page.browser.client.post(f"{page.action}/take", data={**token, "take": forged}).status_code == 422
    assert page.kept() == []
