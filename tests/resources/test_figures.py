"""Figures of a list agree with the list: in number, in sight, by group, by currency, and where they lead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from app.core import people
from app.kernel.current import SYSTEM, Grant, acting, current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Forbidden, Invalid
from app.kernel.registry import registry
from app.modules.hse.models import Incident
from app.resources.figures import Figures, grouped
from app.resources.querying import count, read
from tests.modules.hse.test_incidents import said
from tests.modules.office import Office

DAYS = ("2026-01-05T08:00:00+00:00", "2026-01-31T23:30:00+00:00", "2026-03-02T08:00:00+00:00", "2026-03-03T08:00:00+00:00")
KINDS = ("near_miss", "near_miss", "first_aid", "lost_time")


@pytest.fixture
def office(app: Flask) -> Iterator[Office]:
    with app.test_request_context("/"):
        yield Office()


@pytest.fixture
def filled(office: Office) -> Office:
    """Four incidents, the last of them at another site."""
    with office.as_("olive"):
        from app.kernel.door import perform_one

        other = str(perform_one("organisation.site", "create", data={"name": "Quay", "kind": "base"}).record.id)
    for number, (day, kind) in enumerate(zip(DAYS, KINDS, strict=True)):
        office.make("hse.incident", "hanna", said(office, occurred_at=day, kind=kind, site=other if number == 3 else office.site))
    return office


@contextmanager
def seen_by(office: Office, name: str, *grants: Grant) -> Iterator[Any]:
    """A piece of work of a member, with other grants where some are named."""
    with acting(office.place, SYSTEM):
        actor = people.load_actor(office.place, office.ids[name])
    assert actor is not None
    with acting(office.place, replace(actor, grants=grants) if grants else actor), unit_of_work():
        yield actor


def asked(key: str = "hse.incident", query: tuple[tuple[str, str], ...] = (), **more: Any) -> Figures:
    return grouped(read(registry.resource(key), MultiDict(query)), **more)


def told(figures: Figures) -> dict[str, Any]:
    return {group.label: group.values.get((0, figures.units[0])) for group in figures.groups}


def test_the_number_is_the_number_of_the_list(filled: Office) -> None:
    with seen_by(filled, "hanna"):
        assert asked().number() == count(read(registry.resource("hse.incident"), MultiDict()))[0] == 4
        assert asked(query=(("kind", "near_miss"),)).number() == 2
        assert asked(query=(("kind", "fatality"),)).number() == 0


def test_who_sees_one_site_counts_one_site(filled: Office) -> None:
    site = session_site(filled)
    narrow = Grant("hse.incident.view", "company", site=site)
    with seen_by(filled, "hanna", narrow):
        assert told(asked(by="kind")) == {"Near miss": 2, "First aid": 1}
        assert list(told(asked(by="site"))) == ["Yard"]
        assert asked().number() == count(read(registry.resource("hse.incident"), MultiDict()))[0] == 3
    with seen_by(filled, "hanna"):
        assert told(asked(by="site")) == {"Yard": 3, "Quay": 1}


def session_site(office: Office) -> Any:
    return next(each.id for each in office.staff.sites if str(each.id) == office.site)


def test_what_may_not_be_seen_is_refused(filled: Office) -> None:
    with seen_by(filled, "hanna", Grant("procurement.*.*")), pytest.raises(Forbidden):
        asked()


@pytest.mark.parametrize("words", [{"by": "kinds"}, {"by": "title"}, {"by": "people_involved"}, {"measure": "sum:narrative"},
                                   {"measure": "drop"}, {"by": "occurred_at", "every": "fortnight"}, {"split": "organisation_id"}])
def test_a_wrong_word_is_named(filled: Office, words: dict[str, str]) -> None:
    with seen_by(filled, "hanna"), pytest.raises(Invalid):
        asked(**words)


def test_months_are_those_of_the_reader_and_none_is_left_out(filled: Office) -> None:
    with seen_by(filled, "hanna"):
        found = asked(by="occurred_at", every="month")
        assert told(found) == {"Jan 2026": 2, "Feb 2026": None, "Mar 2026": 2}
        assert found.chart("line", "Incidents").series[0].values == [2, 0, 2]
        assert [len(asked(by="occurred_at", every=every).groups) for every in ("week", "day")] == [9, 58]


@pytest.mark.parametrize(("by", "every"), [("kind", "month"), ("site", "month"), ("occurred_at", "day"), ("occurred_at", "week"),
                                           ("occurred_at", "month"), ("department", "month")])
def test_each_group_leads_to_the_list_that_it_counts(filled: Office, by: str, every: str) -> None:
    with seen_by(filled, "hanna"):
        for group in asked(by=by, every=every).groups:
            assert group.narrows
            listed = count(read(registry.resource("hse.incident"), MultiDict(group.narrows)))[0]
            assert group.values.get((0, ""), 0) == listed


def test_the_smallest_groups_are_put_together(filled: Office) -> None:
    with seen_by(filled, "hanna"):
        assert told(asked(by="kind", limit=2)) == {"Near miss": 2, "Others": 2}
        assert told(asked(by="occurred_at", every="month", limit=2)) == {"Earlier": 2, "Mar 2026": 2}


def test_series_by_a_second_field(filled: Office) -> None:
    with seen_by(filled, "hanna"):
        found = asked(by="occurred_at", every="month", split="kind")
        assert found.series == ("Near miss", "First aid", "Lost time")
        assert [each.values for each in found.chart("bar", "Incidents").series] == [[2, 0, 0], [0, 0, 1], [0, 0, 1]]


def test_money_is_added_by_currency(office: Office) -> None:
    for amount, currency in (("10.50", "GBP"), ("4.50", "GBP"), ("300", "JPY")):
        line = {"description": "Bolts", "quantity": "1", "unit": "piece", "unit_price": amount}
        office.make("procurement.requisition", "bea", {"title": "Bolts", "department": office.departments["parks"], "currency": currency,
                                                       "site": office.site, "justification": "Needed", "lines": [line]})
    with seen_by(office, "olive"):
        total = asked("procurement.requisition", measure="sum:total")
        assert total.units == ("GBP", "JPY")
        assert (total.number("GBP"), total.number("JPY")) == (Decimal("15.00"), Decimal(300))
        assert asked("procurement.requisition", measure="average:total").number("GBP") == Decimal("7.50")
        assert asked("procurement.requisition", query=(("q", "nothing like it"),), measure="sum:total").number() == 0
        assert current.organisation.currency == "GBP"


def test_what_is_put_away_does_not_count(filled: Office) -> None:
    from app.kernel.door import perform

    with seen_by(filled, "olive"):
        first = session().query(Incident).order_by(Incident.reference).first()
        assert first is not None
        perform("hse.incident", "archive", [first.id], {})
        session().flush()
        assert asked().number() == 3
