"""Forms are built by keys alone; the builder, a rule that is tried and the log of notices outside are accessible, on a phone too."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.kernel.door import perform_one
from tests.browser.axe import violations
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(580)]
OWNER, AT = "Mara Keller", "meridian"
FOCUSED = "(() => { const at = document.activeElement; return `${at.name || ''}|${at.ariaLabel || ''}|${at.textContent}`; })()"


@pytest.fixture(scope="module")
def built(house: House) -> Iterator[tuple[Page, str]]:
    """A page of the owner, and the address of a form that was made by keys alone."""
    context = house.sign_in(OWNER, AT, bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"/{AT}/forms/build")
    page.keyboard.type("Visit of a platform")
    page.keyboard.press("Enter")
    page.wait_for_url("**/forms/forms/*/build")
    yield page, page.url
    context.close()


def reach(page: Page, words: str) -> None:
    """Tab on until what is focused says so."""
    for _time in range(150):
        page.keyboard.press("Tab")
        if re.search(words, page.evaluate(FOCUSED)):
            return
    pytest.fail(f"Tab does not lead to {words}")


def follow(page: Page, words: str) -> None:
    """Tab to a link or button, and press Enter on it."""
    reach(page, words)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def add(page: Page, label: str) -> None:
    """Put a field by keys alone."""
    follow(page, "Add a field to")
    reach(page, r"^label\|")
    page.keyboard.type(label)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_form_is_built_by_keys_alone(built: tuple[Page, str]) -> None:
    page, address = built
    page.goto(address)
    for label in ("Reason", "Hours"):
        add(page, label)
        expect(page.locator(f"#field-{label.lower()}")).to_be_visible()
    follow(page, "Move “Hours” up")
    order = page.locator("#fields ol > li[id^='field-']").evaluate_all("(all) => all.map((each) => each.id)")
    assert order.index("field-hours") < order.index("field-reason")


def test_no_rule_is_broken_in_any_light_on_a_phone(house: House, built: tuple[Page, str]) -> None:
    page, address = built
    with house.acting(OWNER, AT) as member:
        made = perform_one("notifications.rule", "create", None, {
            "name": "Incidents", "event": "hse.incident.created", "in_bell": True, "active": False, "whom": str(member.id)})
        rule = made.record.reference  # not in use: the demo is shared
    places = (f"/{AT}/forms/build", address, f"{address}?add=0", f"/{AT}/notifications/rules/{rule}/foretold",
              f"/{AT}/notifications/deliveries/?way=sms")
    wrong: dict[str, object] = {}
    for scheme, window in (("light", PHONE), ("dark", PHONE), ("dark", {"width": 1440, "height": 900})):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size(window)
        for place in places:
            answer = page.goto(place)
            assert answer is not None
            assert answer.status == 200, place
            if place.endswith("foretold"):
                assert page.locator("main section.panel").count() > 0, "there are incidents to look back at"
            if found := violations(page):
                wrong[f"{place}, {scheme}, {window['width']}"] = found
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                wrong[f"{place}, {window['width']}"] = "reaches beyond the window"
    assert wrong == {}
