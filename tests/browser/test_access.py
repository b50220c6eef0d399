"""Roles and permissions in the browser: found, asked about, readable on a phone, in light and dark."""

from __future__ import annotations

import pytest

from tests.browser import axe
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
OWNER = "Mara Keller"
PAGE = "/meridian/access/overview"


@pytest.mark.parametrize(("scheme", "viewport"), [("light", {"width": 1440, "height": 900}), ("dark", PHONE)])
def test_who_may_is_found_by_a_search_and_a_click(house: House, scheme: str, viewport: dict[str, int]) -> None:
    context = house.sign_in(OWNER, "meridian", bypass_csp=True, color_scheme=scheme, viewport=viewport)
    page = context.new_page()
    page.goto(PAGE)
    page.fill("input[name=q]", "payment.release")
    page.press("input[name=q]", "Enter")
    page.click("tr:has-text('procurement.payment.release') th a")
    page.wait_for_url("**permission=procurement.payment.release**")
    assert page.inner_text("#answers h2 >> nth=0") == "Who may procurement.payment.release?"
    assert "by the role" in page.inner_text("#answers table >> nth=0")
    assert not axe.violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing reaches beyond the window"
    context.close()
