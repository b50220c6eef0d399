"""The component page: what it shows is what pages are made of, and its dialogs, menus and tables keep one keyboard behaviour."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Watch, until
from tests.browser.house import House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]
OWNER, AT = "Mara Keller", "meridian"
PAGES = ("hse/incidents/", "hse/incidents/new", "procurement/payments/", "inbox/", "jobs/", "audit/", "settings/", "settings/organisation")
# What each kind of part looks like: its kind, variant and size, and the properties that make it one style.
LOOK = """() => {
  const kinds = {'.btn': ['borderRadius', 'fontFamily', 'fontSize', 'fontWeight', 'backgroundColor', 'color', 'borderColor'],
                 '.badge': ['borderRadius', 'fontSize', 'fontWeight', 'backgroundColor', 'color'],
                 '.table th': ['fontSize', 'fontWeight', 'color', 'paddingInlineStart'],
                 '.table td': ['fontSize', 'paddingBlockStart', 'borderColor'],
                 '.input[type=text]': ['borderRadius', 'fontSize', 'height', 'borderColor', 'backgroundColor'],
                 'select.select': ['borderRadius', 'fontSize', 'height', 'borderColor'],
                 '.menu': ['borderRadius', 'fontSize', 'backgroundColor', 'color', 'boxShadow'],
                 '.dialog > div': ['borderRadius', 'backgroundColor', 'color', 'boxShadow'],
                 '.panel': ['borderRadius', 'backgroundColor', 'borderColor'], '.kbd': ['borderRadius', 'fontSize', 'fontFamily']};
  const own = '[aria-current], [aria-disabled], [aria-invalid], .font-normal, .palette > div, .why, .panel .panel, .text-end, .affix > *';
  const found = {};
  for (const [selector, properties] of Object.entries(kinds)) {
    for (const each of document.querySelectorAll(selector)) {
      if (each.matches(own) || !each.closest('.menu, .dialog') && !each.checkVisibility()) continue;
      const style = getComputedStyle(each);
      const key = [selector, each.dataset.variant ?? '', each.dataset.size ?? ''].join(' ').trim();
      (found[key] ??= {})[properties.map((name) => `${name}: ${style[name]}`).join('; ')] = each.outerHTML.slice(0, 120);
    }
  }
  return found;
}"""
FOCUS = "document.activeElement.id || document.activeElement.textContent.trim()"


def component_page(house: House, scheme: str) -> tuple[Watch, Page]:
    context = house.sign_in(OWNER, AT, color_scheme=scheme, reduced_motion="reduce")
    watch, page = Watch(context), context.new_page()
    page.goto(f"/{AT}/components", wait_until="networkidle")
    return watch, page


@pytest.mark.requirement("OF-487")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_parts_of_pages_look_as_on_the_component_page(house: House, scheme: str) -> None:
    _watch, page = component_page(house, scheme)
    look = page.evaluate(LOOK)
    assert {"", "outline", "ghost", "destructive"} <= {key.removeprefix(".btn").strip() for key in look if key.startswith(".btn")}
    assert {".table th", ".table td", ".menu", ".dialog > div", ".panel", ".kbd", "select.select"} <= set(look)
    assert {key: styles for key, styles in look.items() if len(styles) > 1 and key != ".kbd"} == {}
    for address in PAGES:
        page.goto(f"/{AT}/{address}")
        other = {key: {style: where for style, where in styles.items() if style not in look[key]}
                 for key, styles in page.evaluate(LOOK).items() if key in look}
        assert {key: styles for key, styles in other.items() if styles} == {}, address
    page.context.close()


@pytest.mark.requirement("OF-487")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_dialog_keeps_the_focus_and_gives_it_back(house: House, scheme: str) -> None:
    watch, page = component_page(house, scheme)
    openers = page.locator("[command=show-modal]")
    assert openers.count() >= 1
    for number in range(openers.count()):
        opener = openers.nth(number)
        name = opener.get_attribute("commandfor")
        opener.focus()
        page.keyboard.press("Enter")
        until(page, f"document.getElementById('{name}').open")
        for _press in range(8):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.closest('dialog')?.id ?? document.activeElement.tagName") in (name, "BODY")
        page.keyboard.press("Escape")
        until(page, f"document.getElementById('{name}').open", False)
        until(page, "document.activeElement.getAttribute('commandfor')", name)
    assert watch.of("mouse") + watch.troubles() == []
    page.context.close()


@pytest.mark.requirement("OF-487")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["components", "hse/incidents/"])
def test_every_menu_is_walked_with_the_same_keys(house: House, scheme: str, address: str) -> None:
    watch, page = component_page(house, scheme)
    page.goto(f"/{AT}/{address}", wait_until="networkidle")
    menus = page.evaluate("""[...document.querySelectorAll('[data-behaviour=menu]')].map((each) => each.id)
        .filter((id) => document.querySelector(`[popovertarget=${id}]`).checkVisibility())""")
    assert {"organisations", "account"} < set(menus)
    for name in menus:
        page.focus(f"[popovertarget={name}]")
        page.keyboard.press("Enter")
        until(page, f"document.querySelector('#{name}:popover-open')?.contains(document.activeElement) ?? false")
        first = page.evaluate(FOCUS)
        page.keyboard.press("ArrowDown")
        second = page.evaluate(FOCUS)
        page.keyboard.press("End")
        last = page.evaluate(FOCUS)
        page.keyboard.press("ArrowDown")
        assert page.evaluate(FOCUS) == first, name
        assert first != second or first == last, name
        page.keyboard.press("ArrowUp")
        assert page.evaluate(FOCUS) == last, name
        page.keyboard.press("Home")
        assert page.evaluate(FOCUS) == first, name
        page.keyboard.press("Escape")
        until(page, f"document.getElementById('{name}').matches(':popover-open')", False)
        until(page, "document.activeElement.getAttribute('popovertarget')", name)
    assert watch.of("mouse") + watch.troubles() == []
    page.context.close()


@pytest.mark.requirement("OF-487")
@pytest.mark.parametrize("address", ["components", "hse/incidents/"])
def test_every_table_is_walked_and_chosen_from_with_the_same_keys(house: House, address: str) -> None:
    watch, page = component_page(house, "light")
    page.goto(f"/{AT}/{address}", wait_until="networkidle")
    rows = page.evaluate("[...document.querySelectorAll('[data-row]')].map((row) => row.id)")
    for key, place in (("j", 0), ("j", 1), ("k", 0), ("ArrowDown", 1)):
        page.keyboard.press(key)
        until(page, FOCUS, rows[place])
    assert not page.is_visible(".bulkbar")
    page.keyboard.press("x")
    assert page.is_visible(".bulkbar")
    assert page.locator(".row-check:checked").count() == 1
    assert watch.of("mouse") + watch.troubles() == []
    page.context.close()
