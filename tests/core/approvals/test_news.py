"""What only informs: it comes to those whom it concerns, is put away when seen, and never what waits for a decision."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from app.core import notifications
from app.core.approvals import State, news, queue
from app.kernel.errors import Conflict
from tests.core.approvals.browsing import Browser, reference_of
from tests.core.approvals.house import House


def rows(house: House, name: str, tab: queue.Tab) -> list[UUID]:
    """The requests in a member's tab."""
    with house.as_(name):
        assert queue.counts()[tab] == len(queue.page(tab).entries)
        return [entry.request.id for entry in queue.page(tab).entries]


def put_away(house: House, name: str, request_id: UUID) -> None:
    """What a member does with `e`."""
    reference = house.request(request_id).reference
    with house.as_(name):
        news.put_away(queue.find(reference))


def rejected(house: House) -> UUID:
    """A request that was refused, its requester told."""
    request_id = house.waiting()
    house.decide(request_id, "manager", "reject", reason="Never.")
    house.later(0)
    return request_id


def delegated(house: House) -> UUID:
    """A request that the manager handed to Hanna and now follows."""
    request_id = house.waiting()
    house.decide(request_id, "manager", "delegate", to=house.ids["hanna"])
    house.later(0)
    return request_id


def test_what_was_decided_of_mine_stays_until_it_is_seen(house: House) -> None:
    request_id = rejected(house)
    assert rows(house, "clerk", "requested") == [request_id]
    with house.as_("clerk"):
        assert notifications.unread_count() == 1
    put_away(house, "clerk", request_id)
    with house.as_("clerk"):
        assert notifications.unread_count() == 0
    assert rows(house, "clerk", "requested") == []
    assert house.request(request_id).state == State.REJECTED


def test_what_one_follows_can_be_put_away_and_is_followed_no_more(house: House) -> None:
    request_id = delegated(house)
    assert rows(house, "manager", "watching") == [request_id]
    put_away(house, "manager", request_id)
    assert rows(house, "manager", "watching") == []
    house.decide(request_id, "hanna", "reject", reason="No.")
    house.later(0)
    assert rows(house, "manager", "watching") == [], "who put it away follows it no more"


def test_whoever_still_follows_learns_the_end(house: House) -> None:
    request_id = delegated(house)
    house.decide(request_id, "hanna", "reject", reason="No.")
    house.later(0)
    assert rows(house, "manager", "watching") == [request_id]


def test_a_step_that_somebody_above_took_over_is_news_for_whoever_was_asked(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager", "escalate")
    house.decide(request_id, "director")
    house.later(0)
    assert rows(house, "manager", "watching") == [request_id]
    assert rows(house, "director", "watching") == []


def test_the_others_of_a_group_are_not_bothered(house: House) -> None:
    request_id = house.waiting("60000")
    house.red(request_id, "manager")
    house.red(request_id, "fiona")
    house.red(request_id, "felix")
    house.later(0)
    assert rows(house, "freya", "watching") == []


@pytest.mark.parametrize("name", ["manager", "clerk"])
def test_what_needs_somebody_cannot_be_put_away(house: House, name: str) -> None:
    request_id = house.waiting()
    with pytest.raises(Conflict):
        put_away(house, name, request_id)
    assert house.waits_for(request_id) == ["manager"]


@pytest.mark.parametrize("htmx", [False, True])
def test_the_row_and_the_page_have_a_form_for_it(house: House, app: Flask, htmx: bool) -> None:
    reference = reference_of(house, rejected(house))
    clerk = Browser(app, house, "clerk")
    action = f"{clerk.root}/inbox/{reference}/done"
    shown = clerk.get("/inbox/?tab=requested").text
    assert 'data-key="queue.done"' in shown
    assert clerk.fields(clerk.get(f"/inbox/{reference}/").text, action)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"} if htmx else {}
    answer = clerk.client.post(action, data=clerk.fields(shown, action), headers=headers)
    assert answer.status_code == (200 if htmx else 303), answer.text[:1000]
    if htmx:
        assert 'hx-target="#row-' in answer.text
        assert "put away" in answer.headers["HX-Trigger"]
    else:
        assert answer.location == f"{clerk.root}/inbox/?tab=requested"
    assert 'data-key="queue.done"' not in clerk.get("/inbox/?tab=requested").text
    assert action not in clerk.get(f"/inbox/{reference}/").text


def test_what_waits_has_no_such_key(house: House, app: Flask) -> None:
    reference = reference_of(house, house.waiting())
    for name, tab in (("manager", "mine"), ("clerk", "requested")):
        browser = Browser(app, house, name)
        assert 'data-key="queue.done"' not in browser.get(f"/inbox/?tab={tab}").text
        assert "/done" not in browser.get(f"/inbox/{reference}/").text


def test_nobody_puts_away_for_another(house: House, app: Flask) -> None:
    request_id = rejected(house)
    manager = Browser(app, house, "manager")
    token = manager.form(reference_of(house, house.waiting("7000")), "comment")
    manager.client.post(f"{manager.root}/inbox/{reference_of(house, request_id)}/done", data=token)
    assert rows(house, "clerk", "requested")[0] == request_id
    with house.as_("clerk"):
        assert notifications.unread_count() == 1


def test_the_palette_of_the_inbox_offers_it(house: House, app: Flask) -> None:
    clerk = Browser(app, house, "clerk")
    assert "/palette?scopes=queue" in clerk.get("/inbox/").text
    assert 'data-run="queue.done"' in clerk.get("/palette?scopes=queue&q=done").text
    assert 'data-run="queue.done"' not in clerk.get("/palette?q=done").text
    assert "<kbd" in clerk.get("/keys?scopes=queue").text
    assert "Done, for information items" in clerk.get("/keys?scopes=queue").text
