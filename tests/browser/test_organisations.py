"""What concerns an organisation as such, in a browser: it is deleted and kept after all, worked for by an agency, and handed over."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.core import auth, organisations, people
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.records import new_id
from tests.browser.axe import violations
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
PASSWORD = "winter-anchor-orchid-17"
SHOTS = os.environ.get("SHOTS", "")
PLAIN: dict[str, Any] = {"viewport": PHONE, "color_scheme": "dark", "java_script_enabled": False}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def fresh(house: House, slug: str, name: str, **cast: str) -> None:
    """An organisation of this test alone, with people by their roles."""
    with house.app.app_context():
        made = organisations.found(new_id(), slug, name, currency="EUR", timezone="UTC")
        with acting(made, SYSTEM), unit_of_work():
            for role, person in cast.items():
                member = people.enrol(person, f"{role}@{slug}.example", role)
                assert member.identity_id
                auth.set_password(member.identity_id, PASSWORD)


def sound(page: Page, name: str) -> None:
    """A page as it must be: readable by all, nothing sideways; and a picture for whoever asks for one."""
    assert violations(page) == [], name
    assert page.evaluate(SIDEWAYS) <= 0, name
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def confirm(page: Page) -> None:
    """Say who one is, where that is asked."""
    if page.locator("input[name=proof]").count():
        page.locator("input[name=proof]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_load_state()


def press(page: Page, name: str) -> None:
    """Press a button."""
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()
    confirm(page)


@pytest.mark.parametrize("look", [{}, PLAIN], ids=["desk", "plain phone"])
def test_an_owner_has_the_organisation_deleted_takes_it_along_and_keeps_it(house: House, look: dict[str, Any], tmp_path: Path) -> None:
    slug = f"harbour-{len(look)}"
    fresh(house, slug, "Harbour Works", owner="Olga Holm", member="Mia Moreau")
    context, mia = house.sign_in("Olga Holm", slug, bypass_csp=True, **look), house.sign_in("Mia Moreau", slug)
    page, other = context.new_page(), mia.new_page()
    page.goto(f"/{slug}/settings/ownership")
    page.get_by_role("link", name="Delete the organisation").click()
    page.get_by_label("Why").fill("The yard is sold, and its new owner keeps books of their own.")
    page.get_by_label("Name of the organisation").fill("harbour")
    press(page, "Close and delete")
    expect(page.get_by_text("This is not the name of the organisation").first).to_be_visible()
    page.get_by_label("Name of the organisation").fill("Harbour Works")
    press(page, "Close and delete")
    expect(page.get_by_role("heading", level=1)).to_contain_text("waits to be deleted")
    page.goto(f"/{slug}/hse/incidents/")
    page.wait_for_url(f"**/{slug}/settings/deletion")
    answer = other.goto(f"/{slug}/inbox/")
    assert answer is not None
    assert answer.status == 403
    assert "waits to be deleted" in other.inner_text("main")
    taken_along(page, tmp_path)
    if "java_script_enabled" not in look:
        sound(page, "closing-waits")
    press(page, "Open it again, delete nothing")
    expect(page.get_by_text("Nothing was deleted.").first).to_be_visible()
    assert page.url.endswith(f"/{slug}/inbox/")
    answer = other.goto(f"/{slug}/inbox/")
    assert answer is not None
    assert answer.status == 200
    close(context, mia)


def taken_along(page: Page, folder: Path) -> None:
    """Have everything put together, and download it."""
    press(page, "Put it together")
    download = page.get_by_role("link", name="Download")
    for _look in range(60):
        if download.count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    with page.expect_download() as taken:
        download.click()
    taken.value.save_as(folder / "all.zip")
    with zipfile.ZipFile(folder / "all.zip") as archive:
        assert {"manifest.json", "organisation.jsonl", "records/people.member.jsonl"} <= set(archive.namelist())
        assert b"Mia Moreau" in archive.read("records/people.member.jsonl")


def test_an_agency_offers_is_accepted_works_and_is_let_go(house: House) -> None:
    """On phones without JavaScript."""
    fresh(house, "bureau", "Bureau Nine", owner="Bea Nine")
    fresh(house, "quayside", "Quayside Foods", owner="Quinn Quay")
    agency, client = house.sign_in("Bea Nine", "bureau", **PLAIN), house.sign_in("Quinn Quay", "quayside", **PLAIN)
    bea, quinn = agency.new_page(), client.new_page()
    bea.goto("/bureau/settings/agencies")
    bea.get_by_label("Address of the client").fill("quayside")
    bea.locator("form").filter(has_text="Address of the client").get_by_role("button", name="Offer").click()
    confirm(bea)
    expect(bea.get_by_text("Waits for their answer")).to_be_visible()
    quinn.goto("/quayside/settings/agencies")
    expect(quinn.get_by_text("Waits for your answer")).to_be_visible()
    quinn.locator("li").filter(has_text="Bureau Nine").get_by_role("combobox").select_option("viewer")
    press(quinn, "Accept")
    expect(quinn.get_by_text("Works together")).to_be_visible()
    bea.goto("/bureau/clients")
    bea.locator("main li").filter(has_text="Quayside Foods").get_by_role("button").click()
    bea.wait_for_url("**/quayside/**")
    assert status(bea, "/quayside/hse/incidents/") == 200
    assert status(bea, "/quayside/hse/incidents/new") == 403
    quinn.reload()
    assert "Bea Nine" in quinn.inner_text("main")
    press(quinn, "End")
    assert status(bea, "/quayside/hse/incidents/") in (403, 404)
    assert status(bea, "/bureau/clients") == 404, "no client is left"
    assert status(bea, "/bureau/inbox/") == 200
    close(agency, client)


def test_ownership_is_handed_over_by_the_keyboard(house: House) -> None:
    fresh(house, "lighthouse", "Lighthouse Trust", owner="Olga Holm", manager="Max Mole")
    context, heir = house.sign_in("Olga Holm", "lighthouse", bypass_csp=True), house.sign_in("Max Mole", "lighthouse")
    page, other = context.new_page(), heir.new_page()
    assert status(other, "/lighthouse/settings/ownership") == 403
    page.goto("/lighthouse/settings/ownership")
    sound(page, "ownership")
    reach(page, "select[name=member]")
    page.keyboard.type("Max")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    confirm(page)
    expect(page.get_by_text("Max Mole owns the organisation now; you are an administrator.").first).to_be_visible()
    assert status(page, "/lighthouse/settings/ownership") == 403
    assert status(page, "/lighthouse/people/members/new") == 200
    assert status(other, "/lighthouse/settings/ownership") == 200
    close(context, heir)


def reach(page: Page, selector: str) -> None:
    """Press Tab until the control has the focus."""
    for _press in range(150):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"Tab never reaches {selector}")


def status(page: Page, address: str) -> int:
    """How a page answers."""
    answer = page.goto(address)
    assert answer is not None
    return answer.status


def close(*contexts: BrowserContext) -> None:
    """Leave."""
    for context in contexts:
        context.close()
