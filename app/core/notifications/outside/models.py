"""Systems outside that are told, the devices of people, and the log of what left."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, Index, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock, fields
from app.kernel.fields import ChoiceType, check_of
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted


class Way(Choices):
    """By which way it leaves."""

    HOOK = "hook", _l("Webhook")
    SMS = "sms", _l("SMS")
    PUSH = "push", _l("Device")


class Speech(Choices):
    """What a system outside understands."""

    JSON = "json", _l("JSON, signed")
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"


class Stage(Choices):
    """Where a delivery stands. Dropped: there was nobody left to tell, or they knew already."""

    WAITING = "waiting", _l("Waiting"), "neutral"
    SENT = "sent", _l("Sent"), "success"
    DELIVERED = "delivered", _l("Delivered"), "success"
    FAILED = "failed", _l("Failed"), "danger"
    DROPPED = "dropped", _l("Dropped"), "muted"


class Hook(Record):
    """A system outside that is told: it gets a POST."""

    __tablename__ = "notification_hook"
    __prefix__ = "NHK"
    __label__, __plural__, __slug__ = _l("Webhook"), _l("Webhooks"), "webhooks"

    name: Mapped[str] = fields.text(_l("Name"), max_length=80)
    kind: Mapped[Speech] = fields.choice(_l("Understands"), Speech, default=Speech.JSON)
    address: Mapped[str] = fields.text(_l("Address"), max_length=500, sortable=False, help=_l("Begins with https://"),
                                       extra={"samples": ("https://hooks.sample.example/in",)})
    active: Mapped[bool] = fields.boolean(_l("In use"), default=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"secret": True, "label": _l("Secret of the signature")})


class Device(Tenanted):
    """A browser in which a member asked to be told: its push service's address, and the keys for which messages are encrypted."""

    __tablename__ = "push_device"

    member_id: Mapped[UUID] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info={"secret": True})
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Delivery(Tenanted):
    """One notice to one target: each attempt with its moment and what came of it. `content` is what is sent, the same each time.

    `target_id` is a webhook or a device; a phone is `recipient`. `number` is the provider's own of an SMS.
    """

    __tablename__ = "notification_delivery"

    way: Mapped[Way] = mapped_column(ChoiceType(Way))
    member_id: Mapped[UUID | None] = mapped_column(Uuid)
    target_id: Mapped[UUID | None] = mapped_column(Uuid)
    notice_id: Mapped[UUID | None] = mapped_column(Uuid)
    recipient: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    key: Mapped[str] = mapped_column(Text, default="")
    number: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[Stage] = mapped_column(ChoiceType(Stage), default=Stage.WAITING)
    attempts: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    next_try_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    row_id: Mapped[UUID | None] = mapped_column(Uuid)


_delivery: Any = Delivery.__table__
_delivery.append_constraint(check_of("notification_delivery", "way", Way))
_delivery.append_constraint(check_of("notification_delivery", "state", Stage))
_device = Device.__table__
Index("uq_notification_delivery_key", _delivery.c.organisation_id, _delivery.c.key, unique=True, postgresql_where=text("key <> ''"))
Index("ix_notification_delivery_state", _delivery.c.organisation_id, _delivery.c.state, _delivery.c.id)
Index("ix_notification_delivery_target_id", _delivery.c.organisation_id, _delivery.c.target_id, _delivery.c.id)
Index("uq_push_device_address", _device.c.organisation_id, _device.c.address, unique=True)
Index("ix_push_device_member_id", _device.c.organisation_id, _device.c.member_id)
