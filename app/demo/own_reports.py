"""The reports that each organisation of the demo shares: one of health and safety, one of its owner."""

from __future__ import annotations

from datetime import timedelta

from app.demo.flow import acting_at
from app.demo.staff import Staff
from app.kernel import clock
from app.kernel.door import perform_one
from app.modules.reports.demo import LARGE_PAYMENTS, OPEN_BY_SITE


def share(staff: Staff) -> None:
    """Make them, for everybody who may see such records."""
    for role, said in (("hse_manager", OPEN_BY_SITE), ("owner", LARGE_PAYMENTS)):
        with acting_at(staff.with_role(role)[0], clock.now() - timedelta(days=2)):
            perform_one("reports.report", "create", data=said)
