"""What a member keeps of the inbox for themselves: stars, filters under a name, the board; and the time line of a request."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from app.core.approvals import clocks, keeping, queue
from app.core.approvals.looks import Look
from app.core.approvals.timeline import timeline
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.errors import Invalid, NotFound
from tests.core.approvals.browsing import PARTIAL, Browser, reference_of
from tests.core.approvals.house import House


def text(page: str) -> str:
    """The words of a page, without its marks."""
    return " ".join(re.sub("<[^>]*>", " ", page).split())


def test_a_star_is_ones_own_and_stays_when_it_is_decided(house: House, app: Flask) -> None:
    request_id = house.waiting()
    reference = reference_of(house, request_id)
    manager, owner = Browser(app, house, "manager"), Browser(app, house, "owner")
    assert manager.post(f"/inbox/{reference}/star", starred="1").status_code == 303
    assert manager.post(f"/inbox/{reference}/star", starred="1").status_code == 303
    assert 'aria-pressed="true"' in manager.get(f"/inbox/{reference}/").text
    assert 'aria-pressed="true"' not in owner.get(f"/inbox/{reference}/").text
    house.decide(request_id, "manager")
    with house.as_("manager"):
        assert [entry.request.id for entry in queue.page("starred").entries] == [request_id]
        assert queue.counts()["starred"] == 1
    with house.as_("owner"):
        assert (queue.page("starred").entries, queue.counts()["starred"]) == ((), 0)
    assert house.request(request_id).record_reference in manager.get("/inbox/?tab=starred").text
    assert manager.post(f"/inbox/{reference}/star", starred="0").status_code == 303
    assert "You starred nothing" in manager.get("/inbox/?tab=starred").text


def test_a_star_by_its_key_is_answered_in_place(house: House, app: Flask) -> None:
    reference = reference_of(house, house.waiting())
    manager = Browser(app, house, "manager")
    address = f"{manager.root}/inbox/{reference}/star"
    data = {**manager.fields(manager.get("/inbox/").text, address)}
    answer = manager.client.post(address, data=data, headers=PARTIAL)
    assert (answer.status_code, 'aria-pressed="true"' in answer.text) == (200, True)
    assert f"#row-star-{house.request(queue_first(house)).id}" in answer.text


def queue_first(house: House) -> object:
    """The first request that waits for the manager."""
    with house.as_("manager"):
        return queue.page("mine").entries[0].request.id


def test_rows_are_narrowed_and_ordered(house: House) -> None:
    small, large = house.waiting("6000"), house.waiting("60000")
    with house.as_("manager"):
        def shown(**said: str) -> list[object]:
            return [entry.request.id for entry in queue.page(Look.of(said)).entries]

        assert shown(risk="RED") == [large]
        assert shown(kind="procurement.payment", sort="newest") == [large, small]
        assert shown(sort="oldest") == [small, large]
        assert shown(due="overdue") == []
        assert set(shown(due="soon")) == {small, large}
        assert (shown(kind="nothing.such"), queue.count(Look(risk="RED"))) == ([small, large], 1)
        with clock.at(clock.now() + timedelta(days=3)):
            assert set(shown(due="overdue")) == {small, large}
        with pytest.raises(NotFound):
            Look.of({"tab": "nowhere"})


def test_pages_follow_each_other_in_every_order(house: House) -> None:
    for amount in ("6000", "7000", "8000", "9000", "9500"):
        house.waiting(amount)
    with house.as_("manager"):
        for sort in ("due", "newest", "oldest"):
            look = Look(sort=sort)
            whole = [entry.request.id for entry in queue.page(look).entries]
            first = queue.page(look, size=2)
            second = queue.page(look, after=first.after, size=2)
            back = queue.page(look, before=second.before, size=2)
            assert [entry.request.id for page in (first, second) for entry in page.entries] == whole[:4]
            assert [entry.request.id for entry in back.entries] == whole[:2]


def test_a_view_is_kept_under_a_name_and_is_nobody_elses(house: House, app: Flask) -> None:
    house.waiting("60000")
    manager, owner = Browser(app, house, "manager"), Browser(app, house, "owner")
    kept = manager.post("/inbox/views", name="  My  red ones ", risk="RED", layout="board", kind="")
    assert (kept.status_code, "risk=RED" in kept.location, "layout=board" in kept.location) == (303, True, True)
    assert "My red ones" in manager.get("/inbox/").text
    assert "My red ones" not in owner.get("/inbox/").text
    manager.post("/inbox/views", name="my RED ones", risk="ORANGE")
    with house.as_("manager"):
        view, = keeping.views()
        assert (view.name, view.query) == ("my RED ones", {"risk": "ORANGE"})
        address = f"/inbox/views/{view.id}/remove"
    missing = manager.post("/inbox/views", name=" ")
    assert (missing.status_code, "This is needed." in missing.text) == (422, True)
    assert owner.post(address).status_code == 404
    assert manager.post(address).status_code == 303
    assert "my RED ones" not in manager.get("/inbox/").text.partition("toast")[0].partition("My views")[2]


def test_views_are_few(house: House) -> None:
    with house.as_("manager"):
        for number in range(keeping.MOST):
            keeping.keep(f"View {number}", {"risk": "RED"})
        with pytest.raises(Invalid):
            keeping.keep("One more", {})


@pytest.mark.parametrize("by", ["urgency", "step"])
def test_the_board_shows_the_same_rows_as_columns(house: House, app: Flask, by: str) -> None:
    house.waiting("6000")
    board = Browser(app, house, "manager").get(f"/inbox/?layout=board&by={by}").text
    assert "data-board" in board
    assert board.count("data-column") == board.count('<li id="row-') == 1
    assert ('aria-label="Within a day"' in board) is (by == "urgency")


def test_the_time_line_tells_how_long_each_step_waited(house: House, app: Flask) -> None:
    request_id = house.waiting("60000")
    asked = clock.now()
    with clock.at(asked + timedelta(hours=5)):
        house.decide(request_id, "manager", "opinion", to=house.ids["hanna"], reason="Well?")
    with clock.at(asked + timedelta(hours=6)):
        house.red(request_id, "manager")
    with clock.at(asked + timedelta(days=5)), acting(house.organisation, SYSTEM):
        clocks.escalate_overdue()
    request = house.request(request_id)
    with clock.at(asked + timedelta(days=5, hours=1)), house.as_("manager"):
        line = timeline(request)
        first, second = line["spans"]
    assert (first["waited"], first["lasts"], first["late"]) == ("6 hours", False, False)
    assert (second["waited"], second["lasts"], second["late"]) == ("5 days", True, True)
    assert [first["start"], round(first["start"] + first["width"]), round(second["start"] + second["width"])] == [0.0, 5, 100]
    assert any("second opinion" in each["text"] for each in first["happened"])
    assert any("escalated" in each["text"] for each in second["happened"])
    page = text(Browser(app, house, "manager").get(f"/inbox/{reference_of(house, request_id)}/timeline").text)
    assert "Time line" in page
    assert "asked Hanna for a second opinion" in page


def test_the_time_line_ends_with_the_effect(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager")
    house.later(60)
    request = house.request(request_id)
    with house.as_("manager"):
        line = timeline(request)
    assert [span["label"] for span in line["spans"]][-1] == "Takes effect"
    assert (line["lasts"], line["ahead"]) == (False, [])
