"""Access asked for, approved in the queue, and gone when its time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, audit
from app.core.access import MemberGrant, asking
from app.core.access.asking import grant, why_not_by
from app.core.approvals import decide
from app.core.approvals.models import ApprovalRequest, ApprovalSeat
from app.core.notifications import Notification
from app.kernel import clock, outbox
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Invalid
from app.kernel.kinds import show_moment, typed_moment
from app.kernel.registry import registry
from app.resources.features.detail import Detail
from tests.core.visitors import actor_of, enrol, found


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an owner, an admin and a member."""
    place = found("asking")
    for name, role in (("olga", "owner"), ("adam", "admin"), ("mia", "member")):
        enrol(place, f"{name}@asking.example", role, password="")
    return place


def _member(place: Organisation, name: str) -> Any:
    from app.core.people import Member

    with acting(place, SYSTEM), unit_of_work() as work:
        member = work.scalars(select(Member).where(Member.email == f"{name}@asking.example")).one()
        work.expunge(member)
    return actor_of(place, member)


def _ask(place: Organisation, **said: Any) -> Any:
    until = clock.now() + timedelta(days=1)
    with acting(place, _member(place, "mia"), channel="page"), unit_of_work():
        made = perform_one("access.request", "create", data={
            "permission": "hse.incident.import", "reason": "The old records", "until": until.isoformat(), **said}).record
        session().flush()
        session().refresh(made)
        session().expunge(made)
        return made


def test_a_request_lands_in_the_queue_of_an_administrator(place: Organisation) -> None:
    asked, mia = _ask(place), _member(place, "mia")
    with acting(place, SYSTEM), unit_of_work() as work:
        request = work.scalars(select(ApprovalRequest).where(ApprovalRequest.record_id == asked.id)).one()
        assert (request.approval, request.action) == ("access.request", "grant")
        assert asked.member_id == mia.id
        assert work.scalars(select(MemberGrant)).all() == [], "nothing is given before somebody agrees"


def test_what_is_granted_ends_by_itself(place: Organisation) -> None:
    asked = _ask(place)
    assert not access.can(_member(place, "mia"), "hse.incident.import")
    with acting(place, SYSTEM), unit_of_work() as work:
        grant(work.merge(asked))
    now = _member(place, "mia")
    assert access.can(now, "hse.incident.import")
    with acting(place, now), unit_of_work():
        assert "single permission" in access.can(now, "hse.incident.import").because
    with clock.at(clock.now() + timedelta(days=2)):
        assert not access.can(_member(place, "mia"), "hse.incident.import")


def test_nobody_approves_what_they_do_not_have(place: Organisation) -> None:
    asked = _ask(place, permission="settings.setting.manage")
    adam, mia = _member(place, "adam"), _member(place, "mia")
    with acting(place, adam), unit_of_work():
        assert why_not_by(asked, adam) == ""
        assert "more than you have" in why_not_by(asked, mia)


def test_whoever_may_give_it_is_asked_and_nobody_else(place: Organisation) -> None:
    enrol(place, "gina@asking.example", "member", password="")
    gina = _member(place, "gina")
    with acting(place, _member(place, "olga"), channel="page"), unit_of_work():
        for pattern in ("access.single_permission.create", "hse.incident.import"):
            perform_one("access.single_permission", "create", data={
                "member": str(gina.id), "pattern": pattern, "scope": "company", "reason": "She runs the archive"})
    assert _asked_of(place, _ask(place)) == {"olga", "adam", "gina"}
    assert _asked_of(place, _ask(place, permission="settings.setting.manage")) == {"olga", "adam"}, "she has less than that herself"


def _asked_of(place: Organisation, asked: Any) -> set[str]:
    from app.core.people import Member

    with acting(place, SYSTEM), unit_of_work() as work:
        emails = work.scalars(select(Member.email).join(ApprovalSeat, ApprovalSeat.member_id == Member.id).join(
            ApprovalRequest, ApprovalRequest.id == ApprovalSeat.request_id).where(ApprovalRequest.record_id == asked.id))
        return {each.partition("@")[0] for each in emails}


@pytest.mark.parametrize("wrong", [{"permission": "*.*.*"}, {"permission": "hse"}, {"until": "2020-01-01T08:00"},
                                   {"on_record": 'X" or own or reference = "X'},
                                   {"on_record": "INC-1", "permission": "settings.setting.manage"}])
def test_what_cannot_be_asked_for(place: Organisation, wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        _ask(place, **wrong)


def test_one_record_alone(place: Organisation) -> None:
    asked = _ask(place, permission="people.member.edit", on_record="MEM-2026-00001")
    with acting(place, SYSTEM), unit_of_work() as work:
        grant(work.merge(asked))
        single = work.scalars(select(MemberGrant)).one()
        assert single.condition == 'reference = "MEM-2026-00001"'
        assert single.rule


def _later(place: Organisation, pause: timedelta) -> None:
    """Deliver what is due by then."""
    with clock.at(clock.now() + pause), acting(None, None):
        outbox.drain(place.id)


def _granted(place: Organisation, asked: Any, by: str) -> None:
    with acting(place, SYSTEM), unit_of_work() as work:
        request_id = work.scalars(select(ApprovalRequest.id).where(ApprovalRequest.record_id == asked.id)).one()
        shown = work.get_one(ApprovalRequest, (place.id, request_id)).snapshot_hash
    with acting(place, _member(place, by), channel="page"), unit_of_work():
        decide(request_id, "approve", shown_hash=shown)
    _later(place, timedelta(hours=1))


def test_an_owner_is_asked_and_who_is_asked_stands_beside_the_button(place: Organisation) -> None:
    asked = _ask(place)
    with acting(place, _member(place, "mia"), channel="page"), unit_of_work() as work:
        resource = registry.resource("access.request")
        record = work.scalars(select(access.AccessRequest).where(access.AccessRequest.id == asked.id)).one()
        (offer,) = Detail(resource, record).offers
        assert not offer.allowed
        assert offer.reason.startswith("It waits for approval already. Asked: ")
        assert {name for name in ("adam", "olga") if name in offer.reason.casefold()} == {"adam", "olga"}


def test_what_an_owner_grants_names_them_and_is_told_in_words(place: Organisation) -> None:
    asked, mia, olga = _ask(place), _member(place, "mia"), _member(place, "olga").name
    _granted(place, asked, "olga")
    with clock.at(clock.now() + timedelta(hours=2)):
        assert access.can(_member(place, "mia"), "hse.incident.import")
    with acting(place, mia), unit_of_work() as work:
        record = work.scalars(select(access.AccessRequest).where(access.AccessRequest.id == asked.id)).one()
        granted = next(entry for entry in audit.history(record) if entry.action_name == "access.request.grant")
        assert granted.said == f"OpsFlux (approved by {olga}) granted {record.reference}"
        assert mia.name not in granted.said
        told = work.scalars(select(Notification).where(Notification.member_id == mia.id)).all()
        mine = next(each for each in told if each.title.startswith("You may do this now"))
        assert mine.title == "You may do this now: Incidents: Import (hse.incident.import)"
        assert mine.text == f"Until {show_moment(record.until)}."


def test_a_request_is_called_by_what_it_asks_for(place: Organisation) -> None:
    asked = _ask(place)
    with acting(place, SYSTEM), unit_of_work() as work:
        request = work.scalars(select(ApprovalRequest).where(ApprovalRequest.record_id == asked.id)).one()
        assert request.title == "Incidents: Import (hse.incident.import)"
    with acting(place, _member(place, "mia")), unit_of_work():
        assert asking.defaults()["until"] == typed_moment(clock.now() + timedelta(days=7))


def test_who_gets_a_role_is_told_what_it_is_for(place: Organisation) -> None:
    olga, mia = _member(place, "olga"), _member(place, "mia")
    with acting(place, olga, channel="page"), unit_of_work():
        perform_one("people.member", "edit", mia.id, {"role": str(access.role_named("approver").id)})
    _later(place, timedelta(seconds=1))
    with acting(place, SYSTEM), unit_of_work() as work:
        told = work.scalars(select(Notification).where(Notification.member_id == mia.id)).all()
        mine = next(each for each in told if "role" in each.title)
        assert mine.title == "You have the role “Approver” now"
        assert mine.text == "Works like a member and is asked to decide."
