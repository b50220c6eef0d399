"""List and record side by side on a desktop: opened by a row, moved on by keys, left by Escape; pages everywhere else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser import axe
from tests.browser.chromium import Watch, until
from tests.browser.house import DESKTOP, PHONE, TABLET, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]
OWNER, AT = "Mara Keller", "meridian"
LISTS = ("hse/incidents/", "procurement/requisitions/", "procurement/suppliers/", "people/members/")
OPEN = "!!document.querySelector('#beside:not([hidden]) h1')"
FOCUSED = "document.activeElement.closest('[data-row]')?.dataset.url ?? document.activeElement.id"


def addresses(page: Page) -> list[str]:
    """The records on the page of the list, in its order."""
    return [str(each) for each in page.evaluate("[...document.querySelectorAll('[data-row]')].map((row) => row.dataset.url)")]


def is_shown(page: Page, address: str) -> None:
    """The record stands beside the list, under its own address, and its row is the one with the focus."""
    until(page, "location.pathname", address)
    until(page, "document.querySelector('#beside [data-copy]')?.dataset.copy", address)
    until(page, FOCUSED, address)


@pytest.mark.requirement("OF-495")
@pytest.mark.parametrize("listing", LISTS)
def test_a_row_opens_its_record_beside_the_list(house: House, listing: str) -> None:
    page = house.sign_in(OWNER, AT, viewport=DESKTOP).new_page()
    page.goto(f"/{AT}/{listing}", wait_until="networkidle")
    _first, second, *_more = addresses(page)
    row = page.locator(f"[data-row][data-url='{second}']")
    row.locator("td:visible").last.click()
    is_shown(page, second)
    left, right = row.bounding_box(), page.locator("#beside").bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]
    assert row.is_visible()
    facts = page.locator("#beside #facts").inner_html()
    page.reload(wait_until="networkidle")
    assert page.locator("#beside").count() == 0
    assert page.locator("main #facts").inner_html() == facts
    page.context.close()


@pytest.mark.requirement("OF-495")
def test_keys_move_on_while_the_panel_is_open_and_escape_gives_the_focus_back(house: House) -> None:
    context = house.sign_in(OWNER, AT, viewport=DESKTOP)
    watch, page = Watch(context), context.new_page()
    page.goto(f"/{AT}/hse/incidents/?status=open", wait_until="networkidle")
    listing, rows = page.url, addresses(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    is_shown(page, rows[0])
    for key, place in (("j", 1), ("]", 2), ("k", 1), ("[", 0)):
        page.keyboard.press(key)
        is_shown(page, rows[place])
    page.keyboard.press("Enter")
    until(page, FOCUSED, "beside")
    page.keyboard.press("j")
    is_shown(page, rows[1])
    page.keyboard.press("Escape")
    until(page, OPEN, False)
    until(page, FOCUSED, rows[1])
    assert page.url == listing
    assert watch.of("mouse") + watch.troubles() == []
    context.close()


@pytest.mark.requirement("OF-495")
def test_the_history_leads_from_the_list_to_the_record_and_back(house: House) -> None:
    context = house.sign_in(OWNER, AT, viewport=DESKTOP)
    watch, page = Watch(context), context.new_page()
    page.goto(f"/{AT}/hse/incidents/", wait_until="networkidle")
    listing, rows = page.url, addresses(page)
    page.locator(f"a[href='{rows[2]}']:visible").first.click()
    is_shown(page, rows[2])
    page.evaluate("history.back()")
    until(page, OPEN, False)
    assert page.url == listing
    page.evaluate("history.forward()")
    is_shown(page, rows[2])
    page.reload(wait_until="networkidle")
    page.evaluate("history.back()")
    page.wait_for_selector("[data-row]")
    assert page.url == listing
    assert watch.troubles() == []
    context.close()


@pytest.mark.requirement("OF-495")
def test_a_filtered_list_stands_alone_again(house: House) -> None:
    page = house.sign_in(OWNER, AT, viewport=DESKTOP).new_page()
    page.goto(f"/{AT}/hse/incidents/", wait_until="networkidle")
    page.locator("[data-row] a:visible").first.click()
    until(page, OPEN)
    page.fill("#search-box", "shackle")
    until(page, "location.search", "?q=shackle")
    until(page, OPEN, False)
    page.context.close()


def test_with_a_modifier_the_link_of_a_row_is_the_browser_s_own(house: House) -> None:
    context = house.sign_in(OWNER, AT, viewport=DESKTOP)
    page = context.new_page()
    page.goto(f"/{AT}/hse/incidents/", wait_until="networkidle")
    link = page.locator("[data-row] a:visible").first
    for options in ({"modifiers": ["Control"]}, {"button": "middle"}):
        with context.expect_page() as opened:
            link.click(**options)  # type: ignore[arg-type]
        opened.value.wait_for_selector("main #facts")
        assert page.evaluate(OPEN) is False
    context.close()


@pytest.mark.parametrize("size", [TABLET, PHONE], ids=["820", "390"])
def test_on_tablet_and_phone_a_row_leads_to_the_page(house: House, size: dict[str, int]) -> None:
    page = house.sign_in(OWNER, AT, viewport=size, has_touch=True, is_mobile=True).new_page()
    page.goto(f"/{AT}/hse/incidents/", wait_until="networkidle")
    page.locator("[data-row] a:visible").first.tap()
    page.wait_for_selector("main > .page #facts")
    assert page.locator("#beside").count() == 0
    page.context.close()


@pytest.mark.requirement("OF-495")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_side_by_side_breaks_no_rule(house: House, scheme: str) -> None:
    page = house.sign_in(OWNER, AT, viewport=DESKTOP, bypass_csp=True, reduced_motion="reduce", color_scheme=scheme).new_page()
    for listing in LISTS:
        page.goto(f"/{AT}/{listing}", wait_until="networkidle")
        page.locator("[data-row] a:visible").first.click()
        until(page, OPEN)
        assert axe.violations(page) == []
    page.context.close()
