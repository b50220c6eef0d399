"""A session that nears its end asks first; when it is over, nothing that was typed is lost."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from app.core.auth import UserSession
from app.kernel import clock
from app.kernel.db import as_identity
from tests.browser import axe
from tests.browser.house import PASSWORD, PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]
WHO, AT, FORM = "Mara Keller", "meridian", "/meridian/hse/incidents/new"
TYPED = "Slipped on the wet deck beside the crane"


def _let_live(house: House, seconds: int) -> None:
    """Give every session of the person so many seconds more."""
    with house.acting(WHO, AT) as member, as_identity(member.identity_id):
        from app.kernel.db import session

        session().execute(update(UserSession).where(UserSession.identity_id == member.identity_id)
                          .values(idle_until=clock.now() + timedelta(seconds=seconds)))


def _typing(house: House, **options: object) -> Page:
    page = house.sign_in(WHO, AT, bypass_csp=True, **options).new_page()
    page.clock.install()
    page.goto(FORM)
    page.fill("[name=title]", TYPED)
    return page


@pytest.mark.parametrize("look", [{}, {"viewport": PHONE, "color_scheme": "dark"}])
def test_one_key_keeps_the_session(house: House, look: dict[str, object]) -> None:
    page = _typing(house, **look)
    _let_live(house, 100)
    page.clock.fast_forward(151_000)
    stay = page.get_by_role("button", name="Stay signed in")
    expect(stay).to_be_visible()
    expect(stay).to_be_focused()
    expect(page.locator("#session [data-when=idle] [data-count]")).to_have_text(re.compile(r"1:[0-3]\d"))
    assert not axe.violations(page)
    with page.expect_response("**/sessions/stay") as answer:
        page.keyboard.press("Enter")
    assert answer.value.ok
    expect(page.locator("#session")).to_be_hidden()
    assert page.evaluate("fetch('/meridian/settings/sessions/left').then((answer) => answer.json())")["idle"] > 3600
    assert page.input_value("[name=title]") == TYPED
    page.context.close()


@pytest.mark.requirement("LG-319")
def test_after_the_end_one_signs_in_again_and_goes_on_with_what_was_typed(house: House) -> None:
    page = _typing(house)
    with house.acting(WHO, AT) as member:
        email = member.email
    _let_live(house, -1)
    page.clock.fast_forward(151_000)
    again = page.get_by_role("link", name="Sign in again")
    expect(again).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in?**")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**{FORM}")
    assert page.input_value("[name=title]") == TYPED
    page.context.close()


@pytest.mark.requirement("LG-319")
def test_what_is_sent_after_the_end_comes_back_too(house: House) -> None:
    page = _typing(house)
    with house.acting(WHO, AT) as member:
        email = member.email
    _let_live(house, -1)
    page.get_by_role("button", name="Save").first.click()
    page.wait_for_url("**/sign-in?**")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**{FORM}")
    assert page.input_value("[name=title]") == TYPED
    page.context.close()
