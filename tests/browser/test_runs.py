"""Runs in a real browser: by keys from the list to the evidence, on a phone, and what was proposed in the inbox of who decides."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.house import PHONE, House


def launched(page: Page) -> str:
    """Launch the weekly review by keys alone; gives the address of the run once it has gone as far as it can."""
    page.goto("/meridian/runs/")
    page.get_by_role("link", name="Launch").focus()
    page.keyboard.press("Enter")
    page.get_by_label("An incident is old after so many days").fill("1")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/runs/runs/EXR-"))
    expect(page.locator("h1")).to_contain_text(re.compile("Awaiting approval|Completed"), timeout=120_000)  # it looks again by itself
    return page.url


def test_a_review_is_launched_by_keys_and_read_on_a_phone(house: House) -> None:
    context = house.sign_in("Mara Keller", "meridian")
    page = context.new_page()
    address = launched(page)
    recommended = page.get_by_role("region", name="Recommendations")
    expect(recommended.get_by_text("Close out the incidents that lie too long")).to_be_visible()
    assert violations(page) == []
    recommended.get_by_role("link", name=re.compile("Incidents that are open")).first.click()
    expect(page).to_have_url(re.compile("/hse/incidents/"))
    phone = house.sign_in("Mara Keller", "meridian", viewport=PHONE, has_touch=True, is_mobile=True).new_page()
    phone.goto(address)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(phone.get_by_role("link", name="Evidence as PDF")).to_be_visible()
