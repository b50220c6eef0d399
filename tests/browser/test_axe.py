"""Each engine screen of each resource, and the core's screens, in every language: nothing that breaks WCAG 2.1 AA."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from app.kernel.registry import registry
from tests.browser import axe
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
ALIKE = ("filtered", "history", "archive", "import")  # these the engine draws alike for each resource: each of a third of them
OWNERS = {"northgate": "Helen Marsh", "meridian": "Mara Keller", "vernier": "Hélène Vernier", "brightwater": "Leonor Queiroz"}


def walk(page: Page, addresses: dict[str, str]) -> dict[str, object]:
    """What is wrong on each page, by its name."""
    found: dict[str, object] = {}
    for number, (name, address) in enumerate(addresses.items()):
        answer = page.goto(address, wait_until="load")
        assert answer is not None
        if name.endswith(" edit") and answer.status == 409:  # the demo lives: what was decided meanwhile is not edited any more
            continue
        assert name.startswith("sign-in") or not urlsplit(page.url).path.startswith("/sign-in"), f"{name}: nobody is signed in"
        assert answer.status == (404 if name == "lost" else 200), f"{name} at {address}: {answer.status}"
        broken = axe.violations(page, frame=number < 9)  # the first are the core's: signed out, settings, lists and their likes
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
def test_every_kind_of_screen_is_accessible(house: House, open_page, scheme: str) -> None:  # type: ignore[no-untyped-def]
    addresses = house.addresses(OWNERS["meridian"], "meridian")
    others = {resource.key for resource in registry} - {"hse.incident"}
    kinds = {name: at for name, at in addresses.items() if name.partition(" ")[0] not in others}
    assert {"hse.incident edit", "hse.incident list", "hse.incident detail", "audit", "inbox", "request"} <= set(kinds)
    assert walk(open_page("meridian", color_scheme=scheme), kinds) == {}


@pytest.mark.ordeal
@pytest.mark.requirement("OF-490")
@pytest.mark.timeout(900)
def test_every_screen_is_accessible(house: House, open_page) -> None:  # type: ignore[no-untyped-def]
    addresses = house.addresses(OWNERS["meridian"], "meridian")
    places = {resource.key: place for place, resource in enumerate(registry)}
    taken = {name: at for name, at in addresses.items()
             if (screen := name.rpartition(" ")[2]) not in ALIKE or (places.get(name.partition(" ")[0], 0) + ALIKE.index(screen)) % 3 == 0}
    assert len(taken) > 200
    assert walk(open_page("meridian", color_scheme="dark"), taken) == {}


WALKS = (("vernier", "en", "dark"), ("northgate", "fr", "light"), ("vernier", "es", "dark"), ("northgate", "pt", "light"),
         ("northgate", "de", "dark"), ("vernier", "it", "light"))


@pytest.mark.ordeal
@pytest.mark.requirement("OF-490")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(len(WALKS)), ids=[language for _place, language, _scheme in WALKS])
def test_every_screen_in_some_language_on_a_phone(house: House, open_page, number: int) -> None:  # type: ignore[no-untyped-def]
    """Each screen of the core in three languages; those of each resource, which one engine draws, in one of them, in turn."""
    organisation, language, scheme = WALKS[number]
    page = open_page(organisation, color_scheme=scheme, locale=language, viewport=PHONE, has_touch=True, is_mobile=True)
    house.prefer(page.context, language=language)
    addresses = house.addresses(OWNERS[organisation], organisation)
    turns = {resource.key: place % len(WALKS) for place, resource in enumerate(registry)}
    taken = {name: at for place, (name, at) in enumerate(addresses.items())
             if (turns[key] == number if (key := name.partition(" ")[0]) in turns else (place + number) % 2)}
    assert walk(page, taken) == {}
