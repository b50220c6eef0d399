"""What the pages show of runs; templates ask nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import format_decimal, get_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access
from app.core.runs import asking, evidence
from app.core.runs.launching import TASK, require
from app.core.runs.models import ExecutiveRun
from app.core.scheduler import Schedule, Status
from app.kernel import currencies
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Forbidden
from app.kernel.kinds import show_moment
from app.kernel.registry import registry
from app.kernel.run_types import RunType

LATEST, SIMILAR = 8, 30
ORDERS = ("-score", "score")


def catalogue() -> list[dict[str, Any]]:
    """The kinds of run, each with what the reader may do with it and its last run."""
    last = _last()
    return [{"label": kind.label, "help": kind.help, "icon": kind.icon, "steps": [step.label for step in kind.steps],
             "launch_url": url_for("runs_pages.launch_form", key=kind.key) if may(kind) else "",
             "plan_url": url_for("run_plans.plan_form", key=kind.key) if may(kind) and access.can(
                 current.user, "scheduler.schedule.create") else "",
             "last": brief(last[kind.key]) if kind.key in last else None}
            for kind in sorted(registry.runs.values(), key=lambda each: str(each.label))]


def may(kind: RunType) -> bool:
    """Whether the reader may launch it."""
    try:
        require(kind)
    except Forbidden:
        return False
    return True


def latest() -> list[dict[str, Any]]:
    """The runs begun last."""
    query = _visible(select(ExecutiveRun)).order_by(ExecutiveRun.created_at.desc()).limit(LATEST)
    return [brief(run) for run in session().scalars(query)]


def similar(run: ExecutiveRun) -> list[tuple[str, str]]:
    """Other runs of the kind, to compare with: reference and words."""
    query = _visible(select(ExecutiveRun)).where(ExecutiveRun.kind == run.kind, ExecutiveRun.id != run.id)
    found = session().scalars(query.order_by(ExecutiveRun.created_at.desc()).limit(SIMILAR))
    return [(each.reference, f"{each.reference} · {show_moment(each.created_at)} · {each.state.label}") for each in found]


def brief(run: ExecutiveRun) -> dict[str, Any]:
    """A run in a list."""
    return {"reference": run.reference, "title": run.title, "url": url_of(run), "state": run.state.label, "tone": run.state.tone,
            "when": show_moment(run.started_at or run.created_at), "took": took(run.seconds), "cost": money(run.cost, run.currency),
            "error": run.error or ""}


def url_of(run: ExecutiveRun) -> str:
    """The page of a run."""
    return f"/{current.organisation.slug}/runs/runs/{run.reference}/"


def steps(run: ExecutiveRun) -> list[dict[str, Any]]:
    """Every step of a run, in its order: what came of those that ended, and that the others are to come."""
    kind = registry.runs.get(run.kind)
    labels = {step.name: step.label for step in kind.steps} if kind else {}
    found = [{"label": labels.get(step["name"], step["name"]), "state": _("Done"), "tone": "good", "outputs": pretty(step["outputs"]),
              "when": show_moment(datetime.fromisoformat(step["began"])), "took": took(step["seconds"]),
              "cost": money(Decimal(step["cost"]), run.currency), "error": ""} for step in run.steps]
    rest = list(kind.steps[len(found):]) if kind else []
    for number, step in enumerate(rest):
        here = number == 0
        state, tone = _of_next(run) if here else (_("To come"), "muted")
        found.append({"label": step.label, "state": state, "tone": tone, "outputs": "", "when": "", "took": "", "cost": "",
                      "error": run.error or "" if here else ""})
    return found


def _of_next(run: ExecutiveRun) -> tuple[Any, str]:
    """The first step that has not ended stands as its run does."""
    return run.state.label, run.state.tone


def advice(run: ExecutiveRun, order: str = "-score") -> list[dict[str, Any]]:
    """The recommendations with their scores and the sources that they cite; by score, the highest first unless `order` is `score`."""
    known = {source["id"]: source for source in sources(run)}
    rows = sorted(run.recommendations, key=lambda each: each["confidence"], reverse=order != "score")
    return [{"title": evidence.said(each["title"]), "why": evidence.said(each["why"]), "score": each["confidence"],
             "percent": round(each["confidence"] * 100), "sources": [known[name] for name in each["sources"] if name in known]}
            for each in rows]


def sources(run: ExecutiveRun) -> list[dict[str, Any]]:
    """What a run's recommendations rest on: each with the address that opens it."""
    found = (run.evidence_bundle or {}).get("sources", [])
    return [{"id": each["id"], "label": evidence.said(each["label"]), "metric": each["metric"], "value": _figure(each["value"]),
             "record": each.get("record") or "", "when": show_moment(datetime.fromisoformat(each["at"])), "hash": each["hash"],
             "url": f"/{current.organisation.slug}/{each['link']}"} for each in found]


def given(run: ExecutiveRun) -> list[tuple[Any, str]]:
    """What a run was given, in words."""
    return asking.shown(registry.runs.get(run.kind), run.inputs)


def pretty(outputs: Any) -> str:
    """JSON to read; empty for nothing."""
    return json.dumps(outputs, ensure_ascii=False, indent=2, sort_keys=True) if outputs else ""


def took(seconds: Any) -> str:
    """How long something took."""
    return "" if seconds is None else _("%(seconds)s s", seconds=format_decimal(round(Decimal(str(seconds)), 1)))


def money(amount: Decimal | None, code: str) -> str:
    """What something cost; empty for nothing."""
    return currencies.shown(amount, code, get_locale()) if amount else ""


def schedules() -> list[dict[str, Any]]:
    """The schedules of runs, the next ones first."""
    seen = access.visible(registry.resource("scheduler.schedule"), current.user)
    query = select(Schedule).where(Schedule.task.startswith(TASK), Schedule.archived_at.is_(None), seen).order_by(
        Schedule.next_at.nulls_last(), Schedule.id)
    return [_plan(each) for each in session().scalars(query)]


def _plan(schedule: Schedule) -> dict[str, Any]:
    return {"reference": schedule.reference, "title": schedule.title, "kind": kind_in_words(schedule.task.removeprefix(TASK)),
            "repeats": schedule.repeats.label, "cron": schedule.cron or "", "zone": schedule.timezone,
            "state": schedule.status.label, "tone": schedule.status.tone,
            "paused": schedule.status == Status.PAUSED, "active": schedule.status == Status.ACTIVE,
            "next": show_moment(schedule.next_at) if schedule.next_at else "",
            "last": show_moment(schedule.last_at) if schedule.last_at else "",
            "url": f"/{current.organisation.slug}/scheduler/schedules/{schedule.reference}/",
            "edit_url": url_for("run_plans.edit_form", ref=schedule.reference),
            "act_url": url_for("run_plans.act", ref=schedule.reference)}


def compared(first: ExecutiveRun, second: ExecutiveRun) -> dict[str, Any]:
    """Two runs side by side: how they went, what each was given, found and recommends."""
    facts = [(_("State"), first.state.label, second.state.label), (_("Started"), _when(first), _when(second)),
             (_("Took"), took(first.seconds), took(second.seconds)),
             (_("Cost"), money(first.cost, first.currency), money(second.cost, second.currency))]
    return {"facts": facts, "inputs": _beside(_given(first), _given(second)),
            "outputs": _beside(dict(_flat(first.outputs)), dict(_flat(second.outputs))),
            "advice": _beside(_scores(first), _scores(second))}


def _when(run: ExecutiveRun) -> str:
    return show_moment(run.started_at) if run.started_at else ""


def _given(run: ExecutiveRun) -> dict[str, str]:
    return {str(label): value for label, value in given(run)}


def _scores(run: ExecutiveRun) -> dict[str, str]:
    return {each["title"]: f"{each['percent']} %" for each in advice(run)}


def _beside(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Name, the one value, the other, and whether they differ; what differs comes first."""
    names = list(dict.fromkeys((*first, *second)))
    rows = [(name, _figure(first.get(name)), _figure(second.get(name)), first.get(name) != second.get(name)) for name in names]
    return sorted(rows, key=lambda row: not row[3])


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a JSON value by their path."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for number, inner in enumerate(value, start=1):
            yield from _flat(inner, f"{path}[{number}]")
    elif path:
        yield path, value


def _figure(value: Any) -> str:
    if value is None or value in ([], {}):
        return ""
    return format_decimal(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def kind_in_words(key: str) -> str:
    """The name of a kind of run."""
    kind = registry.runs.get(key)
    return str(kind.label) if kind else key


def _last() -> dict[str, ExecutiveRun]:
    query = _visible(select(ExecutiveRun)).distinct(ExecutiveRun.kind).order_by(ExecutiveRun.kind, ExecutiveRun.created_at.desc())
    return {run.kind: run for run in session().scalars(query)}


def _visible(query: Any) -> Any:
    return query.where(ExecutiveRun.archived_at.is_(None), access.visible(registry.resource("runs.run"), current.user))
