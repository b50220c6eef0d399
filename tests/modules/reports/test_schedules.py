"""A report on a schedule: written on Monday, mailed to those who may see it, each with what they may see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.core import scheduler
from app.core.mail import MailMessage
from app.core.notifications import Notification
from app.core.scheduler import Schedule, ScheduleRun
from app.kernel import clock, jobs
from app.modules.reports.models import Outcome, Report, ReportRun
from tests.modules.office import Office
from tests.modules.reports.test_reports import Visit, payments, report
from tests.modules.visitor import words

THURSDAY = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)  # London is on UTC in March
__all__ = ["payments"]


def let_pass(office: Office) -> None:
    """Let the time of the schedule come, and its job be done."""
    with clock.at(MONDAY + timedelta(seconds=30)):
        for made in office.all(Schedule):
            scheduler.serve(office.place, made.id)
        while jobs.turn(office.place.id):
            pass


@pytest.mark.requirement("OF-344", "OF-345")
def test_on_monday_the_report_exists_and_its_mail_carries_the_file(payments: Office, visit: Visit) -> None:
    made = payments.get(Report, report(payments, sharing="shared", resource="scheduler.schedule", columns="title"))
    with clock.at(THURSDAY):
        answer = visit("olive").post(f"/reports/reports/{made.reference}/schedule", {
            "title": "Every Monday", "repeats": "weekly", "weekday": "1", "at": "06:00", "written_as": "xlsx",
            "recipients": "\n".join(payments.staff.named[name].email for name in ("Olive Owner", "Mo Member"))})
        assert answer.status_code == 303, words(answer.text)
        assert [each.next_at for each in payments.all(Schedule)] == [MONDAY]
    assert payments.all(ReportRun) == []
    let_pass(payments)
    runs = payments.all(ReportRun)
    assert [(each.runner_id, each.status, each.rows) for each in runs] == [(payments.ids["olive"], Outcome.DONE, 1)]
    mails = payments.all(MailMessage, MailMessage.template == "report")
    assert [(each.member_id, each.enclosed) for each in mails] == [(payments.ids["olive"], [str(runs[0].file_id)])]
    assert runs[0].rows_hash in mails[0].text
    told = payments.all(Notification, Notification.kind == "report_left_out")
    assert [each.member_id for each in told] == [payments.ids["olive"]]
    assert "Mo Member" in told[0].text
    let_pass(payments)
    assert len(payments.all(ReportRun)) == 1
    assert len(payments.all(ScheduleRun)) == 1


def test_whoever_is_nobody_gets_no_report(payments: Office, visit: Visit) -> None:
    made = payments.get(Report, report(payments))
    answer = visit("olive").post(f"/reports/reports/{made.reference}/schedule", {
        "title": "Weekly", "repeats": "weekly", "weekday": "1", "at": "06:00", "written_as": "pdf",
        "recipients": "nobody@elsewhere.example"})
    assert answer.status_code == 422
    assert "nobody@elsewhere.example" in words(answer.text)
    assert payments.all(Schedule) == []
