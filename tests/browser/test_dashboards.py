"""Dashboards in a real browser: built with the keyboard and by dragging, and moved by what happens elsewhere without losing the focus."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import axe
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]
OWNER, WHERE = "Mara Keller", "meridian"
TILES = json.dumps([{"key": "n", "kind": "figure", "title": "Sites", "resource": "organisation.site"},
                    {"key": "p", "kind": "pie", "title": "Kinds", "resource": "organisation.site", "by": "kind"},
                    {"key": "t", "kind": "text", "title": "Note", "text": "Read me"}])
PATIENCE = 30_000  # the sealer links within seconds, and the page asks again half a second later


def _signed_in(house: House, **options: object) -> tuple[BrowserContext, Page]:
    context = house.sign_in(OWNER, WHERE, bypass_csp=True, **options)
    return context, context.new_page()


def _made(page: Page, name: str) -> str:
    page.goto(f"/{WHERE}/dashboards/boards/new")
    page.fill("[name=name]", name)
    page.locator("[name=tiles]").evaluate("(field, tiles) => { field.value = tiles; }", TILES)
    page.press("[name=name]", "Enter")
    page.wait_for_url(re.compile(r"/dashboards/boards/(?!new)[^/]+/$"))
    return page.url.rstrip("/").rpartition("/")[2]


def _order(page: Page) -> list[str]:
    return [str(each.get_attribute("data-tile")) for each in page.locator("[data-tile]").all()]


@pytest.mark.requirement("LG-325")
def test_a_figure_moves_while_somebody_else_acts_and_the_focus_stays(house: House) -> None:
    context, page = _signed_in(house)
    reference = _made(page, "Live")
    page.goto(f"/{WHERE}/dashboards/{reference}/")
    page.evaluate("window.stayed = true")
    figure = page.locator("#tile-n .text-2xl")
    before = int(figure.inner_text())
    page.locator("#tile-p summary").click()
    page.locator("#tile-p summary").focus()
    other, acting = _signed_in(house)
    acting.goto(f"/{WHERE}/organisation/sites/new")
    acting.fill("[name=name]", "Moves the figure")
    acting.select_option("[name=kind]", index=1)
    acting.press("[name=name]", "Enter")
    expect(figure).to_have_text(str(before + 1), timeout=PATIENCE)
    assert page.evaluate("window.stayed"), "the page was not loaded anew"
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    expect(page.locator("#tile-p details")).to_have_attribute("open", "")
    context.close()
    other.close()


def test_tiles_are_moved_by_keyboard_and_by_dragging_and_stay_so(house: House) -> None:
    context, page = _signed_in(house)
    reference = _made(page, "Built")
    page.goto(f"/{WHERE}/dashboards/{reference}/?build=1")
    assert _order(page) == ["n", "p", "t"]
    page.get_by_role("button", name="Move Sites back").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("#tile-n"))
    assert _order(page) == ["p", "n", "t"]
    with page.expect_request(lambda sent: sent.method == "POST" and sent.url.endswith("/arrange")):
        page.locator("#tile-t").drag_to(page.locator("#tile-p"))
    page.wait_for_timeout(500)
    page.goto(f"/{WHERE}/dashboards/{reference}/")
    assert _order(page)[0] == "t"
    assert not axe.violations(page)
    context.close()


def test_the_legend_takes_a_slice_out_without_any_script(house: House) -> None:
    context, page = _signed_in(house, java_script_enabled=False)
    page.goto(f"/{WHERE}/dashboards/hse/?period=all")
    picture = page.locator("#tile-hse\\.sites")
    slices = picture.locator("g[data-series='0'] path")
    expect(slices).to_be_visible()
    picture.get_by_role("checkbox").first.uncheck()
    expect(slices).to_be_hidden()
    context.close()


def test_it_fits_a_phone(house: House) -> None:
    context, page = _signed_in(house, viewport=PHONE)
    page.goto(f"/{WHERE}/dashboards/executive/")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not axe.violations(page)
    context.close()
