"""Switched off in the directory: out at once, on every door, and what waited for them waits for others."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.approvals import ApprovalDecision
from app.core.approvals.models import State
from app.core.audit.models import AuditEntry
from app.core.people import Member
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.manifest import Level
from app.kernel.registry import registry
from tests.core.approvals.house import House as Works
from tests.core.scim.conftest import Directory, House, token_of
from tests.core.visitors import Visitor, enrol

OFF = {"op": "replace", "path": "active", "value": False}
ON = {"op": "replace", "path": "active", "value": True}


def _api(directory: Directory, token: str) -> int:
    return int(directory.app.test_client().get("/api/v1/home/hse/incidents/", headers={"Authorization": f"Bearer {token}"}).status_code)


def test_sessions_and_tokens_are_dead_with_the_answer_and_stay_so(directory: Directory, house: House) -> None:
    browser, token = Visitor(directory.app), token_of(house.home, house.member, "read_only")
    browser.sign_in("ben@home.example")
    assert (browser.get("/home/settings/").status_code, _api(directory, token)) == (200, 200)
    assert directory.patch(f"/Users/{house.member.id}", OFF).status_code == 200
    assert browser.get("/home/settings/").status_code in (303, 404)  # before anything else has run
    assert _api(directory, token) == 404
    directory.settle()
    assert browser.get("/home/settings/").location.startswith("/sign-in")
    assert directory.patch(f"/Users/{house.member.id}", ON).json["active"] is True
    assert browser.get("/home/settings/").location.startswith("/sign-in")
    assert _api(directory, token) == 401
    assert browser.sign_in("ben@home.example").location == "/"
    assert browser.get("/home/settings/").status_code == 200


def test_whoever_is_elsewhere_too_stays_there(directory: Directory, house: House) -> None:
    enrol(house.away, "ben@home.example", password="")
    browser = Visitor(directory.app)
    browser.sign_in("ben@home.example")
    directory.ask("DELETE", f"/Users/{house.member.id}")
    directory.settle()
    assert browser.get("/home/settings/").status_code == 404
    assert browser.get("/away/settings/").status_code == 200


@pytest.fixture
def works(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Works:
    """An organisation in which payments are approved."""
    monkeypatch.setattr("app.core.auth.is_you", lambda _identity, typed: typed == "right")
    return Works()


def _directory(app: Flask, works: Works) -> Directory:
    with acting(works.organisation, SYSTEM), unit_of_work() as work:
        owner = work.get_one(Member, (works.organisation.id, works.ids["owner"]))
        work.expunge(owner)
    return Directory(app, works.organisation, token_of(works.organisation, owner))


def _story(works: Works, request_id: UUID) -> list[str]:
    with acting(works.organisation, SYSTEM), unit_of_work() as work:
        rows = work.scalars(select(ApprovalDecision).where(ApprovalDecision.request_id == request_id).order_by(ApprovalDecision.at))
        return [row.verb.value for row in rows]


@pytest.mark.parametrize("way", ["PATCH", "DELETE"])
def test_the_only_one_asked_leaves_and_the_next_one_up_is_asked(app: Flask, works: Works, way: str) -> None:
    request_id = works.waiting()
    assert works.waits_for(request_id) == ["manager"]
    directory = _directory(app, works)
    path = f"/Users/{works.ids['manager']}"
    answer = directory.patch(path, OFF) if way == "PATCH" else directory.ask("DELETE", path)
    assert answer.status_code in (200, 204), answer.text
    works.later(1)
    assert works.waits_for(request_id) == ["director"]
    assert _story(works, request_id) == ["request", "escalate"]
    with acting(works.organisation, SYSTEM), unit_of_work() as work:
        rows = work.scalars(select(AuditEntry).where(AuditEntry.record_id == request_id).order_by(AuditEntry.at)).all()
        assert rows[-1].action == "approvals.approval_request.escalate"
        assert rows[-1].context["instead_of"] == str(works.ids["manager"])
    works.decide(request_id, "director")
    assert works.waits_for(request_id) == []


def test_when_nobody_of_the_rule_is_left_the_fallback_decides(app: Flask, works: Works) -> None:
    request_id = works.waiting()
    directory = _directory(app, works)
    for name in ("director", "manager"):
        assert directory.patch(f"/Users/{works.ids[name]}", OFF).status_code == 200
        works.later(1)
    left = works.waits_for(request_id)
    assert left
    assert not {"director", "manager", "clerk"} & set(left)
    works.decide(request_id, left[0])


@pytest.mark.parametrize(("needs", "left"), [(1, {"felix", "freya"}), (2, {"felix", "freya"}), (0, {"felix", "freya"}),
                                           (3, {"felix", "freya", "owner"})])
def test_one_of_many_leaves_and_enough_others_are_asked(app: Flask, works: Works, monkeypatch: pytest.MonkeyPatch, needs: int,
                                                        left: set[str]) -> None:
    """Any one, two, all of those who are left, or three: then the fallback joins them."""
    present = registry.approvals["procurement.payment"]
    monkeypatch.setitem(registry.approvals, present.key, replace(present, levels=(Level("Finance", "role:finance_approver", needs=needs),)))
    request_id = works.waiting()
    assert set(works.waits_for(request_id)) == {"fiona", "felix", "freya"}
    assert _directory(app, works).patch(f"/Users/{works.ids['fiona']}", OFF).status_code == 200
    works.later(1)
    assert set(works.waits_for(request_id)) == left
    for name in sorted(left)[:needs or len(left)]:
        assert works.request(request_id).state == State.OPEN
        works.decide(request_id, name)
    assert works.request(request_id).state == State.HELD


def test_what_was_delegated_to_whoever_leaves_goes_back(app: Flask, works: Works) -> None:
    request_id = works.waiting()
    works.decide(request_id, "manager", "delegate", to=works.ids["fiona"], reason="Away")
    assert works.waits_for(request_id) == ["fiona"]
    directory = _directory(app, works)
    directory.patch(f"/Users/{works.ids['fiona']}", OFF)
    works.later(1)
    assert works.waits_for(request_id) == ["manager"]


def test_whoever_is_let_in_again_before_it_is_delivered_keeps_their_place(app: Flask, works: Works) -> None:
    request_id = works.waiting()
    directory = _directory(app, works)
    directory.patch(f"/Users/{works.ids['manager']}", OFF)
    directory.patch(f"/Users/{works.ids['manager']}", ON)
    works.later(1)
    assert works.waits_for(request_id) == ["manager"]


def test_the_same_when_somebody_is_suspended_on_the_pages(works: Works) -> None:
    request_id = works.waiting()
    works.do("owner", "people.member", "suspend", [works.ids["manager"]])
    works.later(1)
    assert works.waits_for(request_id) == ["director"]
