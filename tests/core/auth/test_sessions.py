"""Sessions end when they must, and open no door but those of their identity."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app.core import auth, organisations
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.records import new_id
from tests.core.auth.conftest import Town
from tests.core.visitors import Visitor, enrol

PAGE = "/home/organisation/departments/"


def _change(town: Town, **values: object) -> None:
    with acting(town.home, SYSTEM), unit_of_work() as work:
        member = work.get_one(Member, (town.home.id, town.member.id))
        for name, value in values.items():
            setattr(member, name, value)


@pytest.mark.parametrize("address", ["/away/people/members/", "/nowhere/people/members/", "/api/v1/away/people/members/", "/away/",
                                     "/away/inbox/"])
def test_an_organisation_that_one_is_not_in_does_not_exist(ben: Visitor, address: str) -> None:
    assert ben.get(address).status_code == 404


def test_a_foreign_and_a_missing_organisation_answer_alike(ben: Visitor) -> None:
    foreign, missing = ben.get("/away/organisation/departments/"), ben.get("/gone/organisation/departments/")
    assert foreign.status_code == missing.status_code == 404
    assert len(foreign.data) == len(missing.data)


def test_a_deactivated_member_is_out_with_the_next_request(ben: Visitor, town: Town) -> None:
    assert ben.get(PAGE).status_code == 200
    _change(town, status="inactive")
    assert ben.get(PAGE).status_code == 404


def test_an_archived_member_is_out_with_the_next_request(ben: Visitor, town: Town) -> None:
    _change(town, archived_at=clock.now())
    assert ben.get(PAGE).status_code == 404


def test_a_disabled_identity_is_signed_out_everywhere(ben: Visitor, town: Town) -> None:
    with unit_of_work():
        auth.disable(town.member.identity_id)
    assert ben.get(PAGE).location.startswith("/sign-in")
    assert ben.get("/").location.startswith("/sign-in")
    assert ben.sign_in("ben@home.example").status_code == 422


def test_a_role_that_changes_counts_from_the_next_request(ben: Visitor, town: Town) -> None:
    assert ben.get("/home/access/roles/").status_code == 403
    with acting(town.home, SYSTEM), unit_of_work() as work:
        from app.core import access

        work.get_one(Member, (town.home.id, town.member.id)).role_id = access.role_named("admin").id
    assert ben.get("/home/access/roles/").status_code == 200


def test_a_session_ends_when_it_is_not_used_and_at_its_last_day(ben: Visitor) -> None:
    with clock.at(clock.now() + timedelta(hours=11)):
        assert ben.get(PAGE).status_code == 200
    with clock.at(clock.now() + timedelta(hours=22)):
        assert ben.get(PAGE).status_code == 200, "use puts the end off"
    with clock.at(clock.now() + timedelta(hours=35)):
        assert ben.get(PAGE).location.endswith("&ended=1")


def test_a_session_in_daily_use_still_ends_after_a_week(ben: Visitor) -> None:
    for half_day in range(1, 14):
        with clock.at(clock.now() + timedelta(hours=half_day * 11)):
            assert ben.get(PAGE).status_code == 200
    with clock.at(clock.now() + timedelta(days=7, minutes=1)):
        assert ben.get(PAGE).status_code == 303


def test_start_leads_to_the_organisation_that_was_last(app: Flask, town: Town) -> None:
    both = enrol(town.home, "eve@home.example")
    with acting(town.away, SYSTEM), unit_of_work():
        from app.core import people

        assert people.enrol("Eve", "eve@home.example").identity_id == both.identity_id
    eve = Visitor(app)
    eve.sign_in("eve@home.example")
    choice = eve.get("/")
    assert choice.status_code == 200
    assert "/home/" in choice.text
    assert "/away/" in choice.text
    assert eve.get("/away/settings/").status_code == 200
    assert eve.get("/").location == "/away/"
    assert eve.get("/home/settings/").status_code == 200
    assert eve.get("/").location == "/home/"


def test_the_only_organisation_is_opened_at_once(ben: Visitor) -> None:
    assert ben.get("/").location == "/home/"


def test_an_old_address_leads_to_the_new_one(ben: Visitor, town: Town) -> None:
    with acting(town.home, SYSTEM), unit_of_work():
        organisations.move("new-home")
    moved = ben.get("/home/organisation/departments/?q=x")
    assert (moved.status_code, moved.location) == (308, "/new-home/organisation/departments/?q=x")
    assert ben.get("/new-home/organisation/departments/").status_code == 200


def test_htmx_is_sent_to_the_sign_in_page_as_a_whole(visitor: Visitor) -> None:
    headers = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/home/inbox/?tab=mine"}
    answer = visitor.get("/home/organisation/departments/", headers=headers)
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/home/inbox/%3Ftab%3Dmine"
    assert answer.data == b""


def test_a_page_of_another_site_is_no_way_back(visitor: Visitor) -> None:
    answer = visitor.get(PAGE, headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"})
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/home/"


def test_every_answer_carries_the_id_of_its_request(ben: Visitor) -> None:
    assert ben.get(PAGE, headers={"X-Request-ID": "trace-12345678"}).headers["X-Request-ID"] == "trace-12345678"
    made = ben.get(PAGE, headers={"X-Request-ID": "<script>"}).headers["X-Request-ID"]
    assert made != "<script>"
    assert made != ben.get(PAGE).headers["X-Request-ID"]


def test_a_suspended_organisation_is_closed(ben: Visitor, town: Town) -> None:
    with acting(town.home, SYSTEM), unit_of_work() as work:
        work.get_one(organisations.Organisation, town.home.id).suspended_at = clock.now()
    assert ben.get(PAGE).status_code == 404
    assert organisations.load_organisation(town.home.id) is None
    assert organisations.load_organisation(new_id()) is None
