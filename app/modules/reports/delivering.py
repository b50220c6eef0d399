"""Reports on a schedule: written for each recipient with what they may see, and mailed; who may not see a report gets nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, files, mail, notifications, people
from app.core.people import Member
from app.core.scheduler import Schedule
from app.kernel import jobs
from app.kernel.current import Actor, acting, current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Invalid, Refusal
from app.kernel.jobs import Job
from app.kernel.kinds import show_moment
from app.kernel.manifest import Task
from app.kernel.registry import registry
from app.modules.reports import running
from app.modules.reports.asking import answered
from app.modules.reports.models import Form, Report
from app.resources.urls import url_of

TASK = "report:"
MOST = 200


def tasks() -> Iterator[Task]:
    """Each report that the one who is acting may see, as work that can be scheduled."""
    if current.context.organisation is None:
        return
    resource = registry.resource("reports.report")
    query = select(Report).where(access.visible(resource, current.user), Report.archived_at.is_(None)).order_by(Report.id)
    for report in session().scalars(query):
        yield Task(f"{TASK}{report.id}", _("Report: %(title)s", title=report.title), begin=partial(_begin, report.id), check=_check,
                   needs=("reports.report.run",))


def inputs(written_as: str, recipients: list[UUID], values: str = "") -> str:
    """What a schedule of a report is given, as it is kept."""
    return json.dumps({"written_as": written_as, "recipients": sorted(map(str, recipients))} | ({"values": values} if values else {}))


def read_inputs(text: str | None) -> tuple[Form, list[UUID], str]:
    """What a schedule of a report is given. Raises `Invalid`."""
    try:
        said = json.loads(text or "")
        form, recipients = Form(said["written_as"]), [UUID(each) for each in said["recipients"]]
        values = str(said.get("values", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Invalid({"inputs": [_("Say what the report is written as, and who gets it: %(example)s",
                                    example='{"written_as": "pdf", "recipients": ["…"]}')]}) from None
    if not 0 < len(recipients) <= MOST:
        raise Invalid({"inputs": [_("A report goes to one person at least, and to %(most)d at most.", most=MOST)]})
    return form, recipients, values


def members_at(addresses: str) -> list[UUID]:
    """The members at these addresses, between which stand commas or line ends. Raises `Invalid`, naming those that are nobody's."""
    wanted = list(dict.fromkeys(each.casefold() for each in addresses.replace(",", " ").replace(";", " ").split()))
    query = select(Member.email, Member.id).where(Member.email.in_(wanted), Member.archived_at.is_(None))
    known = {row[0]: row[1] for row in session().execute(query)}
    unknown = [each for each in wanted if each not in known]
    if unknown or not wanted:
        said = _("No member has this address: %(addresses)s.", addresses=", ".join(unknown)) if unknown else _("This is needed.")
        raise Invalid({"recipients": [said]})
    return [known[each] for each in wanted]


def deliver(report_id: str, written_as: str, recipients: list[str], sender: str, values: str = "") -> dict[str, Any]:
    """The job: one recipient after the other; it goes on after the last one that was served."""
    job = jobs.current_job()
    served, left_out = job.cursor or (0, [])
    for number, each in enumerate(recipients):
        if number < served:
            continue
        actor = people.load_actor(current.organisation, UUID(each))
        with unit_of_work():
            reason = _serve(actor, UUID(report_id), Form(written_as), values) if actor else _("no longer here")
            if reason:
                left_out = [*left_out, f"{actor.name if actor else each}: {reason}"]
            job.advance(1, cursor=[number + 1, left_out], total=len(recipients))
    if left_out:
        with unit_of_work():
            _tell(UUID(sender), UUID(report_id), left_out)
    return {"recipients": len(recipients), "left_out": len(left_out)}


def _serve(actor: Actor, report_id: UUID, form: Form, values: str) -> str:
    """Write the report for somebody with what they may see, and mail it; otherwise the reason why not."""
    with acting(current.organisation, actor, channel="schedule"):
        report = _seen(report_id)
        if report is None:
            return _("may not see this report")
        try:
            with session().begin_nested():
                run = running.begin(answered(report, values), form, report=report, here=True)
        except Refusal as error:
            return str(error)
        file = [files.find(run.file_id)] if run.file_id else []
        mail.send(actor.id, "report", {"report": {"title": report.title, "description": report.description or "", "rows": run.rows,
                                                  "when": show_moment(run.asked_at or run.created_at), "filters": run.filters or "–",
                                                  "hash": run.rows_hash, "path": url_of(run)}},
                  thread=report.reference, enclosed=file)
    return ""


def _seen(report_id: UUID) -> Report | None:
    resource = registry.resource("reports.report")
    if not access.can(current.user, resource.permission("view")):
        return None
    return session().scalars(select(Report).where(Report.id == report_id, Report.archived_at.is_(None),
                                                  access.visible(resource, current.user))).first()


def _tell(sender: UUID, report_id: UUID, left_out: list[str]) -> None:
    report = session().get(Report, (current.organisation.id, report_id))
    if report is None or session().get(Member, (current.organisation.id, sender)) is None:
        return
    notifications.notify(sender, "report_left_out", lambda: _("“%(title)s” did not reach everybody", title=report.title), url_of(report),
                         record=report, text="\n".join(left_out))


def _check(schedule: Schedule) -> None:
    form, recipients, values = read_inputs(schedule.inputs)
    known = set(session().scalars(select(Member.id).where(Member.id.in_(recipients), Member.archived_at.is_(None))))
    if unknown := [str(each) for each in recipients if each not in known]:
        raise Invalid({"inputs": [_("“%(raw)s” is not known here.", raw=unknown[0])]})
    report = _seen(UUID(schedule.task.removeprefix(TASK)))
    if report is not None:
        answered(report, values)
    schedule.inputs = inputs(form.value, recipients, values)


def _begin(report_id: UUID, schedule: Schedule, key: str) -> Job:
    form, recipients, values = read_inputs(schedule.inputs)
    return jobs.enqueue(deliver, str(report_id), form.value, [str(each) for each in recipients], str(schedule.created_by), values,
                        title=schedule.title, key=key, total=len(recipients), quiet=True)


