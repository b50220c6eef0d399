"""Second factors in a real browser: a passkey on a phone instead of the password, an authenticator with JavaScript off."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page

from app.core import auth, people
from app.kernel.records import new_id
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]
PASSWORD = "four herons over the estuary"
PLATFORM = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True}


def newcomer(house: House) -> str:
    """The address of a new member, who has a password."""
    email = f"pia-{str(new_id())[-8:]}@meridian.example"
    with house.acting("Mara Keller", "meridian"):
        member = people.enrol("Pia Castell", email)
        assert member.identity_id
        auth.set_password(member.identity_id, PASSWORD)
    return email


def browser_of(house: House, **options: Any) -> BrowserContext:
    """A browser that knows nobody."""
    return house.chromium.new_context(base_url=house.server.url, **{"viewport": PHONE, **options})


def sign_in(page: Page, email: str) -> None:
    """By the form."""
    page.goto("/sign-in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("form[action='/sign-in'] button")


def sign_out(context: BrowserContext) -> None:
    """The cookie is gone, the device is the same."""
    context.clear_cookies()


@pytest.mark.requirement("OF-049")
def test_a_passkey_made_on_a_phone_signs_in_without_a_password(house: House) -> None:
    email, context = newcomer(house), browser_of(house, has_touch=True, is_mobile=True)
    page = context.new_page()
    broken: list[str] = []
    page.on("console", lambda said: broken.append(said.text) if "Content Security Policy" in said.text else None)
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": PLATFORM})
    sign_in(page, email)
    page.goto("/meridian/settings/security/new/passkey")
    page.fill("[name=name]", "Pia's phone")
    page.click("text=Make a passkey")
    page.wait_for_selector("text=Keep your recovery codes")
    page.goto("/meridian/settings/security")
    assert "Pia's phone" in page.inner_text("main")
    sign_out(context)
    page.goto("/sign-in?next=/meridian/settings/")
    page.click("text=Sign in with a passkey")
    page.wait_for_url("**/meridian/settings/")
    assert broken == []
    context.close()


def test_a_device_that_refuses_says_so_and_the_password_still_serves(house: House) -> None:
    email, context = newcomer(house), browser_of(house)
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": {**PLATFORM, "isUserVerified": False}})
    page.goto("/sign-in")
    page.click("text=Sign in with a passkey")
    page.wait_for_selector("text=Nothing came from the device")
    sign_in(page, email)
    page.wait_for_url(re.compile(r"/meridian/"))
    context.close()


@pytest.mark.requirement("OF-034")
def test_an_authenticator_serves_without_javascript(house: House) -> None:
    email, context = newcomer(house), browser_of(house, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, email)
    page.goto("/meridian/settings/security/new/totp")
    assert page.locator("form[data-behaviour=passkey]:visible").count() == 0
    page.click("main summary")
    codes = pyotp.TOTP(re.sub(r"\s", "", page.inner_text("[data-secret]")))
    page.fill("[name=code]", codes.now())
    page.click("button:has-text('Confirm')")
    kept = page.inner_text("#codes").split()
    assert len(kept) == 10
    sign_out(context)
    sign_in(page, email)
    assert "/sign-in/factor" in page.url
    assert page.get_attribute("[name=code]", "autocomplete") == "one-time-code"
    page.fill("[name=code]", codes.now())
    page.click("button:has-text('Continue')")
    assert "was used already" in page.inner_text("main"), "the code of the set-up is spent"
    page.click("text=Recovery code")
    page.fill("[name=code]", kept[3])
    page.click("button:has-text('Continue')")
    page.wait_for_url(re.compile(r"/meridian/"))
    assert "Codes left: 9" in page.inner_text("body")
    context.close()
