"""The menu as a person arranges it: by the mouse, by keys, folded and unfolded, and still so after signing in anew."""

from __future__ import annotations

import pytest

from tests.browser.chromium import Watch, until
from tests.browser.house import House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]
OWNER, AT = "Leonor Queiroz", "brightwater"
START = f"/{AT}/inbox/"
ITEMS = "[...document.querySelectorAll('[data-group=work] > li')].map((item) => item.dataset.item).join()"


@pytest.mark.requirement("OF-115")
def test_an_item_dragged_or_moved_by_keys_stays_where_it_was_put(house: House) -> None:
    context = house.sign_in(OWNER, AT)
    watch, page = Watch(context), context.new_page()
    page.goto(START, wait_until="load")
    first, second, third, *rest = str(page.evaluate(ITEMS)).split(",")
    with page.expect_response("**/menu"):
        page.locator(f"[data-group=work] > [data-item={third}]").drag_to(
            page.locator(f"[data-group=work] > [data-item={first}]"), target_position={"x": 40, "y": 4})
    dragged = ",".join([third, first, second, *rest])
    until(page, ITEMS, dragged)
    page.focus(f"[data-group=work] > [data-item={second}] > a")
    with page.expect_response("**/menu"):
        page.keyboard.press("Alt+ArrowUp")
    moved = ",".join([third, second, first, *rest])
    until(page, ITEMS, moved)
    assert page.evaluate("document.activeElement.parentElement.dataset.item") == second
    assert watch.troubles() == []
    context.close()
    anew = house.sign_in(OWNER, AT)
    page = anew.new_page()
    page.goto(START)
    assert page.evaluate(ITEMS) == moved
    anew.close()


def test_a_folded_section_stays_folded_without_loading_the_page(house: House) -> None:
    context = house.sign_in(OWNER, AT)
    watch, page = Watch(context), context.new_page()
    page.goto(START, wait_until="load")
    heading = page.locator("#sidebar button[value=work]")
    items = page.locator("#sidebar [data-group=work]")
    heading.focus()
    with page.expect_response("**/menu"):
        page.keyboard.press("Enter")
    assert (heading.get_attribute("aria-expanded"), items.is_visible()) == ("false", False)
    page.reload(wait_until="load")
    assert (heading.get_attribute("aria-expanded"), items.is_visible()) == ("false", False)
    with page.expect_response("**/menu"):
        heading.focus()
        page.keyboard.press("Enter")
    assert items.is_visible()
    assert watch.of("mouse") + watch.troubles() == []
    context.close()
