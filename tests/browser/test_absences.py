"""When somebody is away: entered by keyboard, taken from a calendar file, and what is stuck; by keyboard, without script, on a phone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.browser import axe
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
OWNER = "Mara Keller"
WIDE = {"width": 1440, "height": 900}
LINES = ("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:crew-{tag}", "SUMMARY:Rig\\, crew {tag}", "DTSTART;VALUE=DATE:20961228",
         "DTEND;VALUE=DATE:20970113", "END:VEVENT", "BEGIN:VEVENT", "UID:call-{tag}", "SUMMARY:Call", "DTSTART:20961201T090000Z",
         "DTEND:20961201T100000Z", "RRULE:FREQ=WEEKLY", "END:VEVENT", "END:VCALENDAR", "")


def keep(page: Any, name: str) -> None:
    """A picture of the page, where somebody wants to look at it."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def sound(page: Any) -> None:
    """Readable by all, and nothing runs out of the page."""
    assert not axe.violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("scheme", "viewport", "script"), [("light", WIDE, True), ("dark", PHONE, True), ("light", PHONE, False)])
def test_a_calendar_file_becomes_absences(house: House, tmp_path: Path, scheme: str, viewport: dict[str, int], script: bool) -> None:
    tag = f"{scheme}-{viewport['width']}-{script}"
    path = tmp_path / "mine.ics"
    path.write_bytes("\r\n".join(LINES).format(tag=tag).encode())
    context = house.sign_in(OWNER, "meridian", bypass_csp=True, color_scheme=scheme, viewport=viewport, java_script_enabled=script)
    page = context.new_page()
    page.goto("/meridian/calendar/absences/ical")
    keep(page, f"ical-{tag}")
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="Look at it").press("Enter")
    page.wait_for_selector("text=When are you away?")
    said = page.inner_text("main")
    assert f"Rig, crew {tag}" in said
    assert "28 Dec 2096 – 12 Jan 2097" in said
    assert "It repeats. Enter each time by itself." in said
    assert page.locator("input[name=take]").count() == 1
    assert page.locator("input[name=take]").is_checked()
    keep(page, f"ical-looked-{tag}")
    if script:
        sound(page)
    page.select_option("select[name=kind]", "offshore")
    page.get_by_role("button", name="Enter what is ticked").press("Enter")
    page.wait_for_url("**/calendar/absences/")
    assert "Offshore" in page.inner_text("main")
    keep(page, f"absences-{tag}")
    if script:
        sound(page)
    context.close()


@pytest.mark.parametrize(("scheme", "viewport", "language"), [("light", WIDE, "en"), ("dark", WIDE, "en"), ("light", PHONE, "de")])
def test_where_it_is_stuck_and_who_stands_in(house: House, scheme: str, viewport: dict[str, int], language: str) -> None:
    context = house.sign_in("Helen Marsh", "northgate", bypass_csp=True, color_scheme=scheme, viewport=viewport)
    house.prefer(context, language=language)
    page = context.new_page()
    for name, address in (("stuck", "inbox/stuck"), ("delegations", "inbox/delegations/"), ("new", "calendar/absences/new")):
        page.goto(f"/northgate/{address}")
        keep(page, f"{name}-{scheme}-{language}")
        sound(page)
    context.close()
