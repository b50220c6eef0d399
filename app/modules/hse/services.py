"""The verbs of health and safety: complete, close, and what follows from what was written down."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import inspect

from app.kernel import clock
from app.kernel.current import current
from app.kernel.errors import Conflict, Invalid
from app.kernel.events import publish
from app.modules.hse import matrix, queries
from app.modules.hse.events import CorrectiveActionAssigned, IncidentClosed
from app.modules.hse.models import CorrectiveAction, Incident, Progress, Status


def complete_incident(incident: Incident) -> None:
    """Work out the colours of the matrix and the heading under which it is counted, before it is saved."""
    if incident.occurred_at > clock.now():
        raise Invalid({"occurred_at": [_("It cannot have occurred in the future.")]})
    if int(incident.potential_severity.value) < int(incident.actual_severity.value):
        raise Invalid({"potential_severity": [_("It could not have been less bad than it was.")]})
    incident.counted_as = matrix.heading_of(incident.kind)
    incident.actual_risk = matrix.risk_of(incident.actual_severity, incident.actual_likelihood)
    incident.potential_risk = matrix.risk_of(incident.potential_severity, incident.potential_likelihood)


def can_close(incident: Incident) -> bool | str:
    """True, or the sentence that says why it cannot be closed yet."""
    if not incident.is_open():
        return _("It is closed already.")
    remaining = queries.open_actions(incident)
    return not remaining or _left(remaining)


def close_incident(incident: Incident, *, outcome: str) -> Incident:
    """Close an incident once every corrective action is done.

    Raises `Conflict`, saying how many are left, so the form can show it.
    """
    if remaining := queries.open_actions(incident):
        raise Conflict(_left(remaining))
    incident.status = Status.CLOSED
    incident.outcome = outcome
    incident.closed_at = clock.now()
    publish(IncidentClosed(incident.id))
    return incident


def assign_action(action: CorrectiveAction) -> None:
    """Tell the owner of a corrective action, when it has a new one."""
    if inspect(action).attrs.owner_id.history.has_changes():
        publish(CorrectiveActionAssigned(action.id))


def complete_action(action: CorrectiveAction, *, result: str | None = None) -> CorrectiveAction:
    """The step was carried out."""
    return _end(action, Progress.DONE, result)


def drop_action(action: CorrectiveAction, *, result: str) -> CorrectiveAction:
    """The step is no longer needed, for the reason given."""
    return _end(action, Progress.DROPPED, result)


def is_open(action: CorrectiveAction) -> bool | str:
    """True, or the sentence that says why nothing more can be done with it."""
    return action.is_open() or _("It is no longer open.")


def _end(action: CorrectiveAction, state: Progress, result: str | None) -> CorrectiveAction:
    action.state = state
    action.result = result
    action.done_on = clock.today(current.organisation.timezone)
    return action


def _left(remaining: int) -> Any:
    return ngettext("%(num)d corrective action is still open", "%(num)d corrective actions are still open", remaining)
