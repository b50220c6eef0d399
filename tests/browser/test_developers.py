"""The pages for developers: find an operation, try it with a token, and see its real answer; its sample in JavaScript runs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.house import DESKTOP, PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(580)]
WHO, AT = "Mara Keller", "meridian"
# the sample as it stands, with what Node gives a program, and the port of the test in place of the installation's address
RUN = """async ([sample, token]) => {
  let said;
  const process = { env: { OPSFLUX_TOKEN: token } };
  const console = { log: (text) => { said = text; } };
  const here = (address, how) => fetch(address.replace(/^https?:\\/\\/[^/]+/, ""), how);
  const Program = Object.getPrototypeOf(async () => {}).constructor;
  await new Program("process", "console", "fetch", sample)(process, console, here);
  return said;
}"""


@pytest.mark.requirement("OF-240", "OF-242")
@pytest.mark.parametrize("look", [{"viewport": DESKTOP}, {"viewport": PHONE, "color_scheme": "dark", "bypass_csp": True}])
def test_an_operation_is_found_and_tried(house: House, look: dict[str, Any]) -> None:
    from app.core import auth

    with house.acting(WHO, AT):
        secret = auth.make_token(f"Try {len(str(look))}", ("read_only",))[1]
    page = house.sign_in(WHO, AT, **look).new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.goto("/meridian/settings/tokens")
    page.get_by_role("link", name="All operations of the API").click()
    page.get_by_role("searchbox", name="Search the operations").fill("incidents list")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name=re.compile("Incidents: List")).click()
    form = page.locator("form[data-behaviour=try-call]")
    form.get_by_label("Token").fill("0" * 32)
    form.get_by_role("button", name="Send").click()
    expect(form.locator("[data-status]")).to_contain_text("401")
    form.get_by_label("Token").fill(secret)
    form.get_by_role("button", name="Send").click()
    expect(form.locator("[data-status]")).to_contain_text("200")
    expect(form.locator("[data-answer]")).to_contain_text('"items": [')
    assert not [text for text in heard if "Content Security Policy" in text]
    if not look.get("bypass_csp"):
        return
    assert not axe.violations(page)
    sample = page.locator("[data-sample=JavaScript]").inner_text()
    assert '"items"' in page.evaluate(RUN, [sample, secret])
