"""The decision with JavaScript switched off: plain pages, plain forms, the same guards."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from app.core.approvals import ApprovalRequest, ApprovalSeat, Seat, State
from app.kernel.db import session
from tests.browser.house import PASSWORD, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(200)]


def waiting(house: House, risk: str) -> tuple[str, str]:
    """A request of that risk which waits for somebody: who, and its address."""
    from app.core.people import Member

    with house.acting("Mara Keller", "meridian"):
        row = session().execute(
            select(ApprovalRequest.reference, Member.name).join(ApprovalSeat, ApprovalSeat.request_id == ApprovalRequest.id)
            .join(Member, Member.id == ApprovalSeat.member_id)
            .where(ApprovalRequest.state == State.OPEN, ApprovalRequest.risk == risk, ApprovalSeat.state == Seat.WAITING)
            .order_by(ApprovalRequest.created_at)).first()
    assert row is not None
    return row.name, f"/meridian/inbox/{row.reference}/"


def open_request(house: House, risk: str) -> Page:
    """Somebody who has no JavaScript opens the inbox and from it the request."""
    person, address = waiting(house, risk)
    page = house.sign_in(person, "meridian", java_script_enabled=False).new_page()
    page.goto("/meridian/inbox/")
    page.click(f'a[href="{address}"]')
    page.wait_for_url(f"**{address}")
    page.click("footer a[data-choice='1']")
    return page


def test_an_orange_request_is_approved_and_undone(house: House) -> None:
    page = open_request(house, "ORANGE")
    page.click("form[id^=decide-] button[name=decision][value=approve]")
    page.wait_for_selector("text=effects held")
    page.click("button:has-text('Undo')")
    page.wait_for_load_state()
    assert "effects held" not in page.inner_text("main")
    page.context.close()


def test_a_red_request_asks_for_word_and_password_and_loses_nothing(house: House) -> None:
    page = open_request(house, "RED")
    page.fill("[name=word]", "approve")
    page.fill("[name=password]", "not it")
    page.click("form[id^=decide-] button[name=decision]")
    assert page.input_value("[name=word]") == "approve"
    assert page.input_value("[name=password]") == ""
    page.wait_for_selector("text=This is not your password.")
    page.fill("[name=password]", PASSWORD)
    page.click("form[id^=decide-] button[name=decision]")
    page.wait_for_url(lambda url: "decide" not in url)
    assert page.locator("text=approved").count() >= 1
    page.context.close()


@pytest.mark.parametrize("with_script", [False, True])
def test_returning_without_a_reason_is_refused_and_with_one_it_goes(house: House, with_script: bool) -> None:
    """On a page of its own, to which a mail leads; with JavaScript it is sent there as any other form."""
    person, address = waiting(house, "ORANGE")
    page = house.sign_in(person, "meridian", java_script_enabled=with_script).new_page()
    page.goto(f"{address}decide?verb=return")
    page.fill("[name=reason]", " ")
    page.click("button[name=decision][value=return]")
    page.wait_for_selector("text=A reason is needed.")
    page.fill("[name=reason]", "Which cost centre is this?")
    page.click("button[name=decision][value=return]")
    page.wait_for_url(lambda url: "decide" not in url)
    page.goto(address)
    assert "Which cost centre is this?" in page.inner_text("main")
    page.context.close()
