"""A large import watched in a real browser, and the mapping page with JavaScript switched off."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import Page

from tests.browser.chromium import Watch
from tests.browser.house import House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(500)]
CLERK, ROWS = "Tessa Lowe", 6_000
NOTED = """
if (location.protocol !== 'about:') (() => {
const kept = (name) => JSON.parse(sessionStorage.getItem(name) ?? '[]');
const keep = (name, value) => sessionStorage.setItem(name, JSON.stringify([...kept(name), value]));
keep('loads', location.pathname);
new MutationObserver(() => {
  const percent = document.querySelector('[data-behaviour=progress] [role=status]')?.textContent.match(/(\\d+) %/)?.[1];
  const now = [kept('loads').length, Number(percent)];
  if (percent && String(kept('percents').at(-1)) !== String(now)) keep('percents', now);
}).observe(document, { subtree: true, childList: true, characterData: true });
})();
"""


@pytest.fixture
def big_file(tmp_path: Path) -> Path:
    """A file that takes a while."""
    path = tmp_path / "big.csv"
    lines = (f"Harehill Works {n % 40},{n % 900 + 1}.00,2026-06-{1 + n % 28:02d},BIG-{n},Adults and Health" for n in range(ROWS))
    path.write_text("Supplier,Amount,Payment day,Transaction number,Department\n" + "\n".join(lines) + "\n")
    return path


def begin(page: Page, path: Path, resource: str = "payments") -> None:
    page.goto(f"/northgate/procurement/{resource}/import")
    page.set_input_files("#field-file", path)
    page.click("main form button:has-text('Continue')")
    page.wait_for_selector("select[name^=column-]")


@pytest.mark.requirement("OF-173")
def test_the_percentage_rises_to_a_hundred_without_a_reload(house: House, big_file: Path) -> None:
    context = house.sign_in(CLERK, "northgate")
    context.set_default_timeout(90_000)
    watch = Watch(context)
    context.add_init_script(NOTED)
    page = context.new_page()
    begin(page, big_file)
    for box in page.locator("[name=create_missing]").all():
        box.check()
    page.click("main form button:has-text('Check all rows')")
    page.wait_for_selector("#check", timeout=200_000)
    page.evaluate("sessionStorage.clear()")
    page.click("#check form button:has-text('Import')")
    page.wait_for_selector("text=See what came in", timeout=240_000)
    seen: list[list[int]] = page.evaluate("JSON.parse(sessionStorage.getItem('percents') ?? '[]')")
    assert {loads for loads, _percent in seen} == {1}, "the page was loaded anew while the percentage rose"
    percents = [percent for _loads, percent in seen]
    assert percents == sorted(percents)
    assert len(percents) > 1, percents
    assert percents[-1] == 100
    assert page.locator("dl dd").all_inner_texts()[:2] == [f"{ROWS:,}"] * 2
    assert "import=IMP-" in (page.get_attribute("a:has-text('See what came in')", "href") or "")
    assert watch.troubles() == []
    context.close()


def test_a_sheet_and_a_value_for_every_row_are_chosen_without_script(house: House, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Cover").write_column(0, 0, ["Read me", "first"])
        page_of_book = book.add_worksheet("Partners")
        for place, row in enumerate([["Name", "E-mail"], ["Ostermann Quarry", "post@ostermann.example"], ["Gannet Marine", ""]]):
            page_of_book.write_row(place, 0, row)
    page = house.sign_in(CLERK, "northgate", java_script_enabled=False).new_page()
    begin(page, path, "suppliers")
    page.select_option("[name=sheet]", "Partners")
    assert page.locator("details[open] summary", has_text="The same in every row").is_visible()  # a needed name is missing
    page.fill("[name=constant-contact]", "Front desk")
    page.click("button:has-text('Check all rows')")
    assert page.input_value("[name=constant-contact]") == "Front desk"
    assert page.input_value("[name=sheet]") == "Partners"
    page.click("button:has-text('Check all rows')")
    for _look in range(60):
        if page.locator("#check").count():
            break
        page.wait_for_timeout(500)
        page.goto(page.url)
    preview = page.inner_text("section[aria-label=Preview]")
    assert preview.count("Front desk") == 2
    assert "Ostermann Quarry" in preview
    page.context.close()
