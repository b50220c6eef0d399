"""A role made, limited, given and enforced in the browser; by keyboard; readable on a phone; without script; in both themes."""

from __future__ import annotations

from typing import Any

import pytest

from app.demo.accounts import PASSWORD
from tests.browser import axe
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
OWNER, SOMEBODY = "Mara Keller", "Pedro Vaz"
NEW = "/meridian/access/overview/roles/new"


def save(page: Any) -> None:
    """Confirm what is shown, saying who one is when that is asked."""
    page.click("text=Save the change")
    if page.locator("input[name=proof]").count():
        page.fill("input[name=proof]", PASSWORD)
        page.press("input[name=proof]", "Enter")
    page.wait_for_url("**/overview/roles/*")


@pytest.mark.requirement("PK-023")
@pytest.mark.parametrize(("scheme", "viewport", "script"), [("light", {"width": 1440, "height": 900}, True), ("dark", PHONE, True),
                                                            ("light", PHONE, False)])
def test_a_role_is_made_limited_given_and_enforced(house: House, scheme: str, viewport: dict[str, int], script: bool) -> None:
    label = f"Yard keeper {scheme} {script}"
    context = house.sign_in(OWNER, "meridian", bypass_csp=True, color_scheme=scheme, viewport=viewport, java_script_enabled=script)
    page = context.new_page()
    page.goto(NEW)
    page.fill("input[name=label]", label)
    if script:
        page.fill("input[name=q]", "organisation.site.edit")
        assert page.locator("[data-sift]:visible").count() == 1
        page.press("input[name=q]", "Enter")
        assert page.input_value("input[name=label]") == label, "Enter in the search sends nothing"
    row = page.locator("[data-sift]", has=page.locator('input[value="organisation.site.edit"]'))
    row.locator("input[type=checkbox]").check()
    row.locator("input[name^=only-]").fill("knid = office")
    row.locator("button[name=_check]").click()
    if script:
        row.locator("mark").wait_for()
        assert "Did you mean “kind”?" in row.inner_text()
        assert not axe.violations(page)
    else:
        assert "Did you mean “kind”?" in page.inner_text("main")
        row = page.locator("[data-sift]", has=page.locator('input[value="organisation.site.edit"]'))
    row.locator("input[name^=only-]").fill("kind = office")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth") if script else True
    page.fill('input[name="holder-0__text"]', SOMEBODY)
    page.click("button[name=_review]")
    page.wait_for_url("**/changes/*")
    shown = page.inner_text("main")
    assert "organisation.site.edit" in shown
    assert "only if kind = office" in shown
    assert f"{SOMEBODY} gets it" in shown
    if script:
        assert not axe.violations(page)
    save(page)
    assert page.locator("input[type=checkbox]:checked").count() == 1
    with house.acting(SOMEBODY, "meridian"):
        from app.core import access
        from app.core.organisations import Site
        from app.kernel.current import current

        assert access.can(current.user, "organisation.site.edit", Site(kind="office"))
        assert not access.can(current.user, "organisation.site.edit", Site(kind="rig"))
    context.close()


def test_what_a_member_sees_is_shown_on_desktop_and_phone(house: House) -> None:
    for scheme, viewport in (("light", {"width": 1440, "height": 900}), ("dark", PHONE)):
        context = house.sign_in(OWNER, "meridian", bypass_csp=True, color_scheme=scheme, viewport=viewport)
        page = context.new_page()
        with house.acting(SOMEBODY, "meridian") as member:
            ref = member.reference
        page.goto(f"/meridian/access/overview/as/{ref}")
        assert f"What {SOMEBODY} sees" in page.inner_text("h1")
        page.locator("main details summary").first.click()
        assert not axe.violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing reaches beyond the window"
        context.close()
