"""What axe cannot see: text at 200 % is all there, and a page at 400 % needs no scrolling sideways."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.house import House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280), pytest.mark.requirement("OF-490")]
OWNER, AT = "Mara Keller", "meridian"
PAGES = ("inbox/", "hse/incidents/", "hse/incidents/new", "procurement/requisitions/new", "people/members/", "audit/", "settings/", "jobs/")
ZOOMED = {"width": 320, "height": 256}  # 1280 × 1024 at 400 %
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Text that is cut off: its box hides what overflows, and it is not meant to be shortened with an ellipsis.
CUT = """() => [...document.querySelectorAll('main *, header *, nav *')].filter((e) => {
  if (!e.checkVisibility() || e.closest('.sr-only, .truncate, [hidden], svg') || !e.childNodes.length) return false;
  const style = getComputedStyle(e);
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  return own && style.overflowY === 'hidden' && style.textOverflow !== 'ellipsis' && e.scrollHeight > e.clientHeight + 2;
}).map((e) => e.outerHTML.slice(0, 120))"""


def opened(house: House, **options: object) -> Page:
    """A page of the owner's."""
    return house.sign_in(OWNER, AT, reduced_motion="reduce", **options).new_page()


def detail_of(page: Page, listing: str) -> str:
    """The address of the first record of a list."""
    page.goto(f"/{AT}/{listing}")
    return str(page.get_attribute("[data-row]", "data-url"))


@pytest.mark.parametrize("language", ["en", "de"])
def test_text_of_twice_the_size_is_all_there(house: House, language: str) -> None:
    page = opened(house, viewport={"width": 1280, "height": 1024})
    house.prefer(page.context, language=language)
    wrong = {}
    for address in (*(f"/{AT}/{each}" for each in PAGES), detail_of(page, "hse/incidents/")):
        page.goto(address)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        if found := page.evaluate(CUT)[:4]:
            wrong[address] = found
    assert wrong == {}
    page.context.close()


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_page_at_four_hundred_per_cent_needs_no_scrolling_sideways(house: House, language: str) -> None:
    page = opened(house, viewport=ZOOMED, device_scale_factor=4)
    house.prefer(page.context, language=language)
    wide = {}
    for address in (*(f"/{AT}/{each}" for each in PAGES), detail_of(page, "hse/incidents/"), "/sign-in"):
        page.goto(address)
        if page.evaluate(SIDEWAYS) > 0:
            wide[address] = page.evaluate("""[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right >
                document.documentElement.clientWidth + 1).slice(0, 3).map((e) => e.outerHTML.slice(0, 100))""")
    assert wide == {}
    page.context.close()
