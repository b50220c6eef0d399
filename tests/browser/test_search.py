"""Searching in a real browser: results while one types, marked; narrowed by what stands beside them; with keys, and without script."""

from __future__ import annotations

import time

import pytest

from tests.browser.chromium import Watch, until
from tests.browser.house import House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
AT, OWNER = "meridian", "Mara Keller"


@pytest.mark.requirement("OF-326", "OF-332", "OF-334")
def test_results_come_while_one_types_and_a_facet_narrows_them(house: House) -> None:
    context = house.sign_in(OWNER, AT)
    watch, page = Watch(context), context.new_page()
    page.goto(f"/{AT}/search")
    until(page, "document.activeElement.name", "q")
    page.keyboard.type("rowan")
    until(page, "new URLSearchParams(location.search).get('q')", "rowan")
    until(page, "document.querySelector('#results mark')?.textContent ?? ''", "Rowan")
    kinds = page.locator("#results article p.text-xs").all_inner_texts()
    assert {text.split(" · ")[0] for text in kinds} == {"Site", "Incident"}
    assert page.locator("#results mark").first.inner_text() == "Rowan"
    facet = page.locator("#narrow-type-hse-incident")
    count = facet.locator("span").last.inner_text()
    facet.focus()
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#narrow-type-hse-incident').getAttribute('aria-current')", "true")
    assert page.locator("#results [role=status] span").first.inner_text() == f"{count} found"
    assert {text.split(" · ")[0] for text in page.locator("#results article p.text-xs").all_inner_texts()} == {"Incident"}
    assert "type=hse.incident" in page.url
    page.keyboard.press("/")
    until(page, "document.activeElement.name", "q")
    page.keyboard.type(" -shackle")
    until(page, "![...document.querySelectorAll('#results article')].some((row) => row.textContent.includes('shackle'))")
    assert "type=hse.incident" in page.url, "what was chosen stays while one types on"
    assert watch.of("mouse") + watch.troubles() == []
    context.close()


@pytest.mark.requirement("OF-329")
def test_suggestions_come_within_a_second(house: House) -> None:
    context = house.sign_in(OWNER, AT)
    page = context.new_page()
    page.goto(f"/{AT}/inbox/", wait_until="networkidle")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open] input")
    times = []
    for typed in ("rowa", "rowan", "rowan a"):
        page.fill("#palette input", "")
        until(page, "document.querySelector('#palette [role=listbox]').textContent.includes('Rowan Alpha')", wanted=False)
        page.keyboard.type(typed)
        began = time.monotonic()
        until(page, "document.querySelector('#palette [role=listbox]').textContent.includes('Rowan Alpha')")
        times.append(time.monotonic() - began)
    assert min(times) < 1, f"none of three came within a second: {times}"
    context.close()


def test_without_script_it_is_a_form_and_links(house: House) -> None:
    context = house.sign_in(OWNER, AT, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/{AT}/search")
    page.fill("input[name=q]", "rowan")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=rowan*")
    page.click("#narrow-type-organisation-site")
    page.fill("#narrowing input[name=after]", "2020-01-01")
    page.click("#narrowing button")
    page.wait_for_url("**after=2020-01-01**")
    assert "type=organisation.site" in page.url
    assert page.locator("#results [data-row]").count() == 2
    context.close()
