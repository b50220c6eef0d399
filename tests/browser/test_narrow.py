"""A long list of choices is made shorter by what is typed above it; without JavaScript it is a list like any other."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
OWNER, AT = "Helen Marsh", "northgate"
NEW = f"/{AT}/notifications/rules/new"


def test_typing_finds_an_event_and_enter_takes_it(house: House) -> None:
    context = house.sign_in(OWNER, AT, bypass_csp=True)
    page = context.new_page()
    page.goto(NEW)
    events = page.locator("#field-event option[value]:not([value=''])")
    many = events.count()
    assert many > 100
    box = page.get_by_role("searchbox", name="If this happens")
    box.type("INCID crea")
    expect(page.locator("[data-behaviour=narrow] output")).to_have_text(f"1 / {many}")
    expect(events).to_have_count(1)
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#field-event")).to_have_value("hse.incident.created")
    expect(page.locator("#field-event")).to_be_focused()
    box.fill("nothing has these words")
    expect(page.locator("#field-event")).to_have_value("hse.incident.created")
    box.fill("")
    expect(events).to_have_count(many)
    expect(page.locator("#field-event")).to_have_value("hse.incident.created")
    context.close()


def test_without_javascript_it_is_a_list(house: House) -> None:
    context = house.sign_in(OWNER, AT, java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(NEW)
    expect(page.get_by_role("searchbox", name="If this happens")).to_have_count(0)
    page.select_option("#field-event", "hse.incident.created")
    expect(page.locator("#field-event")).to_have_value("hse.incident.created")
    context.close()
