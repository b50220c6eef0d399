"""Raising an alert: a record, a notice and a mail to each who answers for the organisation, once; and the proof that the mail left."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import select

from app.core import audit, notifications, people
from app.core.alerts.models import Alert, Kind
from app.core.mail import MailMessage, State
from app.core.notifications import Notification
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.references import assign

ROLES = ("owner", "admin")


def raise_alert(kind: Kind, mark: str, *, subject: str = "", times: int = 1, at: datetime | None = None, **evidence: str) -> Alert | None:
    """Tell the owners and admins, unless this was told already: `mark` says what it is. `evidence` are filters of the audit trail."""
    if session().scalar(select(Alert.id).where(Alert.mark == mark)) is not None:
        return None
    alert = Alert(kind=kind, mark=mark, subject=subject[:200], times=times, noticed_at=at or clock.now(),
                  evidence="audit/" + (f"?{urlencode(evidence)}" if evidence else ""))
    assign([alert])
    session().add(alert)
    session().flush()
    for member_id in _those_who_answer():
        told = notifications.notify(member_id, notifications.ALERT, partial(_title, kind, subject), path_of(alert), alert, critical=True,
                                    key=_key(alert))
        alert.told += told is not None
    audit.note("alerts.alert.raise", resource="alerts.alert", record=alert, context={"kind": kind.value, "times": times})
    return alert


def path_of(alert: Alert) -> str:
    """The alert's page below the base address."""
    return f"/{current.organisation.slug}/alerts/alerts/{alert.reference}/"


def note_deliveries() -> int:
    """Write down of each alert when the last of its mails had left; gives how many became proven."""
    proven = 0
    for alert in session().scalars(select(Alert).where(Alert.delivered_at.is_(None), Alert.told > 0)):
        sent = list(_mails(alert))
        if sent and all(each.state == State.SENT for each in sent):
            alert.delivered_at = max(each.sent_at for each in sent if each.sent_at)
            proven += 1
    return proven


def _mails(alert: Alert) -> Iterable[MailMessage]:
    notices = select(Notification.id).where(Notification.member_id.in_(_those_who_answer()), Notification.key == _key(alert))
    return session().scalars(select(MailMessage).where(MailMessage.key.in_([f"notice:{each}" for each in session().scalars(notices)])))


def _key(alert: Alert) -> str:
    return f"alert:{alert.id}"


def _those_who_answer() -> list[UUID]:
    found: dict[UUID, None] = {}
    for key in ROLES:
        found.update(dict.fromkeys(member.id for member in people.with_role(key)))
    return list(found)


def _title(kind: Kind, subject: str) -> str:
    return f"{kind.label}: {subject}" if subject else str(kind.label)
