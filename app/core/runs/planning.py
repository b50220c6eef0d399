"""The schedules of runs: their list with the next time of each, the form by which one is made or changed, pause, resume, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access
from app.core.calendar import Weekday
from app.core.runs import asking, launching, showing
from app.core.runs.launching import TASK
from app.core.runs.views import summary, tabs, typed
from app.core.scheduler import CatchUp, Repeats, Schedule
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.fields import fields_of
from app.kernel.registry import registry
from app.kernel.run_types import RunType
from app.kernel.screens import screen

screens = Blueprint("run_plans", __name__)
RESOURCE = "scheduler.schedule"
VIEW, CREATE, EDIT = (f"{RESOURCE}.{verb}" for verb in ("view", "create", "edit"))
TIMES = ("repeats", "at", "weekday", "day", "cron", "once_at", "timezone", "catch_up")
ACTS = {"pause": "pause", "resume": "resume", "delete": "archive", "now": "run_now"}
PREFIX = "input-"


@screens.get("/<org>/runs/schedules/")
def listing() -> Response:
    """The schedules of runs, the next ones first."""
    access.require(current.user, VIEW)
    kinds = [(kind.label, url_for("run_plans.plan_form", key=kind.key)) for kind in registry.runs.values() if showing.may(kind)]
    return screen("runs/schedules.html", schedules=showing.schedules(), kinds=kinds if access.can(current.user, CREATE) else [],
                  may_edit=access.can(current.user, EDIT).allowed, tabs=tabs("plans"))


@screens.get("/<org>/runs/schedules/new/<key>")
def plan_form(key: str) -> Response:
    """The form of a new schedule of a kind of run."""
    access.require(current.user, CREATE)
    kind = launching.kind_of(key)
    launching.require(kind)
    times = {"repeats": Repeats.WEEKLY.value, "at": "06:00", "weekday": Weekday.MONDAY.value, "catch_up": CatchUp.LATEST.value,
             "timezone": current.organisation.timezone}
    return _form(kind, {"title": str(kind.label), **times}, {}, {}, action=url_for("run_plans.plan", key=key))


@screens.post("/<org>/runs/schedules/new/<key>")
def plan(key: str) -> Response:
    """Make the schedule."""
    access.require(current.user, CREATE)
    kind = launching.kind_of(key)
    return _saved(kind, None, url_for("run_plans.plan", key=key))


@screens.get("/<org>/runs/schedules/<ref>/edit")
def edit_form(ref: str) -> Response:
    """The form of a schedule as it is."""
    schedule, kind = _schedule(ref)
    access.require(current.user, EDIT, schedule)
    fields = fields_of(Schedule)
    times = {name: asking.plain(fields[name].value(schedule)) for name in TIMES} | {"title": schedule.title}
    return _form(kind, times, _inputs(kind, schedule), {}, action=url_for("run_plans.edit", ref=ref), version=schedule.version)


@screens.post("/<org>/runs/schedules/<ref>/edit")
def edit(ref: str) -> Response:
    """Change the schedule."""
    schedule, kind = _schedule(ref)
    return _saved(kind, schedule, url_for("run_plans.edit", ref=ref))


@screens.post("/<org>/runs/schedules/<ref>/act")
def act(ref: str) -> Response:
    """Pause, resume, run now or delete: `do` says which."""
    schedule, _kind = _schedule(ref)
    done = ACTS.get(request.form.get("do", ""))
    if done is None:
        raise NotFound
    try:
        perform_one(RESOURCE, done, schedule.id, key=request.form.get("_key", ""), channel="page")
    except (Conflict, Invalid) as error:
        session().rollback()
        flash(_said(error), "warn")
    else:
        flash(_("%(reference)s: done.", reference=ref), "good")
    return redirect(url_for("run_plans.listing"), 303)


for _view, _needs in ((listing, VIEW), (plan_form, CREATE), (plan, CREATE), (edit_form, EDIT), (edit, EDIT), (act, VIEW)):
    _view.needs = _needs  # type: ignore[attr-defined]


def _schedule(ref: str) -> tuple[Schedule, RunType]:
    query = select(Schedule).where(Schedule.reference == ref, Schedule.task.startswith(TASK), Schedule.archived_at.is_(None),
                                   access.visible(registry.resource(RESOURCE), current.user))
    schedule = session().scalars(query).first()
    if schedule is None:
        raise NotFound
    return schedule, launching.kind_of(schedule.task.removeprefix(TASK))


def _inputs(kind: RunType, schedule: Schedule) -> dict[str, Any]:
    try:
        return asking.from_json(kind, schedule.inputs)
    except Invalid:
        return {}


def _saved(kind: RunType, schedule: Schedule | None, action: str) -> Response:
    """Make or change a schedule through the door; with errors, the form again and nothing lost."""
    form = request.form
    times, raw = {name: form.get(name, "") for name in ("title", *TIMES)}, typed(kind, form, PREFIX)
    version = form.get("version", "")
    try:
        inputs = asking.written(asking.checked(kind, raw))
        data = {**times, "inputs": inputs or ""}
        if schedule is None:
            made = perform_one(RESOURCE, "create", None, data | {"task": f"{TASK}{kind.key}"}, channel="page").record
        else:
            made = perform_one(RESOURCE, "edit", schedule.id, data | ({"version": version} if version else {}), channel="page").record
    except Invalid as error:
        session().rollback()
        return _form(kind, times, raw, error.errors, action=action, version=version, status=422)
    except Conflict as error:
        session().rollback()
        return _form(kind, times, raw, {"": [str(error)]}, action=action, version=version, status=409)
    flash(_("%(reference)s is saved.", reference=made.reference), "good")
    return redirect(url_for("run_plans.listing"), 303)


def _form(kind: RunType, times: Mapping[str, Any], raw: Mapping[str, Any], errors: Mapping[str, Sequence[Any]], *, action: str,
          version: Any = "", status: int = 200) -> Response:
    declared = fields_of(Schedule)
    when = [asking.asked(declared[name], times.get(name, ""), errors.get(name, ())) for name in ("title", *TIMES)]
    what = asking.fields(kind, raw, errors, PREFIX)
    return screen("runs/plan.html", block="form", status=status, kind=kind, when=when, what=what, action=action, version=version,
                  summary=summary([*when, *what], errors), list_url=url_for("run_plans.listing"))


def _said(error: Conflict | Invalid) -> str:
    return " ".join(str(sentence) for said in error.errors.values() for sentence in said) if isinstance(error, Invalid) else str(error)
