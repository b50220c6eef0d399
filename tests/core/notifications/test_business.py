"""Business notices: a new report, an approval that is wanted, and a deadline that comes near reach those whom they concern."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import people
from app.core.notifications import Category, Notification, deadlines
from app.kernel import clock, door, outbox
from app.modules.hse.models import Incident
from tests.core.notifications.test_rules import report
from tests.core.stand import Stand


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    return Stand()


@pytest.fixture
def adviser(stand: Stand) -> UUID:
    """Somebody who answers for safety."""
    with stand.work():
        return people.enrol("Aurelie Besson", "aurelie@stand.example", "hse_manager").id


def told(stand: Stand, who: UUID) -> list[tuple[str, str, Category]]:
    with stand.work() as work:
        return list(work.execute(select(Notification.kind, Notification.title, Notification.category).where(
            Notification.member_id == who).order_by(Notification.id)).tuples())


@pytest.mark.requirement("OF-083")
def test_whoever_approves_gets_both_notices_of_an_incident_that_needs_it(stand: Stand, adviser: UUID) -> None:
    made = report(stand)
    with stand.work() as work:
        incident = work.get_one(Incident, (stand.organisation.id, made))
        reference = incident.reference
        door.perform_one("hse.incident", "close", reference, {"outcome": "Mended."})
    outbox.drain(stand.organisation.id)
    first, second = told(stand, adviser)
    assert first == ("hse.incident_reported", "New incident: Fell from ladder 7", Category.BUSINESS)
    assert (second[0], second[2]) == ("approval", Category.BUSINESS)
    assert reference in second[1] or "Fell from ladder 7" in second[1]
    assert told(stand, stand.actors["member"].id) == [], "nobody else is told"


def test_whoever_reports_is_not_told_and_many_at_once_are_one_notice(stand: Stand, adviser: UUID) -> None:
    with stand.work():
        site_id = str(stand.site("Rotterdam").id)
    said = {"kind": "near_miss", "site": site_id, "occurred_at": "2026-01-05T08:00", "actual_severity": "1", "potential_severity": "1",
            "narrative": "x"}
    with stand.work():
        door.perform("hse.incident", "create", [None] * 3, [{**said, "title": f"Number {number}"} for number in range(3)])
    outbox.drain(stand.organisation.id)
    assert [title for _kind, title, _category in told(stand, adviser)] == ["3 new incidents"]
    assert told(stand, stand.actors["owner"].id) == []


@pytest.mark.requirement("OF-083")
def test_a_deadline_that_comes_near_is_told_once_to_whoever_owes_it(stand: Stand) -> None:
    made, owner, today = report(stand), stand.actors["member"].id, clock.today("UTC")
    with stand.work():
        for title, days in (("Mend the ladder", 1), ("Paint it", 5)):
            door.perform_one("hse.corrective_action", "create", None, {
                "title": title, "incident": str(made), "owner": str(owner), "due_on": (today + timedelta(days=days)).isoformat()})
    for expected in (1, 0):
        with stand.work():
            assert deadlines.warn() == expected
    assert [title.rpartition(": ")[2] for kind, title, _category in told(stand, owner) if kind == "deadline"] == ["Mend the ladder"]
    with clock.at(clock.now() + timedelta(days=4)), stand.work():
        assert deadlines.warn() == 1
