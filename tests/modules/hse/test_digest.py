"""Overdue corrective actions are in their owner's digest, without the digest knowing of health and safety."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.core.notifications import digest
from app.kernel import clock
from app.kernel.errors import DeclarationError
from app.kernel.manifest import Duty
from tests.modules.hse.test_incidents import said, step
from tests.modules.office import Office

LATER = timedelta(days=10)


def digest_of(office: Office, name: str) -> dict[str, Any] | None:
    """What a member's digest would say, by heading."""
    with office.as_(name):
        found = digest.contents(office.ids[name])
    return None if found is None else {part.heading: part for part in found["sections"]}


def test_what_is_overdue_is_in_its_owners_digest_only(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    made = step(office, incident)
    with clock.at(clock.now() + LATER):
        mine, theirs = digest_of(office, "max"), digest_of(office, "mo")
    assert mine is not None
    row = mine["Overdue work"].section.rows[0]
    assert (row["title"], row["reference"], row["subtitle"]) == ("Mats at the gate", made.reference, "Corrective action")
    assert row["due"] == "3d late"
    assert row["path"].endswith(f"/hse/corrective-actions/{made.reference}/")
    assert theirs is None or "Overdue work" not in theirs


def test_what_is_done_or_not_due_yet_is_not(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    made = step(office, incident)
    assert "Overdue work" not in (digest_of(office, "max") or {})
    office.act("hse.corrective_action", "complete", made.id, "max", {"result": "Laid."})
    with clock.at(clock.now() + LATER):
        assert "Overdue work" not in (digest_of(office, "max") or {})


def test_the_longest_overdue_come_first_and_all_are_counted(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    for days in range(1, 8):
        step(office, incident, title=f"Step {days}", due_on=(clock.today() + timedelta(days=days)).isoformat())
    with clock.at(clock.now() + LATER):
        found = digest_of(office, "max")
    assert found is not None
    part = found["Overdue work"]
    assert (part.count, [row["title"] for row in part.section.rows]) == (7, [f"Step {n}" for n in range(1, 6)])


def test_a_duty_that_names_no_field_stops_the_start() -> None:
    from dataclasses import replace

    from app.kernel.registry import Registry
    from app.modules.hse.manifest import corrective_actions, module

    wrong = replace(corrective_actions, duty=Duty("ownr", "due_on"))
    with pytest.raises(DeclarationError, match="owner"):
        Registry().add(replace(module, resources=(wrong,)))
