"""The weekly review of operations: what lies too long, what is overdue, where requests are stuck; and reminders that it proposes.

Each score follows one rule that its sentence states: 0.5, and half of the share of what is affected, as far as 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import func, select

from app.core import approvals, notifications, workflow
from app.core.approvals import ApprovalRequest
from app.core.approvals import State as Asked
from app.core.runs import Context
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import Form, boolean, integer
from app.kernel.kinds import show_moment
from app.kernel.registry import registry
from app.kernel.run_types import RunEffect, RunStep, RunType
from app.kernel.sentences import labels, say_later
from app.modules.hse.models import CorrectiveAction, Incident, Progress, Status
from app.resources.urls import url_of

MOST = 200


class Inputs(Form):
    """What the review is asked about."""

    old_days = integer(_l("An incident is old after so many days"), default=30, minimum=1, maximum=365)
    remind = boolean(_l("Propose reminders"), default=True, help=_l("Nobody is reminded before a manager agrees."))


def score(affected: int, of: int) -> float:
    """The stated rule: 0.5 and half of the share that is affected."""
    return 0.5 + 0.5 * min(1.0, affected / of) if of else 0.5


def incidents(context: Context) -> Mapping[str, Any]:
    """Open incidents by age."""
    now = clock.now()
    rows = session().scalars(select(Incident.occurred_at).where(
        Incident.organisation_id == current.organisation.id, Incident.status == Status.OPEN, Incident.archived_at.is_(None))).all()
    limit = now - timedelta(days=int(context.inputs["old_days"]))
    old = sum(1 for at in rows if at < limit)
    if old:
        counted = context.source(say_later("Incidents that are open"), "open incidents", len(rows), "hse/incidents/?status=open")
        aged = context.source(say_later("Incidents open since before %(day)s", day=limit.date().isoformat()), "old incidents", old,
                              f"hse/incidents/?status=open&occurred_at__lte={limit.date().isoformat()}")
        context.recommend(say_later("Close out the incidents that lie too long"),
                          say_later("%(old)s of %(all)s open incidents are older than %(days)s days. "
                                    "The score is 0.5 and half of that share.", old=old, all=len(rows), days=context.inputs["old_days"]),
                          confidence=score(old, len(rows)), sources=(counted, aged))
    ages = _ages(rows, now)
    return {"open": len(rows), "old": old, "by_age": ages}


def _ages(moments: Sequence[datetime], now: datetime) -> dict[str, int]:
    days = [(now - at).days for at in moments]
    return {"up_to_7_days": sum(d <= 7 for d in days), "8_to_30_days": sum(7 < d <= 30 for d in days),
            "31_to_90_days": sum(30 < d <= 90 for d in days), "over_90_days": sum(d > 90 for d in days)}


def actions(context: Context) -> Mapping[str, Any]:
    """Corrective actions past their day, and the reminder to their owners."""
    today = clock.today(current.organisation.timezone)
    here = (CorrectiveAction.organisation_id == current.organisation.id, CorrectiveAction.state == Progress.OPEN,
            CorrectiveAction.archived_at.is_(None))
    count = session().scalar(select(func.count()).select_from(CorrectiveAction).where(*here)) or 0
    late = session().scalars(select(CorrectiveAction).where(*here, CorrectiveAction.due_on < today).order_by(
        CorrectiveAction.due_on, CorrectiveAction.id).limit(MOST)).all()
    if late:
        link = f"hse/corrective-actions/?state=open&due_on__lte={(today - timedelta(days=1)).isoformat()}"
        counted = context.source(say_later("Corrective actions past their day"), "overdue actions", len(late), link)
        oldest = context.source(say_later("The one that is overdue longest"), "due on", late[0].due_on.isoformat(), url_of(late[0]),
                                record=late[0].reference)
        context.recommend(say_later("Have the overdue corrective actions done"),
                          say_later("%(late)s of %(all)s open actions are past their day. The score is 0.5 and half of that share.",
                                    late=len(late), all=count),
                          confidence=score(len(late), count), sources=(counted, oldest))
        if context.inputs["remind"]:
            said = ngettext("Remind the owner of %(num)d overdue corrective action",
                            "Remind the owners of %(num)d overdue corrective actions", len(late))
            context.propose("remind_owners", said, {"actions": [each.id for each in late]}, sources=(counted, oldest),
                            details=", ".join(each.reference for each in late))
    return {"open": count, "overdue": [each.reference for each in late]}


def requests(context: Context) -> Mapping[str, Any]:
    """What waits for decisions, with its amounts, and where it is stuck; and the reminder to those with whom it lies."""
    found = [step for step in approvals.steps() if step.waiting]
    waiting, late = sum(step.waiting for step in found), sum(step.late for step in found)
    stuck = [step for step in found if step.late]
    for step in stuck:
        oldest = show_moment(step.oldest) if step.oldest else ""
        asked = labels(registry.approvals[step.approval].label) if step.approval in registry.approvals else step.approval
        cited = context.source(say_later("%(approval)s: too long at “%(step)s”, the oldest since %(since)s", approval=asked, step=step.name,
                                         since=oldest),
                               "late requests", step.late, "inbox/stuck")
        context.recommend(say_later("%(approval)s: free the step “%(step)s”", approval=asked, step=step.name),
                          say_later("%(late)s of %(all)s requests there are past their limit. The score is 0.5 and half of that share.",
                                    late=step.late, all=step.waiting),
                          confidence=score(step.late, step.waiting), sources=(cited,))
    holders = [holder for holder in approvals.holders() if holder.late]
    if holders and context.inputs["remind"]:
        said = ngettext("Remind %(num)d person with whom requests lie too long", "Remind %(num)d people with whom requests lie too long",
                        len(holders))
        context.propose("remind_deciders", said, {"members": [holder.member_id for holder in holders]})
    return {"waiting": waiting, "late": late, "amounts": _amounts(), "late_by_step": {step.name: step.late for step in stuck}}


def _amounts() -> list[dict[str, Any]]:
    """What waits to be paid or spent, by kind and currency, in minor units."""
    grouped = select(ApprovalRequest.resource, ApprovalRequest.currency, func.count(), func.sum(ApprovalRequest.amount))
    rows = session().execute(grouped.where(
        ApprovalRequest.state == Asked.OPEN, ApprovalRequest.amount.is_not(None)).group_by(
        ApprovalRequest.resource, ApprovalRequest.currency).order_by(ApprovalRequest.resource, ApprovalRequest.currency))
    return [{"resource": resource, "currency": currency, "requests": count, "minor_units": int(total)}
            for resource, currency, count, total in rows]


def remind_owners(payload: Mapping[str, Any]) -> None:
    """Tell the owners of actions that are still open that they are overdue; each of them once."""
    wanted = [UUID(each) for each in payload["actions"]]
    directory = workflow.Directory()
    for action in session().scalars(select(CorrectiveAction).where(CorrectiveAction.id.in_(wanted)).order_by(CorrectiveAction.id)):
        if not action.is_open():
            continue
        title = action.title
        for member_id in directory.meant(action.owner_id):
            notifications.notify(member_id, "hse.action_overdue", lambda title=title: _("%(title)s is overdue", title=title),
                                 url_of(action), record=action, key=f"hse.action_overdue:{action.id}:{clock.now().date()}")


def remind_deciders(payload: Mapping[str, Any]) -> None:
    """Tell those with whom requests lie too long."""
    for each in payload["members"]:
        notifications.notify(UUID(each), "hse.requests_late", lambda: _("Requests wait for you beyond their limit"),
                             f"/{current.organisation.slug}/inbox/", key=f"hse.requests_late:{each}:{clock.now().date()}")


weekly_review = RunType(
    "hse.weekly_review", _l("Weekly operations review"), icon="clipboard-check",
    help=_l("Counts open incidents by age, overdue corrective actions and what waits for decisions; recommends by a stated rule and "
            "proposes reminders."),
    inputs=Inputs,
    steps=(RunStep("incidents", _l("Open incidents"), incidents), RunStep("actions", _l("Overdue actions"), actions),
           RunStep("requests", _l("Requests that wait"), requests)),
    effects=(RunEffect("remind_owners", _l("Remind owners of overdue actions"), remind_owners, "ORANGE"),
             RunEffect("remind_deciders", _l("Remind people with whom requests lie"), remind_deciders, "ORANGE")),
    needs=("hse.incident.view", "hse.corrective_action.view", approvals.OVERSEE),
)
