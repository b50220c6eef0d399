"""What a machine proposed, in a real browser: found in the inbox by keys, looked at with `i`, changed and approved, the difference read."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.core import autonomy
from app.kernel.ai_actions import Source
from tests.browser.axe import violations
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
ASKS, DECIDES, AT = "Mara Keller", "Ines Cardona", "meridian"
MADE = "Thank you for your message. The parts will arrive on Monday."


def proposed(house: House, title: str) -> str:
    """A draft that a machine made for somebody; gives its reference."""
    with house.acting(ASKS, AT):
        made = autonomy.propose("standard_reply", title, MADE, sources=[Source("Order 4711", "https://orders.example/4711", "c" * 64)],
                                inputs={"order": "4711"}, confidence=0.72, provider="Local", model="small-1")
        return str(made.reference)


def to_row(page: Page, reference: str) -> None:
    """Go down the queue by keys until the row of that record has the focus."""
    row = page.locator("#queue [data-row]").filter(has_text=reference)
    expect(row).to_be_attached()
    rows = page.locator("#queue [data-row]").count()
    for _press in range(rows + 1):
        if row.evaluate("(row) => row === document.activeElement"):
            return
        page.keyboard.press("j")
    raise AssertionError(f"{reference} never had the focus")


def test_a_proposal_is_changed_and_approved_by_keys(house: House) -> None:
    reference = proposed(house, "Reply about the parts")
    context = house.sign_in(DECIDES, AT)
    house.prefer(context, language="en")
    page = context.new_page()
    page.goto(f"/{AT}/inbox/?tab=groups")
    to_row(page, reference)
    page.keyboard.press("i")
    panel = page.locator("#peek")
    expect(panel.get_by_role("link", name="Order 4711")).to_be_visible()
    expect(panel.get_by_text("c" * 64)).to_be_visible()
    expect(panel.get_by_text("72%")).to_be_visible()
    page.keyboard.press("w")
    field = page.locator("textarea[name='change-text']")
    expect(field).to_be_focused()
    expect(field).to_have_value(MADE)
    page.keyboard.press("Control+a")
    page.keyboard.type("Thank you for your message. The parts will arrive on Tuesday.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#queue [data-row]").filter(has_text=reference)).to_have_count(0)
    page.goto(f"/{AT}/autonomy/proposals/{reference}/")
    difference = page.get_by_role("region", name="What was changed")
    expect(difference.locator("del").first).to_contain_text("Monday")
    expect(difference.locator("ins").first).to_contain_text("Tuesday")
    assert violations(page) == []
    context.close()


def test_levels_are_set_by_keys_and_read_on_a_phone(house: House) -> None:
    context = house.sign_in(ASKS, AT)
    page = context.new_page()
    page.goto(f"/{AT}/autonomy/levels")
    chosen = page.get_by_label(re.compile("Level of .Standard reply"))
    chosen.focus()
    page.keyboard.press("End")
    expect(chosen).to_have_value("RED")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is set.").first).to_be_visible()
    expect(page.locator("#kind-standard_reply")).to_contain_text("stricter here")
    expect(page.locator("#kind-appeal_drafting select")).to_have_count(0)
    phone = house.sign_in(ASKS, AT, viewport=PHONE, has_touch=True, is_mobile=True).new_page()
    phone.goto(f"/{AT}/autonomy/levels")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(phone) == []
    page.get_by_label(re.compile("Level of .Standard reply")).select_option("ORANGE")
    page.locator("#kind-standard_reply button").click()
    expect(page.locator("#kind-standard_reply")).not_to_contain_text("stricter here")
    context.close()
