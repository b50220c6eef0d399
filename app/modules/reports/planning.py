"""The page on which a report is put on a schedule: when, as what, and to whom it is mailed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access, scheduler
from app.core.calendar import Weekday
from app.core.scheduler import CatchUp, Repeats, Schedule
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Invalid
from app.kernel.kinds import show_moment
from app.kernel.registry import registry
from app.kernel.screens import screen
from app.modules.reports import delivering, policy
from app.modules.reports.asking import Asking, said_to
from app.modules.reports.layout import of_record
from app.modules.reports.models import Form, Report
from app.modules.reports.views import found
from app.resources.urls import url_of

screens = Blueprint("report_plans", __name__)
scheduler.offer(delivering.tasks)
RESOURCE, CREATE = "scheduler.schedule", "scheduler.schedule.create"
PREFIX = "p-"  # before the names of parameters, which may be called as the schedule's own fields are
TIMES = ("repeats", "at", "weekday", "day")


@screens.get("/<org>/reports/reports/<ref>/schedule")
def plan_form(ref: str) -> Response:
    """The form, and the schedules that there are."""
    access.require(current.user, CREATE)
    report = found(ref)
    policy.require(of_record(report).resource)
    begun = {"title": report.title, "written_as": Form.PDF.value, "recipients": current.user.email, "repeats": Repeats.WEEKLY.value,
             "at": "06:00", "weekday": Weekday.MONDAY.value, "day": ""}
    return _form(report, begun, {})


@screens.post("/<org>/reports/reports/<ref>/schedule")
def plan(ref: str) -> Response:
    """Make the schedule."""
    access.require(current.user, CREATE)
    report = found(ref)
    layout = of_record(report)
    policy.require(layout.resource)
    values = said_to(layout, request.form, PREFIX)
    typed = {name: request.form.get(name, "") for name in ("title", "written_as", "recipients", *TIMES)}
    try:
        recipients = delivering.members_at(typed["recipients"])
        data = {name: typed[name] for name in ("title", *TIMES)} | {
            "task": f"{delivering.TASK}{report.id}", "inputs": delivering.inputs(typed["written_as"], recipients, values),
            "catch_up": CatchUp.LATEST.value, "timezone": current.organisation.timezone}
        made = perform_one(RESOURCE, "create", None, data, channel="page").record
    except Invalid as error:
        session().rollback()
        return _form(report, typed, error.errors, status=422, values=values)
    except Conflict as error:
        session().rollback()
        return _form(report, typed, {"": [str(error)]}, status=409, values=values)
    flash(_("%(reference)s is saved.", reference=made.reference), "good")
    return redirect(url_for("report_plans.plan_form", ref=ref), 303)


for _view in (plan_form, plan):
    _view.needs = CREATE  # type: ignore[attr-defined]


def _form(report: Report, typed: Mapping[str, str], errors: Mapping[str, Sequence[Any]], *, status: int = 200,
          values: str = "") -> Response:
    labels = {"title": _("Title"), "recipients": _("Mailed to"), "at": _("Time of day"), "day": _("Day of the month"),
              "repeats": _("How often"), "weekday": _("Day of the week")}
    asking = Asking(of_record(report), values, errors, PREFIX)
    asked = {parameter.field.name: parameter.label for parameter, _control, _errors in asking.asked}
    at = {name: f"field-{name}" for name in labels} | {name: f"asked-{name}" for name in asked}
    summary = [(at.get(name, ""), (labels | asked).get(name, ""), said[0]) for name, said in errors.items() if said]
    return screen("reports/plan.html", block="form", status=status, report=report, typed=typed, errors=errors, summary=summary,
                  asking=asking,
                  forms=[(each.value, each.label) for each in Form], weekdays=[(each.value, each.label) for each in Weekday],
                  repeats=[(each.value, each.label) for each in (Repeats.DAILY, Repeats.WEEKLY, Repeats.MONTHLY)],
                  schedules=_schedules(report), report_url=url_of(report), action=url_for("report_plans.plan", ref=report.reference),
                  catalogue_url=url_for("report_pages.catalogue"))


def _schedules(report: Report) -> list[dict[str, Any]]:
    resource = registry.resource(RESOURCE)
    query = select(Schedule).where(Schedule.task == f"{delivering.TASK}{report.id}", Schedule.archived_at.is_(None),
                                   access.visible(resource, current.user)).order_by(Schedule.id)
    return [{"title": each.title, "reference": each.reference, "url": url_of(each), "status": each.status,
             "next": show_moment(each.next_at) if each.next_at else ""} for each in session().scalars(query)]
