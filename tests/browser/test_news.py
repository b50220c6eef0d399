"""The key `e` in a real browser: an information item leaves, the focus goes to the next row, without a mouse and without script too."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Page
from sqlalchemy import func, select

from app.core import notifications
from app.core.approvals import ApprovalRequest, State
from app.core.people import Member
from app.kernel.db import session
from tests.browser.chromium import until
from tests.browser.house import House
from tests.browser.keyboard import AZERTY, QWERTY, Keyboard, Layout

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
ANYBODY, WHERE = "Mara Keller", "meridian"
SETTLED = (State.EFFECTED, State.REJECTED)


@dataclass(frozen=True)
class Told:
    """Who was told of which requests."""

    who: str
    references: list[str]


@pytest.fixture
def told(house: House) -> Told:
    """Three settled requests of which the reader is told now; gives their references."""
    with house.acting(ANYBODY, WHERE):
        who = session().execute(select(Member.id, Member.name).join(ApprovalRequest, ApprovalRequest.requested_by == Member.id).where(
            ApprovalRequest.state.in_(SETTLED)).group_by(Member.id, Member.name).order_by(func.count().desc()).limit(1)).one()
        notifications.read_all(who.id)
        found = list(session().scalars(select(ApprovalRequest).where(
            ApprovalRequest.requested_by == who.id, ApprovalRequest.state.in_(SETTLED)).order_by(ApprovalRequest.id.desc()).limit(3)))
        for request in found:
            notifications.notify(who.id, "decision", "Settled", f"/{WHERE}/inbox/{request.reference}/", record=request, critical=True)
        return Told(who.name, [request.reference for request in found])


def news(page: Page) -> int:
    """How many rows can be put away."""
    return page.locator("#queue [data-row]:has([data-key='queue.done'])").count()


@pytest.mark.parametrize("layout", [QWERTY, AZERTY], ids=["qwerty", "azerty"])
def test_e_puts_the_row_away_and_goes_on(house: House, told: Told, layout: Layout) -> None:
    context = house.sign_in(told.who, WHERE)
    page = context.new_page()
    page.goto(f"/{WHERE}/inbox/?tab=requested")
    keys = Keyboard(page, layout)
    page.locator("#queue [data-row]:has([data-key='queue.done'])").first.focus()
    assert news(page) == len(told.references)
    keys.press("e")
    until(page, "document.querySelectorAll('#queue [data-row] [data-key=\"queue.done\"]').length", len(told.references) - 1)
    until(page, "document.activeElement.matches('#queue [data-row]')", True)
    page.reload()
    assert news(page) == len(told.references) - 1
    context.close()


def test_without_script_the_page_of_the_request_has_the_button(house: House, told: Told) -> None:
    context = house.sign_in(told.who, WHERE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/{WHERE}/inbox/{told.references[0]}/")
    page.get_by_role("button", name="Done").click()
    page.wait_for_url("**/inbox/?tab=requested")
    assert news(page) == len(told.references) - 1
    context.close()
