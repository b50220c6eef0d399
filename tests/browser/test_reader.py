"""The main job with a screen reader: from the list over the form to the inbox and the decision, by what is said alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from app.core.organisations import Department
from app.core.people import Member
from app.kernel.db import session
from tests.browser.chromium import until
from tests.browser.house import House
from tests.browser.reader import Reader

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
OWNER, DECIDER, AT = "Helen Marsh", "Marcus Oyelade", "northgate"


@pytest.fixture
def department(house: House) -> str:
    """The name of the decider's department."""
    with house.acting(OWNER, AT):
        manager = session().scalars(select(Member).where(Member.name == DECIDER)).one()
        return str(session().scalars(select(Department.name).where(Department.manager_id == manager.id)).first())


@pytest.fixture
def reading(house: House) -> Iterator[dict[str, Reader]]:
    """A reader for whoever asks, and one for whoever decides."""
    contexts = {name: house.sign_in(name, AT) for name in (OWNER, DECIDER)}
    yield {name: Reader(context) for name, context in contexts.items()}
    for context in contexts.values():
        context.close()


@pytest.mark.requirement("OF-491")
def test_the_main_job_is_done_by_what_is_said(reading: dict[str, Reader], department: str) -> None:
    asking, deciding = reading[OWNER], reading[DECIDER]
    reference = _ask(asking, department)
    deciding.page.goto(f"/{AT}/inbox/?sort=newest")  # however long the queue is
    assert deciding.faults() == []
    _decide(deciding, reference)
    asking.page.goto(asking.page.url)
    assert asking.faults() == []
    told = [(node.role, node.name) for node in asking.nodes()]
    assert [name for role, name in told if role == "RootWebArea" and reference in name]
    assert ("StaticText", "Approved, effects held") in told
    assert ("StaticText", DECIDER) in told


def _ask(reader: Reader, department: str) -> str:
    """List, form with an error said at its field, saved, submitted; gives the reference."""
    page = reader.page
    page.goto(f"/{AT}/procurement/requisitions/")
    assert reader.faults() == []
    headers = [node.name for node in reader.nodes() if node.role == "columnheader"]
    assert {"Reference", "Title", "Total"} <= {header.split(",")[0].strip() for header in headers}
    stops = reader.stops()
    assert stops == sorted(stops)
    page.get_by_role("link", name="New", exact=True).first.press("Enter")
    page.wait_for_url("**/requisitions/new")
    assert reader.faults() == []
    page.get_by_role("button", name="Save", exact=True).last.press("Enter")
    until(page, "document.activeElement.id", "error-summary")
    _errors_are_tied(reader)
    for label, words in (("Title", "Chairs for the hall"), ("Description", "Chair"), ("Quantity", "60"), ("Unit", "piece"),
                         ("Unit price", "100")):
        page.get_by_role("textbox", name=label).first.fill(words)
    box = page.get_by_role("combobox", name="Department").first
    box.fill(department)
    page.get_by_role("option", name=department).first.wait_for()
    box.press("Enter")
    page.get_by_role("button", name="Save", exact=True).last.press("Enter")
    page.wait_for_url(lambda url: "/new" not in url)
    reference = page.url.rstrip("/").rpartition("/")[2]
    reader.hears(reference)
    assert reader.faults() == []
    page.get_by_role("link", name="Submit").first.press("Enter")
    page.wait_for_url("**/submit")
    assert reader.faults() == []
    page.locator("main").get_by_role("button", name="Ask for approval").last.press("Enter")
    page.wait_for_url(f"**/{reference}/")
    reader.hears("approv")
    return reference


def _errors_are_tied(reader: Reader) -> None:
    """Each field that is wrong is said to be, with the sentence."""
    wrong = [node for node in reader.nodes() if node.said.get("invalid") == "true"]
    assert wrong
    assert [node.name for node in wrong if not node.said["description"]] == []
    assert reader.faults() == []


def _decide(reader: Reader, reference: str) -> None:
    """Find the row, open its decision, confirm it, and hear what came of it."""
    page = reader.page
    page.locator("[data-row]").filter(has_text=reference).first.focus()
    page.keyboard.press("a")
    until(page, "document.activeElement.closest('dialog')?.id", "decision")
    dialogs = [node for node in reader.nodes() if node.role == "dialog"]
    assert [bool(node.name) for node in dialogs] == [True]
    assert [node.role for node in reader.controls() if not node.name] == []
    page.keyboard.press("Enter")
    said = reader.hears(reference)
    assert "approved" in said
    assert "left" in said
    until(page, "document.activeElement.matches('#queue [data-row]') || document.activeElement.id === 'main'")
    assert reader.faults() == []


@pytest.mark.requirement("OF-491")
def test_every_page_of_the_main_job_has_one_polite_live_region(reading: dict[str, Reader]) -> None:
    reader = reading[OWNER]
    for address in ("procurement/requisitions/", "procurement/requisitions/new", "inbox/", "procurement/payments/"):
        reader.page.goto(f"/{AT}/{address}")
        live = reader.page.evaluate("""() => [...document.querySelectorAll('[aria-live], [role=status], output')].map((each) => each.id)""")
        assert live == ["announcer"], address
        assert reader.page.get_attribute("#announcer", "aria-live") == "polite"


@pytest.mark.requirement("OF-491")
@pytest.mark.parametrize("address", ["inbox/", "hse/incidents/", "hse/incidents/new", "procurement/payments/", "people/members/", "jobs/",
                                     "audit/", "settings/", "notifications/", "search?q=pump", "settings/organisation"])
def test_each_page_is_whole_to_a_reader(reading: dict[str, Reader], address: str) -> None:
    reader = reading[OWNER]
    answer = reader.page.goto(f"/{AT}/{address}")
    assert answer is not None
    assert answer.status == 200
    assert reader.faults() == []
    stops = reader.stops()
    assert len(stops) > 5
    assert stops == sorted(stops)
