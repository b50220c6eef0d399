"""Nothing waits for nobody: the look of each night finds what is planted, tells administrators once, and says when it is over."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import select, update

from app.core.approvals import ApprovalRequest, orphans
from app.core.approvals.manifest import module
from app.core.audit.models import AuditEntry
from app.core.notifications import Notification
from app.core.people import Member
from app.core.people.models import Status
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House


def plant(house: House, name: str, *, active: bool) -> None:
    """Somebody is gone, or back, without anything that would ask others in their place."""
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        status = Status.ACTIVE if active else Status.INACTIVE
        work.execute(update(Member).where(Member.id == house.ids[name]).values(status=status).execution_options(audited_otherwise=True))


def night(house: House, days: int = 0) -> int:
    """The look of one night."""
    with clock.at(clock.now() + timedelta(days=days)), acting(house.organisation, SYSTEM):
        return orphans.prove()


def said(house: House) -> list[str]:
    """What the trail says of requests that nobody can decide."""
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        return list(work.scalars(select(AuditEntry.action).where(AuditEntry.action.like("approvals.approval_request.%body")).order_by(
            AuditEntry.at)))


def told(house: House, name: str) -> list[str]:
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        return list(work.scalars(select(Notification.title).where(
            Notification.member_id == house.ids[name], Notification.path.like("%#nobody"))))


def since(house: House, request_id: UUID) -> bool:
    return house.request(request_id).nobody_since is not None


def test_it_runs_each_night() -> None:
    assert [schedule.daily for schedule in module.schedule if schedule.job is orphans.prove] == ["02:40"]


def test_where_everybody_can_decide_nothing_is_found(house: House) -> None:
    house.waiting()
    house.red(house.waiting("60000"), "manager")
    assert night(house) == 0
    assert said(house) == []


def test_a_step_that_waits_for_nobody_is_found_told_and_mended(house: House, app: Flask) -> None:
    lost, fine = house.waiting(), house.waiting(department="parks")
    plant(house, "manager", active=False)
    assert night(house) == 1
    assert night(house, 1) == 1
    assert (since(house, lost), since(house, fine)) == (True, False)
    assert said(house) == ["approvals.approval_request.nobody"]
    assert told(house, "owner") == ["1 request waits for nobody"]
    assert told(house, "clerk") == []
    page = Browser(app, house, "owner").get("/inbox/stuck").text
    assert "Waits for nobody" in page
    assert house.request(lost).record_reference in page.partition('id="nobody"')[2].partition("</section>")[0]
    plant(house, "manager", active=True)
    assert night(house, 2) == 0
    assert not since(house, lost)
    assert said(house)[-1] == "approvals.approval_request.somebody"
    assert "Waits for nobody" not in Browser(app, house, "owner").get("/inbox/stuck").text


def test_too_few_are_as_bad_as_nobody(house: House) -> None:
    request_id = house.waiting("60000")
    house.red(request_id, "manager")
    with house.as_("owner") as work:
        request = work.get_one(ApprovalRequest, (house.organisation.id, request_id))
        request.steps = [{**leg, "needs": 3} if leg["state"] == "open" else leg for leg in request.steps]
    assert night(house) == 0, "three finance approvers are asked"
    plant(house, "felix", active=False)
    assert night(house) == 1
