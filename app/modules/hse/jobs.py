"""What is done after the fact: people are told."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core import notifications
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.modules.hse.events import CorrectiveActionAssigned
from app.modules.hse.models import CorrectiveAction
from app.resources.urls import url_of


def tell_owner(fact: CorrectiveActionAssigned) -> None:
    """Tell whoever now owns a corrective action, unless it has ended or gone meanwhile."""
    action = session().get(CorrectiveAction, (current.organisation.id, fact.action_id))
    if action is None or not action.is_open():
        return
    notifications.notify(action.owner_id, "hse.action_assigned", lambda: _said(action), url_of(action), record=action,
                         key=f"hse.action_assigned:{action.id}:{action.owner_id}")


def _said(action: CorrectiveAction) -> str:
    return _("%(title)s is yours to do by %(day)s", title=action.title, day=fields_of(CorrectiveAction)["due_on"].display(action))
