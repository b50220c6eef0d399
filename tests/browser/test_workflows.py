"""A workflow is changed in the browser: a version made, a step added and set, by keyboard, without script, on a phone; readable by all."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.browser import axe
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
OWNER = "Mara Keller"
DESIGN = "/meridian/workflow/designs/procurement.payment/release/"
WIDE = {"width": 1440, "height": 900}


def keep(page: Any, name: str) -> None:
    """A picture of the page, where somebody wants to look at it."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize(("scheme", "viewport", "script"), [("light", WIDE, True), ("dark", PHONE, True), ("light", PHONE, False)])
def test_a_version_is_made_and_its_steps_are_changed(house: House, scheme: str, viewport: dict[str, int], script: bool) -> None:
    context = house.sign_in(OWNER, "meridian", bypass_csp=True, color_scheme=scheme, viewport=viewport, java_script_enabled=script)
    page = context.new_page()
    page.goto("/meridian/workflow/designs/")
    assert "Release of a payment" in page.inner_text("main")
    keep(page, f"list-{scheme}-{viewport['width']}")
    page.goto(DESIGN)
    keep(page, f"show-{scheme}-{viewport['width']}")
    page.focus("text=New version")
    page.keyboard.press("Enter")
    page.wait_for_url("**/designs/WFV-*")
    page.locator("#step-submit button[value=add]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**step=step*")
    page.fill("#step-form input[name=label]", "Safety first")
    page.select_option("#step-form select[name=who]", label="Role: HSE manager")
    page.fill("#step-form input[name=amount]", "8")
    keep(page, f"form-{scheme}-{viewport['width']}")
    if script:
        assert not axe.violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.press("#step-form input[name=amount]", "Enter")
    page.wait_for_url("**/designs/WFV-*")
    said = page.inner_text("#step-step")
    assert "Safety first" in said
    assert "HSE manager" in said
    assert "Within 8 hours" in said
    page.locator("#step-step button[value=beside]").click()
    page.wait_for_selector("#step-together")
    keep(page, f"version-{scheme}-{viewport['width']}")
    if script:
        assert not axe.violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


def test_the_words_of_a_workflow_in_another_language(house: House) -> None:
    context = house.sign_in(OWNER, "meridian", viewport=WIDE)
    house.prefer(context, language="de")
    page = context.new_page()
    page.goto(DESIGN)
    shown = page.inner_text("main")
    for word in ("Neue Version", "Wie ausgeliefert", "Schritte", "Wird wirksam"):
        assert word in shown, word
    keep(page, "german")
    context.close()
