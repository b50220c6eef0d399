"""What leaves: written down with its cause, sent after the commit, tried again at growing intervals, each attempt in the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import mail, sms
from app.core.notifications.models import Notification, Priority
from app.core.notifications.outside import hooks, push, texts
from app.core.notifications.outside.handing import Dropped
from app.core.notifications.outside.models import Delivery, Device, Hook, Stage, Way
from app.core.people import Member
from app.kernel import clock, outbox
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict
from app.kernel.records import new_id

EFFECT = "notifications.outside"
FIRST, ATTEMPTS = 60, 8  # seconds until the second attempt, each wait twice the one before; attempts in all
PREPARED: Mapping[Way, Callable[[Delivery], Any]] = {Way.HOOK: hooks.parcel, Way.SMS: texts.parcel, Way.PUSH: push.parcel}
HANDED: Mapping[Way, Callable[[Any], str]] = {Way.HOOK: hooks.hand_over, Way.SMS: texts.hand_over, Way.PUSH: push.hand_over}


@dataclass(frozen=True)
class Parcel:
    """What goes out, read before the call."""

    delivery_id: UUID
    way: Way
    number: int
    inside: Any


def owe_hook(hook: Hook, *, title: str, text: str, event: str, path: str, priority: Priority = Priority.NORMAL,
             key: str = "") -> Delivery | None:
    """Tell a system outside; None when it is not in use, or knows already."""
    if not hook.active or hook.is_archived:
        return None
    content = {"event": event, "title": title, "text": text, "url": mail.address_for(path), "priority": priority.value,
               "organisation": current.organisation.name, "at": clock.now().isoformat()}
    return _owe(Delivery(way=Way.HOOK, target_id=hook.id, recipient=hook.name, title=title[:300], content=content, key=_key(hook.id, key)))


def owe_push(member: Member, notice: Notification, *, key: str = "") -> None:
    """Show a notice on each device that the member named, at the moment that suits them; there it takes the place of the one before about
    the same record.
    """
    content = {"title": notice.title, "text": notice.text[:1000], "url": notice.path or _bell(),
               "tag": str(notice.record_id or notice.id), "urgent": notice.critical}
    for device in session().scalars(select(Device).where(Device.member_id == member.id).order_by(Device.id)):
        _owe(Delivery(way=Way.PUSH, member_id=member.id, target_id=device.id, notice_id=notice.id, title=notice.title[:300],
                      recipient=f"{member.name}, {device.name}", content=content, key=_key(device.id, key)), notice.shown_at)


def owe_sms(member: Member, notice: Notification, *, key: str = "") -> None:
    """Send an emergency to the member's phone, where they have one and this installation sends SMS."""
    number = sms.number_in(member.phone or "")
    if sms.is_on() and number:
        content = {"to": number, "title": notice.title, "url": mail.address_for(notice.path or _bell())}
        _owe(Delivery(way=Way.SMS, member_id=member.id, notice_id=notice.id, recipient=f"{member.name}, {number}", title=notice.title[:300],
                      content=content, key=_key(member.id, key)), notice.shown_at)


def prepare(payload: dict[str, Any], row: outbox.OutboxRow) -> Parcel | None:
    """Record the attempt; None when there is nobody to tell any more."""
    found = find(UUID(payload["delivery"]))
    if found is None or found.state in (Stage.SENT, Stage.DELIVERED):
        return None
    found.attempts, found.row_id = [*found.attempts, {"at": clock.now().isoformat(), "said": ""}], row.id
    try:
        return Parcel(found.id, found.way, len(found.attempts), PREPARED[found.way](found))
    except Dropped as reason:
        found.state, found.next_try_at = Stage.DROPPED, None
        _note(found, str(reason))
        return None


def deliver(parcel: Parcel | None, _row: outbox.OutboxRow) -> Callable[[], None] | None:
    """Hand it over. What is refused for good is not sent again; the waits of all else double: a minute, two, four …"""
    if parcel is None:
        return None
    try:
        number = HANDED[parcel.way](parcel.inside)
    except outbox.Retry as error:
        raise outbox.Retry(str(error), after=error.after or FIRST * 2.0 ** (parcel.number - 1)) from error
    return partial(_sent, parcel.delivery_id, number)


def failed(row: outbox.OutboxRow, reason: str) -> None:
    """Say in the log what went wrong, and when it is tried again."""
    found = find(UUID(row.payload["delivery"]))
    if found is not None:
        ended = row.state == outbox.FAILED
        found.state, found.next_try_at = Stage.FAILED if ended else Stage.WAITING, None if ended else row.due_at
        _note(found, reason.partition(": ")[2] or reason)
        if reason.startswith(f"{push.Gone.__name__}: "):
            push.forget(found.target_id)


def revive(row: outbox.OutboxRow) -> None:
    """What failed is tried again. Raises `Conflict` when it is gone."""
    found = find(UUID(row.payload["delivery"]))
    if found is None:
        raise Conflict
    found.state, found.next_try_at = Stage.WAITING, clock.now()


def retry(found: Delivery) -> bool:
    """Send a failed delivery after all, or one that waits for its next attempt at once; False when there is nothing to send."""
    if found.state not in (Stage.FAILED, Stage.WAITING) or found.row_id is None:
        return False
    if outbox.retry(found.row_id):
        return True
    if found.state == Stage.FAILED:  # it was taken, and lost after that
        found.state, found.next_try_at, found.number, found.sent_at = Stage.WAITING, clock.now(), "", None
        found.row_id = outbox.put("effect", EFFECT, {"delivery": str(found.id)}).id
        return True
    return False


def find(delivery_id: UUID) -> Delivery | None:
    """The delivery of that id in this organisation."""
    return session().get(Delivery, (current.organisation.id, delivery_id))


def about(row: outbox.OutboxRow) -> tuple[str, str] | None:
    """The notice, and its page in the log."""
    found = find(UUID(row.payload["delivery"]))
    return (found.title, f"/{current.organisation.slug}/notifications/deliveries/{found.id}/") if found else None


def install_outside() -> None:
    """Tell the outbox who delivers."""
    outbox.handler(EFFECT, outside=True, attempts=ATTEMPTS, failed=failed, prepare=prepare, revive=revive, label=_l("Notice outside"),
                   about=about)(deliver)


def _owe(made: Delivery, due_at: datetime | None = None) -> Delivery | None:
    if made.key and session().scalar(select(Delivery.id).where(Delivery.key == made.key)) is not None:
        return None
    made.id, made.next_try_at, made.attempts = new_id(), due_at or clock.now(), []
    session().add(made)
    made.row_id = outbox.put("effect", EFFECT, {"delivery": str(made.id)}, due_at=due_at).id
    return made


def _sent(delivery_id: UUID, number: str) -> None:
    found = session().get_one(Delivery, (current.organisation.id, delivery_id))
    found.state, found.sent_at, found.next_try_at, found.number = Stage.SENT, clock.now(), None, number
    _note(found, "OK")


def _note(found: Delivery, said: str) -> None:
    if found.attempts:
        found.attempts = [*found.attempts[:-1], {**found.attempts[-1], "said": said[:300]}]


def _key(target_id: UUID, key: str) -> str:
    return f"{key}:{target_id}" if key else ""


def _bell() -> str:
    return f"/{current.organisation.slug}/notifications/"
