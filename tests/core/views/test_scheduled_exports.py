"""Exports that come by themselves: at their time, as their owner sees the list, to those who may see it; stopped when that ends."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.core import files, people, scheduler
from app.core.mail.models import MailMessage
from app.core.notifications import Notification
from app.core.scheduler import Schedule
from app.core.views.models import ScheduledExport, Standing
from app.kernel import clock, jobs
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Invalid
from app.kernel.jobs import Job
from tests.core.stand import Stand
from tests.core.views.test_saved_views import make

FRIDAY, MONDAY = datetime(2026, 3, 6, 12, tzinfo=UTC), datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation with three sites."""
    made = Stand("sent")
    with made.work():
        for name in ("Harbour", "Quay", "Yard"):
            made.site(name)
    return made


def plan(stand: Stand, to: str = "auditor", **said: Any) -> UUID:
    """A scheduled export of all sites but one, each Monday at 08:00."""
    view = make(stand, title="By the water", query="q=quay&columns=name")
    data = {"title": "Sites on Monday", "view": view, "form": "csv", "repeats": "weekly", "weekday": "1", "at": "08:00",
            "lines": [{"recipient": str(stand.actors[to].id)}], **said}
    with clock.at(FRIDAY), stand.work():
        found: UUID = perform_one("views.scheduled_export", "create", None, data).record.id
    return found


def let_pass(stand: Stand, moment: datetime) -> None:
    """The scheduler looks at its time, and a worker does what is asked."""
    with clock.at(moment):
        with stand.work() as work:
            due = list(work.scalars(select(Schedule.id).where(Schedule.task == "views.export")))
        for schedule_id in due:
            scheduler.serve(stand.organisation, schedule_id)
        with stand.work() as work:
            waiting = list(work.scalars(select(Job.id).where(Job.state == jobs.WAITING).order_by(Job.id)))
        for job_id in waiting:
            jobs.run(job_id, stand.organisation.id)
        with stand.work() as work:
            assert [job.error for job in work.scalars(select(Job)) if job.error] == []


def mails(stand: Stand) -> list[MailMessage]:
    """What was sent of exports."""
    with stand.work() as work:
        found = list(work.scalars(select(MailMessage).where(MailMessage.template == "export")))
        work.expunge_all()
    return found


def now(stand: Stand, export_id: UUID) -> ScheduledExport:
    """The export as it is."""
    with stand.work() as work:
        found = work.get_one(ScheduledExport, (stand.organisation.id, export_id))
        work.expunge(found)
    return found


def enclosed(stand: Stand, mail: MailMessage) -> bytes:
    """The file that goes along."""
    with acting(stand.organisation, SYSTEM), unit_of_work(), files.open_file(files.find(UUID(mail.enclosed[0]))) as source:
        return source.read()


@pytest.mark.requirement("OF-181")
def test_on_monday_at_eight_a_mail_with_the_file_arrives(stand: Stand) -> None:
    export_id = plan(stand)
    let_pass(stand, MONDAY.replace(hour=7, minute=59))
    assert mails(stand) == []
    let_pass(stand, MONDAY)
    sent, = mails(stand)
    assert (sent.to_address, sent.subject) == ("auditor@sent.example", "Sites on Monday")
    assert enclosed(stand, sent).decode("utf-8-sig").splitlines() == ["Name", "Quay"]
    assert now(stand, export_id).sent_at is not None
    let_pass(stand, MONDAY.replace(day=10))
    assert len(mails(stand)) == 1, "once a week"
    let_pass(stand, MONDAY.replace(day=16))
    assert len(mails(stand)) == 2, "the same rows again, and no trouble with that"


def test_a_zip_is_sent_where_one_is_wanted(stand: Stand) -> None:
    plan(stand, zipped="true")
    let_pass(stand, MONDAY)
    bundle = zipfile.ZipFile(BytesIO(enclosed(stand, mails(stand)[0])))
    assert [bundle.read(name).decode("utf-8-sig").split() for name in bundle.namelist()] == [["Name", "Quay"]]


def test_whoever_may_not_see_the_list_is_not_sent_it(stand: Stand) -> None:
    with pytest.raises(Invalid, match="Stranger"):
        with acting(stand.organisation, SYSTEM), unit_of_work():
            stranger = people.enrol("Stranger", "stranger@sent.example", "client").id
        plan(stand, lines=[{"recipient": str(stranger)}])


def test_it_stops_with_a_notice_when_its_owner_leaves_or_loses_the_right(stand: Stand) -> None:
    export_id = plan(stand)
    with acting(stand.organisation, SYSTEM), unit_of_work() as work:
        second = people.enrol("Second Owner", "second@sent.example", "owner").id
        work.execute(update(people.Member).where(people.Member.id == stand.actors["owner"].id).values(
            status=people.Status.INACTIVE, updated_at=people.Member.updated_at).execution_options(audited_otherwise=True))
    with clock.at(MONDAY), acting(stand.organisation, SYSTEM, channel="schedule"), unit_of_work():
        from app.core.views import planning
        from app.resources.features import sending

        job_id = jobs.enqueue(sending.send, str(export_id), key="again").id
    jobs.run(job_id, stand.organisation.id)
    with acting(stand.organisation, SYSTEM), unit_of_work() as work:
        export = work.get_one(ScheduledExport, (stand.organisation.id, export_id))
        assert export.status == Standing.STOPPED
        assert planning.is_active(export) is not True
        told = work.scalars(select(Notification.member_id).where(Notification.kind == "export")).all()
        assert second in told
        assert work.scalars(select(MailMessage).where(MailMessage.template == "export")).all() == []


def test_a_view_that_somebody_else_changed_is_not_sent_before_its_owner_looked(stand: Stand) -> None:
    export_id = plan(stand)
    with acting(stand.organisation, SYSTEM), unit_of_work():
        admin_id = people.enrol("Admin", "admin@sent.example", "admin").id
    with acting(stand.organisation, SYSTEM):
        admin = people.load_actor(stand.organisation, admin_id)
    with stand.work() as work:
        view_id = work.get_one(ScheduledExport, (stand.organisation.id, export_id)).view_id
        perform_one("views.saved_view", "edit", view_id, {"sharing": "everybody"})
    with clock.at(MONDAY.replace(hour=1)), acting(stand.organisation, admin, channel="page"), unit_of_work():
        perform_one("views.saved_view", "edit", view_id, {"query": ""})
    let_pass(stand, MONDAY)
    assert mails(stand) == []
    assert now(stand, export_id).status == Standing.STOPPED
    with clock.at(MONDAY.replace(hour=9)), stand.work():
        perform_one("views.scheduled_export", "resume", export_id)
    let_pass(stand, MONDAY.replace(day=16))
    assert enclosed(stand, mails(stand)[0]).decode("utf-8-sig").count("\r\n") == 4
