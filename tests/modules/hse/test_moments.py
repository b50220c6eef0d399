"""A form shows moments to the minute; saving it leaves what nobody touched as it was."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.kernel.door import perform_one
from app.kernel.kinds import typed_moment
from app.modules.hse.models import Incident
from tests.modules.office import Office

TOLD = {"title": "Slip", "kind": "observation", "narrative": "On the stairs.", "actual_severity": "1", "potential_severity": "2"}
SECOND_HOUR = datetime(2025, 10, 26, 1, 30, tzinfo=UTC)  # 01:30 in London for the second time that night


@pytest.mark.parametrize("moment", [datetime(2026, 3, 1, 9, 15, 42, tzinfo=UTC), SECOND_HOUR])
def test_an_edit_of_something_else_keeps_the_moment(office: Office, moment: datetime) -> None:
    made = office.make("hse.incident", "mo", {**TOLD, "site": office.site, "occurred_at": moment.isoformat()})
    with office.as_("hanna"):
        record = perform_one("hse.incident", "edit", made.record_id, {"title": "Slipped", "occurred_at": typed_moment(moment)}).record
        assert (record.title, record.occurred_at) == ("Slipped", moment)


def test_another_moment_is_taken(office: Office) -> None:
    made = office.make("hse.incident", "mo", {**TOLD, "site": office.site, "occurred_at": SECOND_HOUR.isoformat()})
    office.act("hse.incident", "edit", made.record_id, "hanna", {"occurred_at": "2025-10-26T03:00"})
    assert office.get(Incident, made.record_id).occurred_at == datetime(2025, 10, 26, 3, tzinfo=UTC)
