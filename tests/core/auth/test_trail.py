"""What becomes of an account stands in the trail of each organisation of its owner, without a word about the others."""

from __future__ import annotations

import re
from html import unescape

import pytest

from app.core import alerts, audit
from app.core.alerts.models import Alert, Kind
from app.core.audit.models import AuditEntry, AuditPerson
from app.core.people import Member
from app.core.people.models import Status
from app.kernel.current import PLATFORM_ID, SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from tests.core.auth.conftest import Town
from tests.core.visitors import PASSWORD, Visitor, enrol

BEN, NEW = "ben@home.example", "quiet lanterns drift past harbour"


@pytest.fixture
def both(town: Town) -> Member:
    """Ben as the other organisation knows him."""
    return enrol(town.away, BEN, name="B. Away", password="")


def _lines(place: Organisation) -> list[AuditEntry]:
    with acting(place, SYSTEM), unit_of_work() as work:
        found = work.query(AuditEntry).filter_by(resource=audit.ACCOUNT).order_by(AuditEntry.at, AuditEntry.id).all()
        work.expunge_all()
    return found


def _said(place: Organisation) -> list[tuple[str, str]]:
    return [(entry.action, entry.result) for entry in _lines(place)]


def _four_deeds(visitor: Visitor) -> None:
    visitor.sign_in(BEN, "wrong")
    visitor.sign_in(BEN)
    visitor.send("/home/settings/password", current=PASSWORD, password=NEW, again=NEW)
    visitor.send("/sign-out", form="/home/settings/")


@pytest.mark.requirement("OF-217")
def test_the_four_deeds_leave_four_lines_in_each_organisation_of_the_person(visitor: Visitor, town: Town, both: Member) -> None:
    _four_deeds(visitor)
    four = [("auth.sign_in", "refused"), ("auth.sign_in", "ok"), ("auth.password.changed", "ok"), ("auth.sign_out", "ok")]
    assert _said(town.home) == _said(town.away) == _said(Organisation(PLATFORM_ID, "", "")) == four


@pytest.mark.requirement("OF-217")
def test_an_auditor_narrows_the_list_to_the_sign_ins_of_one_person(visitor: Visitor, town: Town) -> None:
    enrol(town.home, "eve@home.example", "auditor")
    _four_deeds(visitor)
    auditor = Visitor(visitor.app)
    auditor.sign_in("eve@home.example")
    page = auditor.get("/home/audit/?resource=auth.account&actor=ben@home.example").text
    assert page.count("auth.sign_in") == 2
    assert page.count("auth.password.changed") == page.count("auth.sign_out") == 1
    assert "the sign-in was refused" in page
    assert '<option value="auth.account" selected>' in page


def test_an_organisation_learns_nothing_of_another(visitor: Visitor, town: Town, both: Member) -> None:
    _four_deeds(visitor)
    for place, other, member in ((town.home, both, town.member), (town.away, town.member, both)):
        entries = _lines(place)
        assert {entry.actor_id for entry in entries} == {member.id}
        told = repr([(entry.context, entry.record_id, entry.record_reference, entry.on_behalf_of) for entry in entries])
        assert str(member.identity_id) not in told, "what is the same everywhere ties two organisations together"
        assert "account" not in told
        assert str(other.id) not in told
        with acting(place, SYSTEM), unit_of_work() as work:
            people = {row.id: row.name for row in work.query(AuditPerson)}
        assert other.id not in people
        assert people[member.id] == member.name


def test_who_is_no_member_any_more_is_no_business_of_the_organisation(visitor: Visitor, town: Town, both: Member) -> None:
    with acting(town.away, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (town.away.id, both.id)).status = Status.SUSPENDED
    visitor.sign_in(BEN)
    assert _said(town.away) == []
    assert _said(town.home) == [("auth.sign_in", "ok")]


def test_a_lock_and_its_reason_stand_there_too(visitor: Visitor, town: Town) -> None:
    for _ in range(6):
        visitor.sign_in(BEN, "wrong", source="203.0.113.7")
    entries = _lines(town.home)
    assert [entry.context["reason"] for entry in entries] == ["password"] * 5 + ["locked"]
    assert {entry.ip for entry in entries} == {entry.context["source"] for entry in entries} == {"203.0.113.7"}


def test_an_address_that_nobody_has_stands_on_the_platform_alone(visitor: Visitor, town: Town) -> None:
    visitor.sign_in("nobody@home.example", "wrong")
    assert _said(town.home) == _said(town.away) == []
    assert _said(Organisation(PLATFORM_ID, "", "")) == [("auth.sign_in", "refused")]


@pytest.mark.requirement("PK-050")
def test_the_alert_of_refused_sign_ins_leads_to_them(visitor: Visitor, town: Town) -> None:
    for number in range(5):
        visitor.sign_in(BEN, f"wrong {number}", source="203.0.113.9")
        visitor.sign_in(f"nobody{number}@else.example", "wrong", source="203.0.113.9")
    with acting(town.home, SYSTEM, channel="schedule"), unit_of_work():
        assert alerts.watch() == 1
    with acting(town.home, SYSTEM), unit_of_work() as work:
        reference = work.query(Alert).filter_by(kind=Kind.SIGN_INS).one().reference
    owner = Visitor(visitor.app)
    owner.sign_in("ada@home.example")
    found = re.search(r'href="(/home/audit/[^"]+)"', owner.get(f"/home/alerts/alerts/{reference}/").text)
    assert found, "the alert leads to its entries"
    page = owner.get(unescape(found.group(1))).text
    assert page.count("the sign-in was refused") == page.count("The password was wrong.") == 5
    with acting(town.away, SYSTEM, channel="schedule"), unit_of_work():
        assert alerts.watch() == 0, "none of theirs was among them"
