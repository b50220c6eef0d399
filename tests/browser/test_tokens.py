"""Look is said once: a token changed in the stylesheet changes every kind of page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route

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


ROOM = ["--spacing"]  # of Tailwind's own theme; by itself, since wider letters press what is measured


@pytest.mark.requirement("OF-488")
@pytest.mark.parametrize("tokens", [[token for token in CHANGES if token not in ROOM], ROOM], ids=["look", "room"])
def test_changed_tokens_change_every_kind_of_page(house: House, tokens: list[str]) -> None:
    assert all(token in TOKENS for token in tokens if token not in ROOM)
    context = house.sign_in(OWNER, AT, color_scheme="light")
    changed = dict.fromkeys(tokens, 0)

    def repaint(route: Route) -> None:
        answer = route.fetch()
        css = answer.text()
        for token in tokens:
            css, changed[token] = re.subn(rf"(?<![\w-]){token}:[^;}}]+", f"{token}:{CHANGES[token][0]}", css)
        route.fulfill(response=answer, body=css)

    addresses = house.addresses(OWNER, AT)
    pages = {name: at for name, at in addresses.items() if name in CORE or name == "request" or name.startswith("hse.incident ")}
    assert {"hse.incident list", "hse.incident detail", "hse.incident edit", "hse.incident import", "sign-in", "lost"} <= set(pages)
    page = context.new_page()
    before = {name: _seen(page, address, tokens) for name, address in pages.items()}
    context.route("**/css/app.*", repaint)
    after = {name: _seen(page, address, tokens) for name, address in pages.items()}
    assert [token for token, count in changed.items() if count < 1] == []
    wanted = {token: CHANGES[token][2] for token in tokens}
    assert [(name, token) for name, seen in before.items() for token in tokens if seen[token] == wanted[token]] == []
    assert [(name, token, seen[token]) for name, seen in after.items() for token in tokens if seen[token] != wanted[token]] == []
    context.close()


def _seen(page: Page, address: str, tokens: list[str]) -> dict[str, str]:
    """How each token shows on a page."""
    page.goto(address)
    return {token: page.evaluate(CHANGES[token][1]) for token in tokens}
