"""Conditions: what people write, what it means, and that Python and SQL never differ about it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.core import access
from app.core.access.conditions import understood
from app.core.access.rules import holds, in_sql
from app.core.organisations import Department, Site
from app.kernel import clock, embedded
from app.kernel.current import SYSTEM, Actor, Grant, Organisation, acting
from app.kernel.db import enter, session, unit_of_work
from app.kernel.errors import Invalid
from app.kernel.records import new_id
from app.kernel.references import assign
from app.modules.procurement.models import Requisition, Stage
from tests.core.visitors import actor_of, enrol, found
from tests.infra import home
from tests.infra.databases import database_of_its_own

PATTERN = "procurement.requisition.edit"
NOW = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)  # a Wednesday


@pytest.fixture(scope="module")
def stand(servers: embedded.Servers) -> Iterator[tuple[Organisation, Actor]]:
    """An organisation with forty requisitions of all kinds, some fields of them empty, and somebody who asks.

    In a database of their own: what stays for all of them would stay for the tests after them too.
    """
    with contextmanager(database_of_its_own)(servers, home.TEMPLATE) as database, database.app.app_context():
        dice = random.Random(7)
        place = found(f"conditions-{str(new_id())[-8:]}")
        with acting(place, SYSTEM), unit_of_work() as work:
            sites, departments = [Site(name="Rowan"), Site(name="Alder")], [Department(name="Drilling"), Department(name="Finance")]
            for records in (sites, departments):
                assign(records)
                work.add_all(records)
            work.flush()
            at = {"site_id": sites[0].id, "department_id": departments[0].id}
            places, units = [None, *(site.id for site in sites)], [unit.id for unit in departments]
        asker = actor_of(place, enrol(place, "ada@conditions.example", password="", **at))
        with acting(place, SYSTEM), unit_of_work() as work:
            made = [Requisition(title=f"Thing {n % 5}", department_id=dice.choice(units), site_id=dice.choice(places),
                                needed_by=dice.choice([None, date(2026, 3, 1), date(2026, 3, 11), date(2026, 4, 1)]),
                                currency=dice.choice(["EUR", "EUR", "USD"]), total=dice.choice([0, 499_999, 500_000, 500_001, 1_200_000]),
                                status=dice.choice(list(Stage)), order_number=dice.choice([None, "A1", "B2"]),
                                created_by=dice.choice([asker.id, new_id()])) for n in range(40)]
            assign(made)
            work.add_all(made)
        yield place, asker


LEAVES = ("total <= 5000", "total > 5000", "total = 5000", "total != 5000", "total in (0, 4999.99)", "status = draft", "status != Approved",
          "status in (draft, cancelled)", "site = user.site", "site = Rowan", "site != Rowan", "site is empty", "site is not empty",
          "department = user.department", "needed_by <= today", "needed_by > today + 7", "needed_by is empty", "order_number = A1",
          "order_number != A1", "own", "own = false", "weekday <= 5", 'time >= "18:00"', "second_factor", "network = 10.0.0.0/8",
          "channel = page", "context.level >= 3", "created_at >= 2026-01-01", 'title = "Thing 3"')
EXPRESSIONS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(inner.map(lambda a: f"not ({a})"), st.tuples(inner, inner).map(lambda p: f"({p[0]}) and ({p[1]})"),
                            st.tuples(inner, inner).map(lambda p: f"{p[0]} or {p[1]}")), max_leaves=6)


def both(place: Organisation, user: Actor, text: str) -> tuple[set[Any], set[Any], int]:
    """The records for which a condition holds: by Python, by SQL; and how many there are."""
    with acting(place, user, channel="page"), clock.at(NOW):
        enter()
        rule = understood(text, PATTERN)
        records = session().scalars(select(Requisition)).all()
        python = {record.id for record in records if holds(rule, user, record, {})}
        sql = set(session().scalars(select(Requisition.id).where(in_sql(rule, Requisition, user, {}))))
        session().rollback()
        return python, sql, len(records)


@pytest.mark.requirement("PK-015")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=EXPRESSIONS)
def test_python_and_sql_say_the_same(stand: tuple[Organisation, Actor], text: str) -> None:
    python, sql, _count = both(*stand, text)
    assert python == sql, text


@pytest.mark.parametrize("text", LEAVES)
def test_a_condition_and_its_negation_part_the_records(stand: tuple[Organisation, Actor], text: str) -> None:
    """But for amounts in another currency, of which no limit says anything, either way."""
    held, _sql, count = both(*stand, text)
    other, sql, _count = both(*stand, f"not ({text})")
    assert other == sql
    assert not held & other
    assert len(held | other) == count or "total" in text or "network" in text


@pytest.mark.parametrize(("text", "said"), [
    ("totl <= 5000", "Requisition has no field “totl”. Did you mean “total”?"),
    ("status = drafd", "Status is never “drafd”. Did you mean “draft”?"),
    ("status < draft", "“status” can be compared by =, != and in."),
    ("total <= many", ""), ("site = Nowhere", "“Nowhere” is not known here."),
    ("total 5000",
     "“5000” stands where one of =, !=, <, <=, >, >=, in, is is needed."), ("total <=", "The condition ends too early."),
    ("total is less than 5000", "Write < for “is less”."), ("total is more or equal 5000", "Write >= for “is more”."),
    ("total is big", "“big” is not understood after “is”: write is empty"), ("total is", "The condition ends too early."),
    ("own own", "“own” was not expected here; join conditions by and, or."), ("(own", "“)” is missing."),
    ("time > noon", "“noon” is not a time of day. Write it like 08:30."),
    ("weekday = 8", "A day of the week is a number from 1 (Monday) to 7."),
    ("network = home", "“home” is not a network. Write it like 10.0.0.0/8."), ("total = user", ""), ("and", ""), ("total in ()", "")])
def test_what_cannot_be_understood_is_refused_with_the_nearest_right_word(stand: tuple[Organisation, Actor], text: str, said: str) -> None:
    place, user = stand
    with acting(place, user), pytest.raises(Invalid) as refused:
        enter()
        understood(text, PATTERN)
    session().rollback()
    assert refused.value.errors["condition"][0].startswith(said)


def test_a_permission_about_no_records_takes_circumstances_only(stand: tuple[Organisation, Actor]) -> None:
    with acting(stand[0], stand[1]):
        assert understood("weekday <= 5 and second_factor", "settings.setting.manage")
        with pytest.raises(Invalid, match="about no records"):
            understood("total <= 5", "settings.setting.manage")
        with pytest.raises(Invalid, match="no field"):
            understood("total <= 5", "procurement.*.edit")
    session().rollback()


@pytest.mark.requirement("PK-014")
@pytest.mark.parametrize(("condition", "record", "context", "allowed"), [
    ("status = draft and total < 10000 and own", {"total": 999_999, "mine": True}, {}, True),
    ("status = draft and total < 10000 and own", {"total": 1_000_000, "mine": True}, {}, False),
    ("status = draft and total < 10000 and own", {"total": 1, "mine": False}, {}, False),
    ("status = draft and total < 10000 and own", {"total": 1, "mine": True, "status": Stage.ORDERED}, {}, False),
    ("total <= 5000", {"total": 1, "currency": "USD"}, {}, False), ("not (total > 5000)", {"total": 1, "currency": "USD"}, {}, False),
    ("time >= '08:00' and time < '18:00'", {}, {"time": "12:00"}, True), ("time >= '08:00'", {}, {"time": "07:59"}, False),
    ("weekday <= 5", {}, {"weekday": 6}, False), ("second_factor", {}, {"second_factor": True}, True), ("second_factor", {}, {}, False),
    ("network = 10.0.0.0/8", {}, {"network": "10.1.2.3"}, True), ("network = 10.0.0.0/8", {}, {"network": "8.8.8.8"}, False),
    ("context.classification in (open, internal)", {}, {"classification": "internal"}, True),
    ("context.classification in (open, internal)", {}, {"classification": "secret"}, False)])
def test_cases(stand: tuple[Organisation, Actor], condition: str, record: dict[str, Any], context: dict[str, Any], allowed: bool) -> None:
    place, user = stand
    with acting(place, user):
        user = replace(user, grants=(Grant(PATTERN, rule=understood(condition, PATTERN)),))
        mine = record.pop("mine", False)
        asked = Requisition(**{"currency": "EUR", "total": 0, "status": Stage.DRAFT, "created_by": user.id if mine else new_id(), **record})
        assert bool(access.can(user, PATTERN, asked, context)) is allowed
    session().rollback()


@pytest.mark.parametrize("role", ["manager", "own"])
def test_a_refusal_names_the_value_the_limit_and_who_may(stand: tuple[Organisation, Actor], role: str) -> None:
    place, user = stand
    with acting(place, user), unit_of_work():
        user = replace(user, grants=(Grant(PATTERN, role=role, rule=understood("total <= 5000", PATTERN)),))
        asked = Requisition(currency="EUR", total=1_200_000, status=Stage.DRAFT)
        assert access.can(user, PATTERN, asked).reason.startswith("12,000 is above your limit of 5,000.")
        assert access.can(user, PATTERN, asked).reason.endswith(" may.")
        assert access.can(user, PATTERN, Requisition(currency="EUR", total=500_000)).because.startswith("by the role ")


def test_a_rule_of_an_unknown_kind_holds_for_nobody(stand: tuple[Organisation, Actor]) -> None:
    assert not holds('["sometimes"]', stand[1], Requisition(), {})
