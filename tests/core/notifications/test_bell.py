"""The bell in a browser without script: the list, the panel, the buttons of what waits, the preferences."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import notifications
from app.core.approvals import State
from app.core.notifications import Category, Notification
from app.core.people import Member
from app.kernel import outbox
from app.kernel.db import session
from tests.core.approvals.browsing import PARTIAL, Browser
from tests.core.approvals.house import House


@pytest.fixture
def house(app: Flask) -> House:
    """An organisation with people to ask."""
    return House()


def asked(house: House, amount: str = "6000") -> tuple[object, str]:
    """A payment that waits for the manager, whom the bell tells; gives the request's id and the notice's."""
    request_id = house.waiting(amount)
    outbox.drain(house.organisation.id)
    with house.as_("manager"):
        found = session().scalars(select(Notification).where(Notification.record_id == request_id)).one()
        return request_id, str(found.id)


@pytest.mark.requirement("OF-077")
def test_the_panel_lists_them_with_time_kind_and_link(house: House, app: Flask) -> None:
    with house.as_("owner"):
        notifications.notify(house.ids["clerk"], "mention", "Mara mentioned you", "/x", category=Category.SOCIAL)
        notifications.notify(house.ids["clerk"], "alert", "Gas at berth 4", "/x", critical=True, category=Category.ALERT)
    clerk = Browser(app, house, "clerk")
    fragment = clerk.get("/notifications/panel", **PARTIAL)
    assert "<html" not in fragment.text
    for said in ("Mara mentioned you", "People", "Alert", "/seen"):
        assert said in fragment.text
    assert re.search(r"\d{1,2}:\d{2}", fragment.text), "when it was told"
    assert fragment.text.index("Gas at berth 4") < fragment.text.index("Mara mentioned you"), "what is critical comes first"
    assert "border-late" in fragment.text
    assert "<html" in clerk.get("/notifications/panel").text, "without script it is a page"


def test_one_kind_can_be_looked_at_alone(house: House, app: Flask) -> None:
    with house.as_("owner"):
        notifications.notify(house.ids["clerk"], "mention", "Mara mentioned you", "/x", category=Category.SOCIAL)
        notifications.notify(house.ids["clerk"], "job", "Import done", "/x")
    page = Browser(app, house, "clerk").get("/notifications/?about=social").text
    assert "Mara mentioned you" in page
    assert "Import done" not in page
    assert Browser(app, house, "clerk").get("/notifications/?about=else").status_code == 404


@pytest.mark.requirement("OF-097")
def test_approve_in_the_bell_approves_and_the_buttons_disappear(house: House, app: Flask) -> None:
    request_id, notice = asked(house)
    manager = Browser(app, house, "manager")
    before = manager.get("/notifications/").text
    address = f"{manager.root}/notifications/{notice}/approve"
    assert address in before
    assert "Return or reject" in before
    answer = manager.post(f"/notifications/{notice}/approve", **manager.fields(before, address))
    assert answer.status_code == 303, answer.text[:500]
    assert house.request(request_id).state in (State.HELD, State.EFFECTED)
    after = manager.get("/notifications/").text
    assert "Waiting for you" in after
    assert address not in after
    assert "Return or reject" not in after


def test_what_is_red_or_not_ones_own_is_not_approved_from_the_bell(house: House, app: Flask) -> None:
    request_id, notice = asked(house, "60000")
    manager = Browser(app, house, "manager")
    page = manager.get("/notifications/").text
    assert f"/notifications/{notice}/approve" not in page
    assert "decide?verb=approve" in page
    assert manager.post(f"/notifications/{notice}/approve", hash=house.request(request_id).snapshot_hash).status_code in (409, 422)
    assert Browser(app, house, "clerk").post(f"/notifications/{notice}/approve").status_code == 404
    assert house.request(request_id).state == State.OPEN


def test_preferences_are_kept_and_shown(house: House, app: Flask) -> None:
    clerk = Browser(app, house, "clerk")
    page = clerk.get("/notifications/preferences").text
    assert 'value="22:00"' in page
    assert 'value="08:00"' in page
    sent = clerk.client.post(f"{clerk.root}/notifications/preferences", data={
        "csrf_token": re.search(r'name="csrf_token" value="([^"]*)"', page)[1], "mail": "all", "digest": "week",  # type: ignore[index]
        "digest_hour": "9", "least": "high", "quiet": "1", "ways": ["system:bell", "business:bell", "business:mail"]})
    assert sent.status_code == 303
    with house.as_("owner"):
        kept = session().get_one(Member, (house.organisation.id, house.ids["clerk"]))
        assert (kept.digest_hour, kept.preferences["quiet_from"], kept.preferences["quiet_to"]) == (9, "22:00", "08:00")
        assert kept.preferences["notices_from"] == "high"
        assert "social:bell" in kept.preferences["notices_off"]
        assert "system:bell" not in kept.preferences["notices_off"]
    assert 'name="quiet" value="1" checked' in clerk.get("/notifications/preferences").text


def test_muting_from_the_list(house: House, app: Flask) -> None:
    request_id, notice = asked(house)
    manager = Browser(app, house, "manager")
    assert manager.post(f"/notifications/{notice}/mute").status_code == 303
    page = manager.get("/notifications/").text
    assert "Hear of it again" in page
    assert manager.post(f"/notifications/{notice}/mute").status_code == 303
    assert "Hear of it again" not in manager.get("/notifications/").text
    assert house.request(request_id).state == State.OPEN
