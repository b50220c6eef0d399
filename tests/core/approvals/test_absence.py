"""Somebody is away: what waits for them goes to whoever covers while it lasts, comes back after, and whoever asked reads why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access
from app.core.approvals import handing, queue
from app.core.calendar import Absence, AbsenceKind
from app.kernel import clock
from app.kernel.current import SYSTEM, Grant, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import Forbidden, Invalid, NotFound
from app.kernel.registry import registry
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House

OWN = (*(Grant(f"calendar.absence.{verb}", "own", "member") for verb in ("view", "create", "edit", "archive")),
       Grant("people.*.choose", "company", "member"))


def moments(start: float = -1, end: float = 7 * 24) -> dict[str, str]:
    """From and until, in hours from now."""
    now = clock.now()
    return {"starts_at": (now + timedelta(hours=start)).isoformat(), "ends_at": (now + timedelta(hours=end)).isoformat()}


def away(house: House, who: str = "manager", cover: str = "hanna", by: str = "", **said: str) -> UUID:
    """An absence, told to approvals; gives its id."""
    data = {"member": str(house.ids[who]), "kind": "offshore", "cover": str(house.ids[cover]) if cover else "", **moments(), **said}
    made = house.do(by or who, "calendar.absence", "create", data=data).record_id
    house.later(0)
    return made


def kept_up(house: House) -> int:
    with acting(house.organisation, SYSTEM, channel="schedule"), unit_of_work():
        return handing.keep_up()


def narrow(house: House, *names: str, grants: tuple[Grant, ...] = ()) -> None:
    from dataclasses import replace

    for name in names:
        house.actors[name] = replace(house.actors[name], grants=grants)


def test_open_and_new_seats_go_to_the_cover_and_come_back(house: House) -> None:
    before = house.waiting()
    away(house)
    after = house.waiting("7000")
    assert (house.waits_for(before), house.waits_for(after)) == (["hanna"], ["hanna"])
    with clock.at(clock.now() + timedelta(hours=7 * 24, minutes=1)):
        assert kept_up(house) == 2
        assert kept_up(house) == 0
        assert (house.waits_for(before), house.waits_for(after)) == (["manager"], ["manager"])


def test_it_begins_by_itself(house: House) -> None:
    request_id = house.waiting()
    away(house, **moments(24, 48))
    assert house.waits_for(request_id) == ["manager"]
    with clock.at(clock.now() + timedelta(hours=25)):
        assert kept_up(house) == 1
        assert house.waits_for(request_id) == ["hanna"]


def test_putting_it_away_or_naming_another_cover_counts_at_once(house: House) -> None:
    request_id, absence = house.waiting(), away(house)
    house.do("manager", "calendar.absence", "edit", [absence], {"cover": str(house.ids["fiona"])})
    house.later(0)
    assert house.waits_for(request_id) == ["fiona"]
    house.do("manager", "calendar.absence", "archive", [absence])
    house.later(0)
    assert house.waits_for(request_id) == ["manager"]


def test_without_a_cover_it_waits_and_whoever_asked_reads_why(house: House, app: Flask) -> None:
    away(house, cover="")
    request_id = house.waiting()
    assert house.waits_for(request_id) == ["manager"]
    page = Browser(app, house, "clerk").get(f"/inbox/{house.request(request_id).reference}/").text
    assert "Manager (offshore until" in page


def test_whoever_asked_reads_until_when_and_who_covers(house: House, app: Flask) -> None:
    until = clock.now().replace(month=6, day=15, hour=12) + timedelta(days=366)
    away(house, ends_at=until.isoformat())
    request_id = house.waiting()
    page = Browser(app, house, "clerk").get(f"/inbox/{house.request(request_id).reference}/").text
    assert f"Manager (offshore until {until.day} Jun {until.year}, Hanna covers)" in page


def test_why_somebody_is_sick_is_not_said(house: House, app: Flask) -> None:
    away(house, kind="sick")
    page = Browser(app, house, "clerk").get(f"/inbox/{house.request(house.waiting()).reference}/").text
    assert "Manager (away until" in page
    assert "ick" not in page.split("Manager (away until")[1][:40]


def test_the_cover_of_a_cover_who_is_away_too(house: House) -> None:
    request_id = house.waiting()
    away(house)
    away(house, "hanna", "fiona")
    assert house.waits_for(request_id) == ["fiona"]
    with clock.at(clock.now() + timedelta(hours=7 * 24, minutes=1)):
        kept_up(house)
        assert house.waits_for(request_id) == ["manager"]


def test_covers_in_a_circle_leave_it_where_it_is(house: House) -> None:
    request_id = house.waiting()
    away(house)
    away(house, "hanna", "manager")
    assert house.waits_for(request_id) == ["hanna"]
    kept_up(house)
    assert house.waits_for(request_id) == ["hanna"]


def test_the_decision_names_both_and_the_cover_sees_just_that_record(house: House) -> None:
    narrow(house, "hanna")
    away(house, by="owner")
    request_id = house.waiting()
    payments, about = registry.resource("procurement.payment"), house.request(request_id).record_id
    with house.as_("hanna") as work:
        assert list(work.scalars(select(payments.model.id).where(access.visible(payments, house.actors["hanna"])))) == [about]
    decided = house.decide(request_id, "hanna")
    assert decided.verb.value == "approve"
    with clock.at(clock.now() + timedelta(hours=7 * 24, minutes=1)), house.as_("hanna") as work:
        assert list(work.scalars(select(payments.model.id).where(access.visible(payments, house.actors["hanna"])))) == []


def test_the_cover_decides_no_more_the_moment_it_is_over(house: House) -> None:
    """Also in the minute before the scheduler gives it back."""
    away(house)
    request_id = house.waiting()
    with clock.at(clock.now() + timedelta(hours=7 * 24, seconds=1)):
        with pytest.raises(Forbidden, match="Manager is back since"):
            house.decide(request_id, "hanna")
        with house.as_("hanna"):
            assert not queue.page("delegated").entries


@pytest.mark.parametrize(("said", "field"), [
    ({"ends_at": "2020-01-01T00:00:00+00:00"}, "ends_at"), ({"timezone": "Europe/Nowhere"}, "timezone"),
    ({"starts_at": "soon"}, "starts_at")])
def test_what_makes_no_sense_is_said_at_its_field(house: House, said: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as error:
        away(house, **said)
    assert field in error.value.errors


def test_nobody_covers_for_themselves(house: House) -> None:
    with pytest.raises(Invalid):
        away(house, "manager", "manager")


def test_who_enters_and_who_sees_it(house: House) -> None:
    """Oneself, the manager of the person or of the department, and the administrator; nobody else."""
    narrow(house, "clerk", "manager", "director", "felix", grants=OWN)
    made = away(house, "clerk", "fiona")
    absences = registry.resource("calendar.absence")
    for name, sees in (("clerk", True), ("manager", True), ("director", True), ("owner", True), ("felix", False)):
        with house.as_(name) as work:
            found = list(work.scalars(select(Absence.id).where(access.visible(absences, house.actors[name]))))
        assert (made in found) is sees, name
    assert away(house, "clerk", "fiona", by="manager", **moments(200, 300))
    with pytest.raises(Forbidden):
        away(house, "clerk", "fiona", by="felix")
    with pytest.raises((Forbidden, NotFound)):
        house.do("felix", "calendar.absence", "edit", [made], {"kind": "leave"})


def test_the_zone_is_the_persons_and_the_kind_is_kept(house: House) -> None:
    made = away(house)
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        found: Any = work.get(Absence, (house.organisation.id, made))
        assert (found.timezone, found.kind) == ("UTC", AbsenceKind.OFFSHORE)
        assert isinstance(found.starts_at, datetime)
