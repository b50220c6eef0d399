"""Requests for approval, who is asked, what they answered, and the rates by which foreign amounts meet a limit."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, ForeignKeyConstraint, Index, Integer, PrimaryKeyConstraint, Text, Uuid, false
from sqlalchemy import text as text_of
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.fields import boolean, choice, currency, day, decimal, moment, money, reference, text
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted
from app.kernel.sentences import read


class State(Choices):
    """Where a request stands. Held: approved, its effect still waiting in the outbox."""

    OPEN = "open", _l("Waiting"), "warning"
    HELD = "held", _l("Approved, effects held"), "success"
    EFFECTED = "effected", _l("In effect"), "success"
    RETURNED = "returned", _l("Returned for changes"), "warning"
    REJECTED = "rejected", _l("Rejected"), "danger"
    VOID = "void", _l("Void"), "neutral"
    CANCELLED = "cancelled", _l("Withdrawn"), "neutral"


class Colour(Choices):
    """The guard on the key: GREEN at once, ORANGE one confirmation, RED evidence, a typed word and who you are."""

    GREEN = "GREEN", _l("GREEN"), "success"
    ORANGE = "ORANGE", _l("ORANGE"), "warning"
    RED = "RED", _l("RED"), "danger"


class Verb(Choices):
    """What can happen to a request; the first thirteen are a person's answers."""

    APPROVE = "approve", _l("approved"), "success"
    RETURN = "return", _l("returned for changes"), "warning"
    REJECT = "reject", _l("rejected"), "danger"
    ASK = "ask", _l("asked for information"), "info"
    ANSWER = "answer", _l("answered"), "info"
    DELEGATE = "delegate", _l("delegated"), "neutral"
    SNOOZE = "snooze", _l("snoozed"), "neutral"
    COMMENT = "comment", _l("commented"), "neutral"
    ESCALATE = "escalate", _l("escalated"), "warning"
    OPINION = "opinion", _l("asked for a second opinion"), "info"
    ADVISE = "advise", _l("gave an opinion"), "info"
    ADD = "add", _l("added an approver"), "neutral"
    UNDO = "undo", _l("undone"), "neutral"
    REQUEST = "request", _l("asked for approval"), "neutral"
    VOID = "void", _l("changed since approved"), "warning"
    WITHDRAW = "withdraw", _l("withdrawn"), "neutral"
    EFFECT = "effect", _l("took effect"), "success"
    MOVE = "move", _l("moved to another version"), "neutral"


class Asked(Choices):
    """Why somebody has a seat: asked by name, as one of a group, in another's place, after the limit, by another approver as well, for an
    opinion that decides nothing, or only looking on."""

    OWN = "own", _l("Asked by name")
    GROUP = "group", _l("Asked as one of a group")
    DELEGATED = "delegated", _l("Delegated")
    ESCALATED = "escalated", _l("Escalated")
    ADDED = "added", _l("Added by an approver")
    OPINION = "opinion", _l("Asked for an opinion")
    WATCHING = "watching", _l("Watching")


ASIDE = (Asked.WATCHING, Asked.OPINION)  # seats that decide nothing


class Seat(Choices):
    """What became of a seat."""

    WAITING = "waiting", _l("Waiting"), "warning"
    APPROVED = "approved", _l("Approved"), "success"
    RETURNED = "returned", _l("Returned"), "warning"
    REJECTED = "rejected", _l("Rejected"), "danger"
    DELEGATED = "delegated", _l("Delegated"), "neutral"
    FAVOURS = "favours", _l("In favour"), "success"
    OPPOSES = "opposes", _l("Against"), "warning"
    SETTLED = "settled", _l("Settled without this answer"), "neutral"
    WATCHING = "watching", _l("Watching"), "neutral"


LIVE = (State.OPEN, State.HELD, State.RETURNED)
_LIVE = "state IN ('open', 'held', 'returned')"


class ApprovalRequest(Record):
    """Somebody wants an action to take effect on a record; it waits here for the right people."""

    __tablename__ = "approval_request"
    __prefix__ = "APR"
    __label__ = _l("Request for approval")
    starred = False  # by the reader, where that was asked with it
    __plural__ = _l("Requests for approval")

    title: Mapped[str] = text(_l("Title"), max_length=300, sortable=False)
    subtitle: Mapped[str | None] = text(_l("Details"), max_length=300, required=False, sortable=False)
    state: Mapped[State] = choice(_l("State"), State, default=State.OPEN)
    risk: Mapped[Colour] = choice(_l("Risk"), Colour, default=Colour.RED)
    amount: Mapped[int | None] = money(_l("Amount"), required=False)
    currency: Mapped[str] = currency(_l("Currency"))
    department_id: Mapped[UUID | None] = mapped_column(Uuid, info={"label": _l("Department")})
    due_at: Mapped[datetime] = moment(_l("Due"))
    last_verb: Mapped[Verb] = choice(_l("Last step"), Verb, default=Verb.REQUEST)
    last_reason: Mapped[str | None] = text(_l("Reason"), max_length=4_000, required=False, sortable=False)
    last_by: Mapped[UUID | None] = mapped_column(Uuid, info={"label": _l("Last step by")})
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now, info={"label": _l("Last step at")})

    resource: Mapped[str] = mapped_column(Text, info={"label": _l("Kind")})
    record_id: Mapped[UUID] = mapped_column(Uuid, info={"label": _l("Record")})
    record_reference: Mapped[str] = mapped_column(Text, info={"label": _l("Reference")})
    action: Mapped[str] = mapped_column(Text, info={"label": _l("Action")})
    approval: Mapped[str] = mapped_column(Text, info={"label": _l("Approval")})
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, info={"label": _l("Form")})
    channel: Mapped[str] = mapped_column(Text, default="page", info={"audited": False})
    requested_by: Mapped[UUID] = mapped_column(Uuid, info={"label": _l("Asked by")})
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now, info={"label": _l("Asked at")})
    makers: Mapped[list[str]] = mapped_column(JSONB, default=list, info={"label": _l("Made by")})
    snapshot: Mapped[str] = mapped_column(Text, info={"audited": False})
    snapshot_hash: Mapped[str] = mapped_column(Text)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, info={"audited": False})
    level: Mapped[int] = mapped_column(Integer, default=1, info={"label": _l("Level")})
    version_id: Mapped[UUID | None] = mapped_column(Uuid, info={"label": _l("Version of a workflow")})
    standing: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, info={"audited": False})
    round: Mapped[int] = mapped_column(Integer, default=1, info={"label": _l("Round")})
    flags: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, info={"label": _l("To look at")})
    paused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"label": _l("Paused")})
    escalations: Mapped[int] = mapped_column(Integer, default=0, info={"label": _l("Escalations")})
    escalate_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"audited": False})
    hold_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"label": _l("Held until")})
    effect_id: Mapped[UUID | None] = mapped_column(Uuid, info={"label": _l("Effect")})
    effected_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"label": _l("Took effect")})
    nobody_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"audited": False})

    @property
    def reasons(self) -> list[str]:
        """Why it deserves a look, in the reader's language."""
        return [str(read(flag)) for flag in self.flags]


_requests = ApprovalRequest.__table__.c
Index("uq_approval_request_live", _requests.organisation_id, _requests.resource, _requests.record_id, _requests.action, unique=True,
      postgresql_where=text_of(_LIVE))
Index("ix_approval_request_record", _requests.organisation_id, _requests.record_id, _requests.state)
Index("ix_approval_request_mine", _requests.organisation_id, _requests.requested_by, _requests.state, _requests.due_at, _requests.id)
Index("ix_approval_request_escalate", _requests.organisation_id, _requests.state, _requests.escalate_at, _requests.id)
Index("ix_approval_request_nobody", _requests.organisation_id, _requests.state, _requests.nobody_since, _requests.id,
      postgresql_where=text_of("nobody_since IS NOT NULL"))


class ApprovalSeat(Tenanted):
    """One person asked at one level of one round. `for_member_id` is the person in whose place they sit, `delegation_id` why, if it stands
    for a time: a delegation or an absence; `further` are those by which it was passed on from there."""

    __tablename__ = "approval_seat"
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_approval_seat"),
        ForeignKeyConstraint(["organisation_id", "request_id"], ["approval_request.organisation_id", "approval_request.id"],
                             name="fk_approval_seat_request", ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "member_id"], ["member.organisation_id", "member.id"], name="fk_approval_seat_member"),
        Index("ix_approval_seat_queue", "organisation_id", "member_id", "state", "asked", "due_at", "id"),
        Index("ix_approval_seat_request", "organisation_id", "request_id", "round", "level"),
        Index("ix_approval_seat_delegation", "organisation_id", "delegation_id", "state",
              postgresql_where=text_of("delegation_id IS NOT NULL")),
    )

    request_id: Mapped[UUID] = mapped_column(Uuid)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    for_member_id: Mapped[UUID | None] = mapped_column(Uuid)
    delegation_id: Mapped[UUID | None] = mapped_column(Uuid)
    further: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    level: Mapped[int] = mapped_column(Integer)
    round: Mapped[int] = mapped_column(Integer, default=1)
    asked: Mapped[Asked] = choice(_l("Asked"), Asked, default=Asked.OWN)
    state: Mapped[Seat] = choice(_l("State"), Seat, default=Seat.WAITING)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    snoozed_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))



class ApprovalDecision(Tenanted):
    """What happened to a request, once and for good: append-only, each with the hash that was shown. A repeated `key` is the same one."""

    __tablename__ = "approval_decision"
    __append_only__ = True
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_approval_decision"),
        ForeignKeyConstraint(["organisation_id", "request_id"], ["approval_request.organisation_id", "approval_request.id"],
                             name="fk_approval_decision_request"),
        Index("uq_approval_decision_key", "organisation_id", "key", unique=True),
        Index("ix_approval_decision_request", "organisation_id", "request_id", "at", "id"),
        Index("ix_approval_decision_by", "organisation_id", "by_id", "at"),
    )

    request_id: Mapped[UUID] = mapped_column(Uuid)
    round: Mapped[int] = mapped_column(Integer)
    level: Mapped[int] = mapped_column(Integer)
    verb: Mapped[Verb] = choice(_l("Step"), Verb)
    reason: Mapped[str] = mapped_column(Text, default="")
    shown_hash: Mapped[str] = mapped_column(Text, default="")
    by_id: Mapped[UUID] = mapped_column(Uuid)
    on_behalf_of: Mapped[UUID | None] = mapped_column(Uuid)
    channel: Mapped[str] = mapped_column(Text, default="page")
    key: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)



class ApprovalStar(Tenanted):
    """A request that a member keeps an eye on, for themselves alone."""

    __tablename__ = "approval_star"
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_approval_star"),
        ForeignKeyConstraint(["organisation_id", "request_id"], ["approval_request.organisation_id", "approval_request.id"],
                             name="fk_approval_star_request", ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "member_id"], ["member.organisation_id", "member.id"], name="fk_approval_star_member",
                             ondelete="CASCADE"),
        Index("uq_approval_star", "organisation_id", "member_id", "request_id", unique=True),
        Index("ix_approval_star_request", "organisation_id", "request_id"),
    )

    member_id: Mapped[UUID] = mapped_column(Uuid)
    request_id: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class InboxView(Tenanted):
    """A member's own way to look at the inbox, under a name: what is in the address of the page (`query`), for themselves alone."""

    __tablename__ = "inbox_view"
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_inbox_view"),
        ForeignKeyConstraint(["organisation_id", "member_id"], ["member.organisation_id", "member.id"], name="fk_inbox_view_member",
                             ondelete="CASCADE"),
        Index("uq_inbox_view_name", "organisation_id", "member_id", "name", unique=True),
    )

    member_id: Mapped[UUID] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(Text)
    query: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class ApprovalDelegation(Record):
    """For some days, somebody decides in a member's place: everything, or one kind, up to an amount, where a condition holds. It widens
    nothing else, and ends with them unless it may go `further`."""

    __tablename__ = "approval_delegation"
    __prefix__ = "DLG"
    __label__, __plural__ = _l("Delegation"), _l("Delegations")

    member_id: Mapped[UUID] = reference("member", _l("Whose decisions"), groups=False)
    delegate_id: Mapped[UUID] = reference("member", _l("Who decides instead"), groups=False)
    starts_on: Mapped[date] = day(_l("From"))
    ends_on: Mapped[date] = day(_l("Until"))
    resource: Mapped[str | None] = text(_l("Only for"), required=False, sortable=False)
    up_to: Mapped[int | None] = money(_l("Up to"), required=False)
    currency: Mapped[str] = currency(_l("Currency"))
    condition: Mapped[str | None] = text(_l("Only if"), max_length=500, required=False, sortable=False)
    rule: Mapped[str | None] = mapped_column(Text, info={"audited": False})
    further: Mapped[bool] = boolean(_l("May be delegated further"), column={"server_default": false()})
    reason: Mapped[str | None] = text(_l("Why"), max_length=200, required=False, sortable=False)
    ended_at: Mapped[datetime | None] = moment(_l("Ended"), required=False)


class ExchangeRate(Record):
    """What one unit of a foreign currency is worth in the organisation's own, from a day on."""

    __tablename__ = "exchange_rate"
    __prefix__ = "FX"
    __label__ = _l("Exchange rate")
    __plural__ = _l("Exchange rates")
    __slug__ = "exchange-rates"

    code: Mapped[str] = text(_l("Currency"), max_length=3, help=_l("Three letters (ISO 4217), such as USD."))
    valid_from: Mapped[date] = day(_l("From"))
    rate: Mapped[Decimal] = decimal(_l("Rate"), scale=8, minimum=Decimal("0.00000001"),
                                    help=_l("What one unit is worth in the currency of the organisation."))
    source: Mapped[str | None] = text(_l("Source"), max_length=200, required=False)


__all__ = ["ASIDE", "LIVE", "ApprovalDecision", "ApprovalDelegation", "ApprovalRequest", "ApprovalSeat", "ApprovalStar", "Asked",
           "Colour", "ExchangeRate", "InboxView", "Seat", "State", "Verb"]
