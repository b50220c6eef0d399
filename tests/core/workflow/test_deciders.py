"""Who is meant by a description: role, group, managers, fields, expressions, whoever is on duty; and who may not decide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import access, calendar, people
from app.core.calendar import DutyRota, DutyTurn, Holiday, WorkCalendar, WorkShift
from app.core.calendar.models import Weekday
from app.core.calendar.services import keep_hours, week_named
from app.core.organisations import Site
from app.core.workflow import About, Condition, Decider, Directory, Share, Step, choose
from app.kernel import clock
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid
from app.modules.procurement.models import Payment, Supplier
from tests.core.approvals.house import House

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
def house(app: Flask) -> House:
    """The small organisation in which approvals are tried."""
    return House()


@contextmanager
def asking(house: House, **said: Any) -> Iterator[Any]:
    """Within the block, `ask(*deciders)` gives the names of those whom they mean for a payment that the clerk asks for."""
    names = {value: key for key, value in house.ids.items()}
    with clock.at(NOW), house.as_("owner"):
        record = Payment(department_id=house.departments["parks"], supplier_id=house.supplier, created_by=house.ids["freya"])

        def ask(*deciders: Decider, excluded: tuple[str, ...] = (), **more: Any) -> list[str]:
            step = Step("step", "approve", deciders=deciders, **{"needs": Share("count", 1), **said, **more})
            about = About(record, house.ids["clerk"], lambda: house.actors["clerk"])
            chosen = choose(Directory(), step, about, {house.ids[name] for name in excluded})
            return [names[member] for member in chosen.members]

        yield ask


def test_a_role_a_manager_and_those_above(house: House) -> None:
    with asking(house) as ask:
        assert sorted(ask(Decider("role", "finance_approver"))) == ["felix", "fiona", "freya"]
        assert ask(Decider("manager")) == ["manager"]
        assert ask(Decider("manager", up=2)) == ["director"]
        assert ask(Decider("manager"), excluded=("manager",)) == ["director"]
        assert ask(Decider("manager_of_place", "department")) == ["director"]
        assert ask(Decider("member", str(house.ids["hanna"]))) == ["hanna"]
        assert ask(Decider("role", "hse_manager"), Decider("manager")) == ["hanna", "manager"]


def test_when_nobody_is_meant_the_fallback_is_asked_and_in_the_end_it_is_refused(house: House) -> None:
    with asking(house) as ask:
        assert ask(Decider("role", "nobody")) == ["owner"]
        assert ask(Decider("member", "no id"), fallback="hse_manager") == ["hanna"]
        assert ask(Decider("role", "hse_manager"), needs=Share("count", 2)) == ["hanna", "owner"]
        with pytest.raises(Conflict):
            ask(Decider("role", "nobody"), excluded=("owner",))


def test_a_group_with_those_below_it_between_its_days(house: House) -> None:
    with house.as_("owner"):
        above = house._add(people.Group(name="Works"))
        below = house._add(people.Group(name="Night works", parent_id=above.id))
        over = house._add(people.Group(name="Project", parent_id=above.id, ends_on=date(2026, 11, 19)))
        for group, who in ((above, "manager"), (below, "felix"), (over, "hanna")):
            session().add(people.GroupMember(group_id=group.id, member_id=house.ids[who]))
        found = str(above.id)
    with asking(house) as ask:
        assert ask(Decider("group", found)) == ["manager", "felix"]


def test_whoever_is_on_duty_now(house: House) -> None:
    with house.as_("owner"):
        rota = house._add(DutyRota(name="Duty officer"))
        for name, begin in (("hanna", -24), ("felix", -1), ("fiona", 23)):
            start = NOW + timedelta(hours=begin)
            house._add(DutyTurn(rota_id=rota.id, member_id=house.ids[name], starts_at=start, ends_at=start + timedelta(hours=24)))
        found = str(rota.id)
    with asking(house) as ask:
        assert ask(Decider("rota", found)) == ["felix"]


def test_an_expression_over_members_with_the_one_who_asks_as_user(house: House) -> None:
    with asking(house) as ask:
        rule = access.understood("department = user.department", "people.member.view")
        assert ask(Decider("expression", condition=Condition("department = user.department", rule)), excluded=("clerk",)) == ["manager"]


def test_nobody_decides_who_is_too_near(house: House) -> None:
    with house.as_("owner"):
        supplier = session().get_one(Supplier, (house.organisation.id, house.supplier))
        supplier.remittance_email = house.actors["fiona"].email.upper()
    with asking(house) as ask:
        assert sorted(ask(Decider("role", "finance_approver"), apart=("supplier",))) == ["felix", "freya"]
        assert sorted(ask(Decider("role", "finance_approver"), apart=("amount", "nothing"))) == ["felix", "fiona", "freya"]


def test_working_hours_are_those_of_the_site_or_of_the_organisation(house: House) -> None:
    with house.as_("owner"):
        site = house._add(Site(name="Rig"))
        assert calendar.limit(calendar.week_of(site.id), NOW, 30) == NOW + timedelta(hours=30)
        general, own = _hours(house, "General", None, "08:00", "17:00"), _hours(house, "Rig", site.id, "00:00", "24:00")
        house._add(Holiday(name="Feast", starts_on=date(2026, 11, 23), calendar_id=own))
        assert calendar.limit(calendar.week_of(None), NOW, 8) == datetime(2026, 11, 23, 9, tzinfo=UTC)
        assert calendar.limit(calendar.week_of(site.id), NOW, 15) == datetime(2026, 11, 27, 1, tzinfo=UTC)
        assert calendar.limit(week_named(general), NOW, 2, "days") == datetime(2026, 11, 27, 10, tzinfo=UTC)
        house._add(Holiday(name="For ever", starts_on=date(2026, 1, 1), ends_on=date(2040, 1, 1)))
        assert calendar.limit(week_named(general), NOW, 2) == NOW + timedelta(hours=2)


def test_hours_that_cannot_be_are_refused(house: House) -> None:
    with house.as_("owner"):
        made = house._add(WorkCalendar(name="Odd", timezone="Mars/Base"))
        session().add(WorkShift(calendar_id=made.id, position=1, weekday=Weekday.MONDAY, opens="24:00", closes="8 pm"))
        session().flush()
        with pytest.raises(Invalid) as refused:
            keep_hours(made)
        assert set(refused.value.errors) == {"timezone", "lines.1.opens", "lines.1.closes"}


def _hours(house: House, name: str, site_id: UUID | None, opens: str, closes: str) -> UUID:
    """Working hours on Mondays and Fridays."""
    made = house._add(WorkCalendar(name=name, site_id=site_id, timezone="UTC"))
    for position, weekday in enumerate((Weekday.MONDAY, Weekday.FRIDAY)):
        session().add(WorkShift(calendar_id=made.id, position=position, weekday=weekday, opens=opens, closes=closes))
    session().flush()
    found: UUID = made.id
    return found
