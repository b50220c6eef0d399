"""“This was not me” in a real browser: from the mail about a new password to the locked account, and the stolen session that is over."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser import axe
from tests.browser.house import PHONE, House
from tests.browser.test_factors import PASSWORD, browser_of, newcomer, sign_in
from tests.infra.serving import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]
STOLEN = "quiet lanterns drift past harbour"


def _letter(house: House, email: str) -> str:
    """The text of the newest mail to the address that has the way out in it; empty while there is none."""
    for mail in house.server.mails():
        part: Any = mail.get_body(("plain",))
        if email in mail["To"] and "/account/not-me/" in part.get_content():
            return str(part.get_content())
    return ""


@pytest.mark.parametrize("options", [{"color_scheme": "light"}, {"color_scheme": "dark", "locale": "de-DE"}], ids=["light", "german"])
def test_from_the_mail_to_the_locked_account(house: House, options: dict[str, Any]) -> None:
    email = newcomer(house)
    thief = browser_of(house, viewport={"width": 1440, "height": 900})
    stolen = thief.new_page()
    sign_in(stolen, email)
    stolen.wait_for_url("**/meridian/**")
    stolen.goto("/meridian/settings/password")
    stolen.fill("[name=current]", PASSWORD)
    stolen.fill("[name=password]", STOLEN)
    stolen.fill("[name=again]", STOLEN)
    stolen.press("[name=again]", "Enter")
    stolen.wait_for_url("**/meridian/settings/")
    wait_for(lambda: bool(_letter(house, email)), 90, "the mail")
    found = re.search(r"/account/not-me/[\w-]+", _letter(house, email))
    assert found
    owner = browser_of(house, viewport=PHONE, bypass_csp=True, **options)
    page = owner.new_page()
    page.goto(found.group())
    assert not axe.violations(page)
    page.click("main form button, form button.btn")
    page.wait_for_selector("a[href='/account/forgotten']")
    assert re.search(r"1 (session|Sitzung)", page.inner_text("body")), "it says what was ended"
    assert not axe.violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing reaches beyond the window"
    stolen.goto("/meridian/settings/")
    assert "/sign-in" in stolen.url
    stolen.goto("/sign-in")
    stolen.fill("[name=email]", email)
    stolen.fill("[name=password]", STOLEN)
    stolen.click("form[action='/sign-in'] button")
    stolen.wait_for_selector("[role=alert]")
    assert "/sign-in" in stolen.url, "nor does the new password open anything"
    thief.close()
    owner.close()
