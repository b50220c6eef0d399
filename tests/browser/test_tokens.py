"""Look is said once: a token changed in the stylesheet changes every kind of page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route

from app.kernel.config import PROJECT
from tests.browser.house import CORE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
OWNER, AT = "Mara Keller", "meridian"
TOKENS = (PROJECT / "static" / "src" / "theme.css").read_text(encoding="utf-8")
FAMILIES = """[...new Set([document.body, ...document.querySelectorAll('.btn, input:not([type=hidden]), h1')]
  .map((each) => getComputedStyle(each).fontFamily))].join()"""
# token: its new value, what of each page shows it, and how that reads then
CHANGES = {
    "--background": ("rgb(250 240 230)", "getComputedStyle(document.body).backgroundColor", "rgb(250, 240, 230)"),
    "--foreground": ("rgb(1 2 3)", "getComputedStyle(document.body).color", "rgb(1, 2, 3)"),
    "--primary": ("rgb(90 20 160)", "getComputedStyle(document.querySelector('svg .fill-primary')).fill", "rgb(90, 20, 160)"),
    "--muted-foreground": ("rgb(4 90 5)", "getComputedStyle(document.querySelector('.text-muted-foreground')).color", "rgb(4, 90, 5)"),
    "--radius": ("3px", "getComputedStyle(document.querySelector('.btn')).borderTopLeftRadius", "1px"),
    "--spacing": ("0.5rem", "getComputedStyle(document.querySelector('svg.size-8')).width", "64px"),
    "--font-sans": ("monospace", FAMILIES, "monospace"),
}


@pytest.mark.requirement("OF-488")
@pytest.mark.parametrize("token", CHANGES)
def test_a_changed_token_changes_every_kind_of_page(house: House, token: str) -> None:
    value, shown, wanted = CHANGES[token]
    assert token in TOKENS or token == "--spacing"  # the scale of Tailwind's own theme, which nothing overrides
    context = house.sign_in(OWNER, AT, color_scheme="light")
    changed = 0

    def repaint(route: Route) -> None:
        nonlocal changed
        answer = route.fetch()
        css, changed = re.subn(rf"(?<![\w-]){token}:[^;}}]+", f"{token}:{value}", answer.text())
        route.fulfill(response=answer, body=css)

    addresses = house.addresses(OWNER, AT)
    pages = {name: at for name, at in addresses.items() if name in CORE or name == "request" or name.startswith("hse.incident ")}
    assert {"hse.incident list", "hse.incident detail", "hse.incident edit", "hse.incident import", "sign-in", "lost"} <= set(pages)
    page = context.new_page()
    before = {}
    for name, address in pages.items():
        page.goto(address)
        before[name] = page.evaluate(shown)
    context.route("**/css/app.*", repaint)
    after = {}
    for name, address in pages.items():
        page.goto(address)
        after[name] = page.evaluate(shown)
    assert changed >= 1
    assert [name for name, seen in before.items() if seen == wanted] == []
    assert {name: seen for name, seen in after.items() if seen != wanted} == {}
    context.close()
