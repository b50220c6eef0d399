"""Desktop, tablet and phone: nothing sideways, the menu where the thumb is, targets large enough, keys and themes kept."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Watch, until
from tests.browser.house import DESKTOP, PHONE, TABLET, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]
OWNER, AT = "Mara Keller", "meridian"
PAGES = ("inbox/", "hse/incidents/", "hse/incidents/new", "procurement/requisitions/", "procurement/requisitions/new",
         "procurement/payments/",
         "people/members/", "audit/", "alerts/alerts/", "audit/holds/new", "privacy/requests/", "settings/",
         "settings/ownership", "settings/deletion", "settings/agencies", "jobs/")
TOUCH = {"has_touch": True, "is_mobile": True}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
RUNNING_OVER = """[...document.querySelectorAll('.results :is(td, th)')].filter((cell) => cell.checkVisibility()).flatMap((cell) =>
  [...cell.querySelectorAll('a, span')].filter((e) => e.getBoundingClientRect().right > cell.getBoundingClientRect().right + 1)
  .map((e) => e.innerText))"""
TOO_SMALL = """[...document.querySelectorAll('.btn, .bottombar > *, .sidebar li > a, .field > input:not([type=checkbox]), .field > select')]
  .filter((e) => e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && !e.closest('.sr-only') && !e.matches('.sr-only'))
  .map((e) => [e.getBoundingClientRect(), e]).filter(([r]) => r.width && r.right > 0 && (r.height < 43.5 || r.width < 43.5))
  .map(([r, e]) => `${Math.round(r.width)}x${Math.round(r.height)} ${e.outerHTML.slice(0, 120)}`)"""


def first_of(page: Page, listing: str) -> str:
    """The address of the first record of a list."""
    page.goto(f"/{AT}/{listing}")
    return str(page.get_attribute("[data-row]", "data-url"))


@pytest.mark.requirement("OF-493")
@pytest.mark.parametrize(("size", "options"), [(DESKTOP, {}), (TABLET, TOUCH), (PHONE, TOUCH)], ids=["1920", "820", "390"])
def test_no_page_scrolls_sideways(house: House, size: dict[str, int], options: dict[str, bool]) -> None:
    page = house.sign_in(OWNER, AT, viewport=size, **options).new_page()
    details = [first_of(page, listing) for listing in ("hse/incidents/", "procurement/requisitions/", "procurement/payments/")]
    wide = {}
    for address in [*(f"/{AT}/{each}" for each in PAGES), *details, *(f"{each}edit" for each in details), "/sign-in"]:
        page.goto(address)
        if page.evaluate(SIDEWAYS) > 0 or page.evaluate("innerWidth") > size["width"]:
            wide[address] = page.evaluate("""[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right >
                document.documentElement.clientWidth + 1).slice(0, 3).map((e) => e.outerHTML.slice(0, 100))""")
    assert wide == {}
    page.context.close()


@pytest.mark.parametrize(("language", "width"), [("de", 1280), ("en", 1280), ("de", 1440)])
def test_no_cell_of_a_list_runs_into_the_next(house: House, language: str, width: int) -> None:
    """German headings are the longest: still every text ends within its own cell, and the table within the page."""
    context = house.sign_in(OWNER, AT, viewport={"width": width, "height": 900})
    house.prefer(context, language=language)
    page = context.new_page()
    lists = [address for name, address in house.addresses(OWNER, AT).items() if name.endswith(" list")]
    wrong = {}
    for address in lists:
        page.goto(address)
        found = [page.evaluate(SIDEWAYS), *page.evaluate(RUNNING_OVER)]
        if found != [0]:
            wrong[address] = found[:4]
    assert len(lists) > 5
    assert wrong == {}
    context.close()


def test_the_tab_that_is_open_is_in_sight_on_a_phone(house: House) -> None:
    page = house.sign_in(OWNER, AT, viewport=PHONE, **TOUCH).new_page()
    page.goto(f"/{AT}/inbox/?tab=requested", wait_until="networkidle")
    until(page, "document.querySelector('.tabbar [aria-current]').getBoundingClientRect().right <= innerWidth", True)
    page.context.close()


@pytest.mark.requirement("OF-494")
def test_the_sidebar_stays_when_a_long_page_scrolls(house: House) -> None:
    page = house.sign_in(OWNER, AT, viewport=DESKTOP).new_page()
    page.goto(f"/{AT}/hse/incidents/")
    before = page.locator("#sidebar").bounding_box()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.evaluate("scrollY") > 300
    assert page.is_visible("#sidebar")
    assert page.locator("#sidebar").bounding_box() == before
    page.context.close()


@pytest.mark.requirement("OF-119", "OF-498")
@pytest.mark.parametrize("size", [TABLET, PHONE], ids=["820", "390"])
def test_the_menu_is_behind_a_button_and_opens_and_closes(house: House, size: dict[str, int]) -> None:
    page = house.sign_in(OWNER, AT, viewport=size, **TOUCH).new_page()
    page.goto(f"/{AT}/hse/incidents/")
    assert not page.is_visible("#sidebar")
    page.locator("[popovertarget=sidebar]").locator("visible=true").tap()
    assert page.is_visible("#sidebar a:has-text('Incidents')")
    page.keyboard.press("Escape")
    assert not page.is_visible("#sidebar")
    page.context.close()


@pytest.mark.requirement("OF-499")
@pytest.mark.parametrize("size", [TABLET, PHONE], ids=["820", "390"])
def test_touch_targets_are_large_enough(house: House, size: dict[str, int]) -> None:
    page = house.sign_in(OWNER, AT, viewport=size, **TOUCH).new_page()
    small = {}
    for address in (*(f"/{AT}/{each}" for each in PAGES), first_of(page, "hse/incidents/"), f"{first_of(page, 'hse/incidents/')}edit"):
        page.goto(address)
        if found := page.evaluate(TOO_SMALL):
            small[address] = found
    assert small == {}
    page.context.close()


@pytest.mark.requirement("OF-501")
def test_a_bar_at_the_foot_of_the_phone_carries_the_main_entries(house: House) -> None:
    page = house.sign_in(OWNER, AT, viewport=PHONE, **TOUCH).new_page()
    page.goto(f"/{AT}/hse/incidents/")
    for _look in range(2):
        box = page.locator(".bottombar").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] == pytest.approx(PHONE["height"], abs=1)
        page.evaluate("scrollTo(0, 600)")
    page.locator(".bottombar a:has-text('Inbox')").tap()
    page.wait_for_url(f"**/{AT}/inbox/")
    page.context.close()


@pytest.mark.requirement("OF-117")
def test_the_palette_opens_what_is_typed(house: House) -> None:
    context = house.sign_in(OWNER, AT)
    watch, page = Watch(context), context.new_page()
    page.goto(f"/{AT}/inbox/", wait_until="networkidle")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open] input")
    page.keyboard.type("inci")
    until(page, "document.querySelector('#palette [aria-selected=true]')?.textContent.includes('Incidents') ?? false")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{AT}/hse/incidents/")
    assert watch.of("mouse") + watch.troubles() == []
    context.close()


@pytest.mark.requirement("OF-496")
def test_control_s_saves_a_changed_form_and_says_so(house: House) -> None:
    context = house.sign_in(OWNER, AT)
    watch, page = Watch(context), context.new_page()
    page.goto(first_of(page, "procurement/suppliers/") + "edit", wait_until="networkidle")
    page.focus("#field-name")
    page.keyboard.press("End")
    page.keyboard.type(" and Sons")
    page.keyboard.press("Control+s")
    page.wait_for_url(lambda url: "edit" not in url)
    assert "and Sons" in page.inner_text("h1")
    assert page.locator(".toast").count() == 1
    assert watch.of("mouse") + watch.troubles() == []
    context.close()


@pytest.mark.requirement("OF-489")
def test_the_theme_is_kept_and_auto_follows_the_device(house: House) -> None:
    context = house.sign_in(OWNER, AT, color_scheme="light")
    page = context.new_page()
    light, dark = _background(page, "light"), _background(page, "dark")
    assert light != dark
    page.emulate_media(color_scheme="dark")
    assert _background(page, "light") == light
    assert _background(page, "auto") == dark
    page.emulate_media(color_scheme="light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light
    context.close()


def _background(page: Page, theme: str) -> str:
    """Choose a theme in the account's menu, go to another page, and see what it is drawn on."""
    page.goto(f"/{AT}/inbox/", wait_until="networkidle")
    page.click("[popovertarget=account]")
    page.click(f"#account button[value={theme}]")
    page.wait_for_load_state("networkidle")
    page.goto(f"/{AT}/hse/incidents/")
    assert page.evaluate("document.documentElement.className") == theme
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
