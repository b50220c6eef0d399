"""A form that follows a choice: drawn anew where one stands, by the keyboard, and by a button without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
OWNER, NEW = "Mara Keller", "/meridian/sso/providers/new"


def test_the_form_follows_the_choice_and_keeps_place_and_words(house: House) -> None:
    context = house.sign_in(OWNER, "meridian", bypass_csp=True)
    page = context.new_page()
    page.goto(NEW)
    page.fill("#field-client_id", "opsflux")
    page.focus("#field-kind")
    page.keyboard.type("SAML")
    page.keyboard.press("Tab")
    expect(page.locator("#field-metadata_xml")).to_be_visible()
    expect(page.locator("#field-client_id")).to_have_count(0)
    assert violations(page) == []
    page.select_option("#field-kind", "oidc")
    expect(page.locator("#field-client_id")).to_have_value("opsflux")
    assert page.evaluate("document.activeElement.id") == "field-active", "where Tab led, though the form was drawn anew twice"
    context.close()


def test_without_javascript_a_button_does_it(house: House) -> None:
    context = house.sign_in(OWNER, "meridian", java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(NEW)
    page.select_option("#field-kind", "ldap")
    page.get_by_role("button", name="Show what this needs").click()
    expect(page.locator("#field-search_base")).to_be_visible()
    expect(page.locator("#field-kind")).to_have_value("ldap")
    context.close()
