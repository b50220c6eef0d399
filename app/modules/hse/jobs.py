"""What is done after the fact: people are told."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.core import notifications, workflow
from app.core.notifications import News
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.events import RecordEvent
from app.kernel.fields import fields_of
from app.modules.hse.events import CorrectiveActionAssigned
from app.modules.hse.models import CorrectiveAction, Incident
from app.resources.urls import url_of

REPORTED = "hse.incident_reported"


def tell_owner(fact: CorrectiveActionAssigned) -> None:
    """Tell whoever now owns a corrective action, each of them where it is a group, unless it has ended or gone meanwhile."""
    action = session().get(CorrectiveAction, (current.organisation.id, fact.action_id))
    if action is None or not action.is_open():
        return
    for member_id in workflow.Directory().meant(action.owner_id):
        notifications.notify(member_id, "hse.action_assigned", lambda: _said(action), url_of(action), record=action,
                             key=f"hse.action_assigned:{action.id}:{action.owner_id}")


def tell_of_reports(fact: RecordEvent) -> None:
    """Tell those who answer for safety of new reports: of one by its title, of many at once by their number; not whoever wrote them."""
    found = session().scalars(select(Incident).where(Incident.id.in_(fact.ids)).order_by(Incident.id)).all()
    readers = [each for each in workflow.Directory().roles["hse_manager"] if each != current.user.id]
    if not found or not readers:
        return
    first, count = found[0], len(found)
    news = (News(REPORTED, lambda: _("New incident: %(title)s", title=first.title), url_of(first), lambda: str(first.kind.label), first,
                 key=f"{REPORTED}:{first.id}") if count == 1 else
            News(REPORTED, lambda: ngettext("%(num)d new incident", "%(num)d new incidents", count),
                 f"/{current.organisation.slug}/hse/incidents/", key=f"{REPORTED}:{first.id}"))
    notifications.tell(readers, news)


def _said(action: CorrectiveAction) -> str:
    return _("%(title)s is yours to do by %(day)s", title=action.title, day=fields_of(CorrectiveAction)["due_on"].display(action))
