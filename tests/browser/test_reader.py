"""Pages as a screen reader has them: each control with a name and a role, headings and focus in order, results announced."""

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
    """A reader for the owner."""
    contexts = {OWNER: house.sign_in(OWNER, AT)}
    yield {name: Reader(context) for name, context in contexts.items()}
    for context in contexts.values():
        context.close()


def test_a_requisition_is_written_by_what_is_said(reading: dict[str, Reader], department: str) -> None:
    _ask(reading[OWNER], department)


def _ask(reader: Reader, department: str) -> None:
    """List, form with an error said at its field, saved, and what came of it announced."""
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


def _errors_are_tied(reader: Reader) -> None:
    """Each field that is wrong is said to be, with the sentence."""
    wrong = [node for node in reader.nodes() if node.said.get("invalid") == "true"]
    assert wrong
    assert [node.name for node in wrong if not node.said["description"]] == []
    assert reader.faults() == []


def test_every_page_of_the_main_job_has_one_polite_live_region(reading: dict[str, Reader]) -> None:
    reader = reading[OWNER]
    for address in ("procurement/requisitions/", "procurement/requisitions/new", "inbox/", "procurement/payments/"):
        reader.page.goto(f"/{AT}/{address}")
        live = reader.page.evaluate("""() => [...document.querySelectorAll('[aria-live], [role=status], output')].map((each) => each.id)""")
        assert live == ["announcer"], address
        assert reader.page.get_attribute("#announcer", "aria-live") == "polite"


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
