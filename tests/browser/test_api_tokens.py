"""A token from making to revoking, as a person does it: with script on a desk, without on a phone; and one of a service."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.house import DESKTOP, PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(580)]
WHO, AT, API = "Mara Keller", "meridian", "/api/v1/meridian/"
VALUE = re.compile(r"^[0-9a-f]{32}$")


def ask(page: Page, value: str, method: str = "GET", kind: str = "hse/incidents/", **said: Any) -> int:
    """What the API answers a program with this value, which sends no cookie."""
    with page.context.browser.new_context() as program:  # type: ignore[union-attr]
        address = page.url.split("/meridian")[0] + API + kind
        return program.request.fetch(address, method=method, headers={"Authorization": f"Bearer {value}"}, **said).status


def shown(page: Page) -> str:
    """The value that the page shows this once."""
    code = page.locator(".alert code")
    expect(code).to_have_text(VALUE)
    return code.inner_text()


def row(page: Page, name: str) -> Any:
    return page.locator("li.row", has_text=name)


@pytest.mark.parametrize("look", [{"viewport": DESKTOP, "bypass_csp": True}, {"viewport": PHONE, "java_script_enabled": False},
                                  {"viewport": PHONE, "color_scheme": "dark", "bypass_csp": True}])
def test_a_token_is_made_used_rotated_and_revoked(house: House, look: dict[str, Any]) -> None:
    page = house.sign_in(WHO, AT, **look).new_page()
    name = f"Weather {len(str(look))}"
    page.goto("/meridian/settings/")
    page.get_by_role("link", name="API tokens").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Allowed addresses").fill("nowhere")
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("#field-addresses-error")).to_contain_text("no address")
    expect(page.get_by_label("Name")).to_have_value(name)
    page.get_by_label("Allowed addresses").fill("127.0.0.0/8")
    page.get_by_role("button", name="Make the token").click()
    first = shown(page)
    if look.get("java_script_enabled", True):
        assert not axe.violations(page)
    assert [ask(page, first), ask(page, first, "POST", data="{}")] == [200, 403]
    page.goto("/meridian/settings/tokens")
    assert first not in page.content()
    expect(row(page, name)).to_contain_text("only from 127.0.0.0/8")
    expect(row(page, name)).to_contain_text("127.0.0.1")
    page.get_by_role("button", name=f"Rotate {name}").click()
    second = shown(page)
    assert [ask(page, first), ask(page, second)] == [200, 200]
    page.get_by_role("button", name=f"Revoke {name}").click()
    expect(row(page, name)).to_have_count(0)
    assert [ask(page, first), ask(page, second)] == [401, 401]
    page.context.close()


def test_an_administrator_keeps_the_token_of_a_service(house: House) -> None:
    page = house.sign_in(WHO, AT, viewport=DESKTOP, bypass_csp=True).new_page()
    page.goto("/meridian/settings/service-tokens")
    page.get_by_label("Name").fill("Ledger")
    page.get_by_label("Role", exact=True).select_option(label="Member")
    page.get_by_label("Write: read").check()
    page.get_by_role("button", name="Make the token").click()
    value = shown(page)
    assert not axe.violations(page)
    assert [ask(page, value), ask(page, value, "POST", data="{}"), ask(page, value, kind="people/members/")] == [200, 422, 403]
    expect(row(page, "Ledger")).to_contain_text(f"Role Member · {WHO} answers for it")
    page.get_by_role("button", name="Revoke Ledger").click()
    expect(row(page, "Ledger")).to_have_count(0)
    assert ask(page, value) == 401
    page.context.close()
