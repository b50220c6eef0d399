"""Each engine screen of each resource, and the core's screens, light and dark: nothing that breaks WCAG 2.1 AA."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser import axe
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
OWNERS = {"northgate": "Helen Marsh", "meridian": "Mara Keller", "vernier": "Hélène Vernier", "brightwater": "Leonor Queiroz"}


def walk(page: Page, addresses: dict[str, str]) -> dict[str, object]:
    """What is wrong on each page, by its name."""
    found: dict[str, object] = {}
    for name, address in addresses.items():
        answer = page.goto(address, wait_until="load")
        assert answer is not None
        assert name.startswith("sign-in") or not urlsplit(page.url).path.startswith("/sign-in"), f"{name}: nobody is signed in"
        assert answer.status == (404 if name == "lost" else 200), f"{name} at {address}: {answer.status}"
        broken = axe.violations(page)
        if broken:
            found[name] = broken
    return found


@pytest.fixture
def open_page(house: House) -> Iterator[object]:
    contexts = []

    def opened(organisation: str, **options: object) -> Page:
        context = house.sign_in(OWNERS[organisation], organisation, bypass_csp=True, reduced_motion="reduce", **options)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def test_what_breaks_the_rules_is_seen(house: House, open_page) -> None:  # type: ignore[no-untyped-def]
    page = open_page("meridian")
    page.goto("/meridian/jobs/")
    page.evaluate("""() => {
        const words = document.createElement("p");
        words.textContent = "Words that can hardly be read";
        words.style.color = "#999";
        words.style.backgroundColor = "#aaa";
        document.querySelector("h1").after(words, document.createElement("input"));
    }""")
    assert {rule for rule, _places in axe.violations(page)} == {"color-contrast", "label"}


@pytest.mark.requirement("OF-490")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_is_accessible(house: House, open_page, scheme: str) -> None:  # type: ignore[no-untyped-def]
    addresses = house.addresses(OWNERS["meridian"], "meridian")
    assert {"hse.incident edit", "procurement.payment list", "audit", "inbox", "request"} <= set(addresses)
    assert walk(open_page("meridian", color_scheme=scheme), addresses) == {}


@pytest.mark.ordeal
@pytest.mark.requirement("OF-490")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("organisation", "language"),
    [("vernier", "en"), ("northgate", "fr"), ("vernier", "es"), ("northgate", "pt"), ("northgate", "de"), ("vernier", "it")],
)
def test_every_screen_in_every_language_and_on_a_phone(house: House, open_page, organisation: str, language: str) -> None:  # type: ignore[no-untyped-def]
    addresses = house.addresses(OWNERS[organisation], organisation)
    for scheme in ("light", "dark"):
        page = open_page(organisation, color_scheme=scheme, locale=language, viewport=PHONE, has_touch=True, is_mobile=True)
        house.prefer(page.context, language=language)
        assert walk(page, addresses) == {}
