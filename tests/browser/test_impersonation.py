"""Impersonation from end to end in a real browser: ask, banner on every page, keys that decide nothing, stop, and what the person reads."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from app.core.people import Member
from app.kernel.db import session
from tests.browser.axe import violations
from tests.browser.chromium import until
from tests.browser.house import DESKTOP, PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
HELPER, TARGET, OWNER, AT = "Tomás Figueira", "Ruth Osei", "Mara Keller", "meridian"
REASON = "The queue looks empty to her, says her call of this morning"
BANNER = "[data-impersonated]"


def begun(house: House, page: Page) -> None:
    """Ask by the form and begin."""
    with house.acting(OWNER, AT):
        reference = session().scalar(select(Member.reference).where(Member.name == TARGET))
    page.goto(f"/{AT}/impersonation/?member={reference}")
    page.get_by_label("Why").fill(REASON)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector(BANNER)


@pytest.mark.requirement("PK-046", "PK-039")
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_from_the_question_to_the_list_of_what_was_opened(house: House, viewport: dict[str, int]) -> None:
    page = house.sign_in(HELPER, AT, viewport=viewport).new_page()
    begun(house, page)
    for address in ("inbox/", "hse/incidents/", "organisation/departments/"):
        page.goto(f"/{AT}/{address}")
        said = page.locator(BANNER).inner_text()
        assert HELPER in said, address
        assert TARGET in said, address
        assert page.locator(BANNER).get_by_role("button").is_visible(), address
    assert violations(page) == []
    page.goto(f"/{AT}/settings/")
    assert f"only {TARGET} opens them" in page.locator("main").inner_text()
    page.goto(f"/{AT}/hse/incidents/new")
    page.locator(BANNER).get_by_role("button", name="Stop").click()
    page.wait_for_url("**/impersonation/AS-*/")
    assert page.locator(BANNER).count() == 0
    opened = page.locator("main ol").inner_text()
    assert opened.index("/inbox/") < opened.index("/hse/incidents/") < opened.index("/organisation/departments/")
    assert violations(page) == []
    concerned = house.sign_in(TARGET, AT, viewport=viewport).new_page()
    concerned.goto(page.url)
    assert REASON in concerned.locator("main").inner_text()


def test_the_keys_decide_nothing_and_say_why(house: House) -> None:
    page = house.sign_in(HELPER, AT).new_page()
    begun(house, page)
    page.goto(f"/{AT}/inbox/")
    rows = page.locator("#queue [data-row]")
    before = rows.count()
    assert before > 0, "somebody with work to decide"
    rows.first.focus()
    page.keyboard.press("a")
    until(page, "document.body.innerText.includes('only they can decide')")
    assert rows.count() == before
    page.goto(f"/{AT}/inbox/")
    assert rows.count() == before


def test_somebody_else_ends_it_and_the_browser_says_so(house: House) -> None:
    page = house.sign_in(HELPER, AT).new_page()
    begun(house, page)
    concerned = house.sign_in(TARGET, AT).new_page()
    concerned.goto(f"/{AT}/impersonation/")
    concerned.locator("main li a").first.click()
    concerned.get_by_role("button", name="End", exact=True).click()
    page.goto(f"/{AT}/inbox/")
    page.get_by_role("button", name="Go on as yourself").click()
    page.wait_for_url(f"**/{AT}/inbox/")
    assert page.locator(BANNER).count() == 0
