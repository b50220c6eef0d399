"""Emergencies by SMS, and what the provider says became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import func, select

from app.core import settings, sms
from app.core.notifications.outside.handing import Dropped
from app.core.notifications.outside.models import Delivery, Stage, Way
from app.core.people import Member
from app.kernel import clock, outbox
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import NotFound

MOST = "notifications.sms_per_day"
LONGEST = 300  # characters of the words: two messages


@dataclass(frozen=True)
class Text:
    """A message for a phone."""

    to: str
    words: str
    told_at: str


def parcel(delivery: Delivery) -> Text:
    """The message with all that the call needs. Raises `Dropped` when the reader is here no more, or had as many as a day may bring."""
    member = session().get(Member, (current.organisation.id, delivery.member_id))
    if member is None or not member.active or member.is_archived:
        raise Dropped("The reader is here no more.")
    most = int(settings.get(MOST))
    if _before_today(delivery, member) >= most:
        raise Dropped(f"Daily limit: {most} SMS went to this person today already.")
    words = f"{current.organisation.name}: {delivery.title}"
    url = str(delivery.content["url"])
    return Text(str(delivery.content["to"]), f"{words[:LONGEST - len(url)]} {url}", told_at(delivery.id))


def _before_today(delivery: Delivery, member: Member) -> int:
    """How many to the same person were written before this one, on its day in their zone: the order decides, not who is quicker."""
    zone = ZoneInfo(member.timezone)
    day = datetime.combine(delivery.created_at.astimezone(zone).date(), time(), zone)
    return session().scalar(select(func.count()).select_from(Delivery).where(
        Delivery.way == Way.SMS, Delivery.member_id == member.id, Delivery.state != Stage.DROPPED, Delivery.created_at >= day,
        Delivery.id < delivery.id)) or 0


def hand_over(text: Text) -> str:
    """Send it; gives the provider's number. Raises `Retry` or `GiveUp`."""
    try:
        return sms.send(text.to, text.words, told_at=text.told_at)
    except sms.Away as error:
        raise outbox.Retry(str(error)) from error
    except sms.NotTaken as error:
        raise outbox.GiveUp(str(error)) from error


def told_at(delivery_id: UUID) -> str:
    """The whole address at which the provider says what became of a message."""
    token = _signer().dumps([str(current.organisation.id), str(delivery_id)])
    return f"{current_app.extensions['settings'].base_url}/sms/told/{token}"


def meant(token: str) -> tuple[UUID, UUID]:
    """Organisation and delivery of such an address. Raises `NotFound`."""
    try:
        organisation, delivery = _signer().loads(token)
        return UUID(organisation), UUID(delivery)
    except (BadSignature, ValueError):
        raise NotFound from None


def heard(delivery_id: UUID, said: Mapping[str, str]) -> None:
    """Note what became of a message. What arrived stays so, whatever comes later and out of order."""
    told = sms.read(said)
    found = session().scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).first()
    if found is None or (found.number and told.number != found.number):
        raise NotFound
    if found.state == Stage.DELIVERED or not (told.arrived or told.lost):
        return
    found.state, found.number = (Stage.DELIVERED, told.number) if told.arrived else (Stage.FAILED, told.number)
    found.delivered_at, found.next_try_at = clock.now() if told.arrived else None, None
    found.attempts = [*found.attempts, {"at": clock.now().isoformat(), "said": told.reason[:300]}]


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.config["SECRET_KEY"]), salt="opsflux/notifications/sms")
