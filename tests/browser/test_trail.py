"""The audit trail in a real browser: the graph that moves by itself, filters, an entry with its diff, the newest first, and the export."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.core.organisations import Site
from app.kernel.db import session
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from tests.browser import axe
from tests.browser.house import PHONE, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]
OWNER, WHERE = "Mara Keller", "meridian"
TRAIL = f"/{WHERE}/audit/"
PATIENCE = 30_000  # the sealer links within seconds, and the page asks again half a second later


def _signed_in(house: House, **options: object) -> tuple[BrowserContext, Page]:
    context = house.sign_in(OWNER, WHERE, bypass_csp=True, **options)
    return context, context.new_page()


def _new_site(page: Page, name: str) -> None:
    page.goto(f"/{WHERE}/organisation/sites/new")
    page.fill("[name=name]", name)
    page.select_option("[name=kind]", index=1)
    page.press("[name=name]", "Enter")
    page.wait_for_url(re.compile(r"/organisation/sites/(?!new)[^/]+/$"))


def _total(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator("#graph-title").text_content() or "0"))


@pytest.mark.requirement("OF-233")
def test_the_graph_moves_without_reload_while_somebody_else_acts(house: House) -> None:
    context, page = _signed_in(house)
    page.goto(TRAIL)
    page.evaluate("window.stayed = true")
    before = _total(page)
    other, acting = _signed_in(house)
    _new_site(acting, "Moves the graph")
    expect(page.locator("#results .trail li").filter(has_text="created").first).to_be_visible(timeout=PATIENCE)
    page.wait_for_function("before => Number(document.querySelector('#graph-title').textContent.replace(/\\D/g, '')) > before", arg=before,
                           timeout=PATIENCE)
    assert page.evaluate("window.stayed"), "the page was not loaded anew"
    context.close()
    other.close()


@pytest.mark.requirement("FL-074")
def test_what_was_done_last_stands_on_top(house: House) -> None:
    context, page = _signed_in(house)
    _new_site(page, "On top of the list")
    page.goto(TRAIL)
    opened, created = (each.inner_text() for each in page.locator("#results .trail li").all()[:2])
    assert f"{OWNER} opened SITE-" in opened, "the page of the new record, to which saving leads"
    assert f"{OWNER} created SITE-" in created
    moments = [datetime.fromisoformat(each.get_attribute("datetime") or "") for each in page.locator("#results .trail time").all()]
    assert moments == sorted(moments, reverse=True)
    assert (datetime.now(UTC) - moments[0]).total_seconds() < 120
    context.close()


@pytest.mark.requirement("PK-033")
@pytest.mark.parametrize("options", [{"color_scheme": "light"}, {"color_scheme": "dark", "viewport": PHONE}], ids=["desktop", "phone"])
def test_two_filters_narrow_the_list_and_an_entry_shows_its_diff(house: House, options: dict[str, object]) -> None:
    scheme = options["color_scheme"]
    with house.acting(OWNER, WHERE):
        site = Site(name=f"Before the change in {scheme}")
        assign([site])
        refresh_keys(site)
        session().add(site)
        session().flush()
        reference, site_id = site.reference, site.id
    with house.acting(OWNER, WHERE) as member:
        session().get_one(Site, (member.organisation_id, site_id)).name = f"After the change in {scheme}"
    context, page = _signed_in(house, **options)
    page.goto(TRAIL)
    entries = page.locator("#results .trail li")
    assert entries.count() > 2
    page.fill("[name=record]", reference)
    page.press("[name=record]", "Enter")
    expect(entries).to_have_count(2)
    page.fill("[name=action]", "organisation.site.edit")
    page.press("[name=action]", "Enter")
    expect(entries).to_have_count(1)
    assert "record=" + reference in page.url
    assert not axe.violations(page)
    entries.first.locator("a:has(time)").click()
    page.wait_for_url(re.compile(r"/audit/[0-9a-f-]{36}/"))
    diff = page.inner_text("main")
    assert "Before the change" in diff
    assert "After the change" in diff
    assert not axe.violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing reaches beyond the window"
    context.close()


def test_an_export_is_checked_by_the_script_that_comes_with_it(house: House, tmp_path: Path) -> None:
    context, page = _signed_in(house, accept_downloads=True)
    page.goto(f"{TRAIL}?action=organisation.")
    page.click("button[name=format][value=json]")
    page.wait_for_url(re.compile(r"/jobs/"))
    link = page.locator("main a[download]").first
    link.wait_for(timeout=60_000)
    with page.expect_download() as taken:
        link.click()
    taken.value.save_as(tmp_path / "trail.zip")
    with zipfile.ZipFile(tmp_path / "trail.zip") as packed:
        packed.extractall(tmp_path)
    assert {"trail.json", "manifest.json", "verify_audit.py"} <= {each.name for each in tmp_path.iterdir()}
    environ = {**os.environ, "AUDIT_KEY": house.app.extensions["settings"].audit_key}
    told = subprocess.run([sys.executable, "-I", str(tmp_path / "verify_audit.py"), str(tmp_path / "trail.zip")], capture_output=True,
                          text=True, check=False, env=environ)
    assert told.stdout.startswith("WHOLE"), told.stdout + told.stderr
    context.close()
