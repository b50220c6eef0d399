"""Questions that the inbox asks: what waits for whom, how much of it, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_

from app.core.approvals import reasons, standing
from app.core.approvals.looks import TABS, Look, Tab
from app.core.approvals.models import ASIDE, LIVE, ApprovalDecision, ApprovalRequest, ApprovalSeat, ApprovalStar, Asked, Seat, State, Verb
from app.core.approvals.stuck import seen
from app.core.notifications import unread_about
from app.kernel import clock
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.errors import Forbidden, NotFound
from app.kernel.manifest import Resource

ASKED: dict[str, tuple[Asked, ...]] = {"mine": (Asked.OWN, Asked.ESCALATED, Asked.ADDED, Asked.OPINION),
                                      "groups": (Asked.GROUP,), "delegated": (Asked.DELEGATED,)}
NEWS = ("decision", "watched")
SIZE = 50
COUNTED = 1_000


@dataclass(frozen=True)
class Entry:
    """One row of the queue: the request with the reader's seat, if the reader has one."""

    request: ApprovalRequest
    seat: ApprovalSeat | None

    @property
    def due_at(self) -> datetime:
        """When its limit ends."""
        return self.request.due_at

    @property
    def is_news(self) -> bool:
        """Whether it only informs the reader, and can be put away."""
        return self.seat is None and (self.request.requested_by != current.user.id or self.request.state not in LIVE)


@dataclass(frozen=True)
class Page:
    """One page of a tab, with the cursors around it."""

    entries: Sequence[Entry]
    before: str = ""
    after: str = ""


def waiting_for(member_id: UUID, tab: str = "") -> ColumnElement[bool]:
    """The criterion for waiting seats of a member that are not asleep, of one tab or of all."""
    asked = ASKED.get(tab, tuple(kind for kinds in ASKED.values() for kind in kinds))
    return and_(ApprovalSeat.member_id == member_id, ApprovalSeat.state == Seat.WAITING, ApprovalSeat.asked.in_(asked), ~standing.is_over(),
                or_(ApprovalSeat.snoozed_until.is_(None), ApprovalSeat.snoozed_until <= clock.now()))


def page(look: Look | Tab, *, after: str = "", before: str = "", size: int = SIZE) -> Page:
    """The rows of a tab, from a cursor on, the most urgent first unless the look says otherwise."""
    look = Look(look) if isinstance(look, str) else look
    query, key = _rows(look)
    backwards = bool(before)
    down = backwards != look.descending
    position = _position(before or after)
    if position:
        query = query.where(tuple_(*key) < tuple_(*position) if down else tuple_(*key) > tuple_(*position))
    order = [column.desc() for column in key] if down else list(key)
    rows = [_entry(row) for row in session().execute(query.add_columns(_starred()).order_by(*order).limit(size + 1))]
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(())
    return Page(rows, before=_cursor(rows[0], look) if (more if backwards else bool(after)) else "",
                after=_cursor(rows[-1], look) if (True if backwards else more) else "")


def count(look: Look) -> int:
    """How many rows a look has."""
    rows = _rows(look)[0].with_only_columns(ApprovalRequest.id).subquery()
    return session().scalar(select(func.count()).select_from(rows)) or 0


def _rows(look: Look) -> tuple[Select[Any], tuple[Any, Any]]:
    """The rows of a look, not yet in its order, and the columns by which they are ordered."""
    query, key = _seated(look.tab) if look.tab in ASKED else _followed(look.tab)
    return query.where(*look.criteria()), key if look.sort == "due" else (ApprovalRequest.requested_at, ApprovalRequest.id)


def _entry(row: Any) -> Entry:
    """A row of a query that ends with whether the reader starred it."""
    request = row[0]
    request.starred = row[-1]
    return Entry(request, row[1] if isinstance(row[1], ApprovalSeat) else None)


def _starred() -> ColumnElement[bool]:
    return exists().where(ApprovalStar.organisation_id == ApprovalRequest.organisation_id, ApprovalStar.request_id == ApprovalRequest.id,
                          ApprovalStar.member_id == current.user.id)


def _seated(tab: Tab) -> tuple[Select[Any], tuple[Any, Any]]:
    query = select(ApprovalRequest, ApprovalSeat).join(ApprovalSeat, and_(
        ApprovalSeat.organisation_id == ApprovalRequest.organisation_id, ApprovalSeat.request_id == ApprovalRequest.id)).where(
        waiting_for(current.user.id, tab))
    return query, (ApprovalSeat.due_at, ApprovalSeat.id)


def _followed(tab: Tab) -> tuple[Select[Any], tuple[Any, Any]]:
    """What one asked for, or looks on at: as long as it is under way, then as news until it is put away. What one starred, always."""
    mine, news = ApprovalRequest.requested_by == current.user.id, ApprovalRequest.id.in_(unread_about(current.user.id, NEWS))
    if tab == "starred":
        query = select(ApprovalRequest).where(_starred(), or_(mine, ApprovalRequest.id.in_(_seats_of_mine()), seen()))
    elif tab == "requested":
        query = select(ApprovalRequest).where(mine, or_(ApprovalRequest.state.in_(LIVE), news))
    else:
        under_way = and_(ApprovalRequest.id.in_(_watched()), ApprovalRequest.state.in_(LIVE))
        known = _watched().union(unread_about(current.user.id, NEWS))  # few: otherwise all requests are looked at
        query = select(ApprovalRequest).where(ApprovalRequest.id.in_(known), or_(under_way, and_(news, ~mine)))
    return query, (ApprovalRequest.due_at, ApprovalRequest.id)


def _watched() -> Select[tuple[UUID]]:
    return select(ApprovalSeat.request_id).where(ApprovalSeat.member_id == current.user.id, ApprovalSeat.state == Seat.WATCHING,
                                                 ApprovalSeat.settled_at.is_(None))


def _seats_of_mine() -> Select[tuple[UUID]]:
    return select(ApprovalSeat.request_id).where(ApprovalSeat.member_id == current.user.id, ~standing.is_over())


def _cursor(entry: Entry, look: Look) -> str:
    row: Any = (entry.seat if look.sort == "due" else None) or entry.request
    return f"{(row.due_at if look.sort == 'due' else row.requested_at).isoformat()}~{row.id}"


def _position(cursor: str) -> tuple[datetime, UUID] | None:
    moment, _sep, last = cursor.partition("~")
    try:
        return (datetime.fromisoformat(moment), UUID(last)) if cursor else None
    except ValueError:
        raise NotFound from None


def counts() -> dict[str, int]:
    """How many rows each tab has."""
    by_kind = dict(session().execute(select(ApprovalSeat.asked, func.count()).where(waiting_for(current.user.id))
                                     .group_by(ApprovalSeat.asked)).all())
    found = {tab: sum(by_kind.get(kind, 0) for kind in kinds) for tab, kinds in ASKED.items()}
    followed: tuple[Tab, ...] = ("starred", "watching", "requested")
    counted = [select(func.count()).select_from(_followed(tab)[0].with_only_columns(ApprovalRequest.id).subquery()).scalar_subquery()
               for tab in followed]
    return {**found, **dict(zip(followed, session().execute(select(*counted)).one(), strict=True))}


def waiting_count() -> int:
    """The badge: how much waits for the reader, of every kind; counted as far as a badge can show."""
    counted = select(ApprovalSeat.id).where(waiting_for(current.user.id)).limit(COUNTED).subquery()
    return session().scalar(select(func.count()).select_from(counted)) or 0


def requested_count() -> int:
    """How much of what the reader asked for is still under way."""
    return session().scalar(select(func.count()).select_from(ApprovalRequest).where(
        ApprovalRequest.requested_by == current.user.id, ApprovalRequest.state.in_(LIVE))) or 0


def find(reference: str) -> ApprovalRequest:
    """The request of a reference, or the newest of a record's reference, if it concerns the reader. Raises NotFound.

    Who stands in for somebody is concerned while that lasts, and is told so before and afterwards: raises Forbidden.
    """
    from app.core.approvals.levels import is_concerned

    query = select(ApprovalRequest).where(or_(ApprovalRequest.reference == reference, ApprovalRequest.record_reference == reference))
    seated = exists().where(ApprovalSeat.organisation_id == ApprovalRequest.organisation_id, ApprovalSeat.request_id == ApprovalRequest.id,
                            ApprovalSeat.member_id == current.user.id, ~standing.is_over())
    found = session().execute(query.add_columns(seated, _starred()).order_by(ApprovalRequest.created_at.desc()).limit(1)).first()
    if found is None:
        raise NotFound
    if not (found[1] or is_concerned(found[0], current.user.id)):
        reason = reasons.why_not_now(found[0], current.user.id)
        raise Forbidden(reason) if reason else NotFound
    request: ApprovalRequest = found[0]
    request.starred = found[2]
    return request


def chosen(ids: Sequence[UUID], *, opinions: bool = False) -> list[Entry]:
    """Those of these requests that wait for the reader's decision (or opinion, if asked), the most urgent first."""
    query = select(ApprovalRequest, ApprovalSeat).join(ApprovalSeat, and_(
        ApprovalSeat.organisation_id == ApprovalRequest.organisation_id, ApprovalSeat.request_id == ApprovalRequest.id)).where(
        ApprovalRequest.id.in_(ids), ApprovalSeat.member_id == current.user.id, ApprovalSeat.state == Seat.WAITING, ~standing.is_over())
    if not opinions:
        query = query.where(ApprovalSeat.asked.not_in(ASIDE))
    return [_entry(row) for row in session().execute(query.add_columns(_starred()).order_by(ApprovalSeat.due_at, ApprovalSeat.id))]


def held_by_me() -> list[ApprovalRequest]:
    """What the reader approved last and can still undo."""
    mine = exists().where(ApprovalDecision.organisation_id == ApprovalRequest.organisation_id,
                          ApprovalDecision.request_id == ApprovalRequest.id, ApprovalDecision.round == ApprovalRequest.round,
                          ApprovalDecision.verb == Verb.APPROVE, ApprovalDecision.by_id == current.user.id)
    query = select(ApprovalRequest).where(ApprovalRequest.state == State.HELD, mine, ApprovalRequest.hold_until > clock.now())
    return list(session().scalars(query.order_by(ApprovalRequest.hold_until.desc()).limit(3)))


def of_record(resource: Resource, record_id: UUID) -> list[ApprovalRequest]:
    """All requests about a record, the newest first."""
    return list(session().scalars(select(ApprovalRequest).where(
        ApprovalRequest.record_id == record_id, ApprovalRequest.resource == resource.key).order_by(ApprovalRequest.created_at.desc())))


def open_among(resource: Resource, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Of these records, those about which somebody is asked now."""
    query = select(ApprovalRequest.record_id).where(
        ApprovalRequest.record_id.in_(ids), ApprovalRequest.state == State.OPEN, ApprovalRequest.resource == resource.key)
    return frozenset(session().scalars(query)) if ids else frozenset()


def given_by(request_id: UUID) -> list[UUID]:
    """Who approved what a request now asks for, in the order in which they did."""
    return list(session().scalars(select(ApprovalSeat.member_id).join(ApprovalRequest, and_(
        ApprovalRequest.organisation_id == ApprovalSeat.organisation_id, ApprovalRequest.id == ApprovalSeat.request_id,
        ApprovalRequest.round == ApprovalSeat.round)).where(
        ApprovalRequest.id == request_id, ApprovalSeat.state == Seat.APPROVED).order_by(ApprovalSeat.settled_at, ApprovalSeat.id)))


def delegated_sight(resource: Resource, user: Actor) -> ColumnElement[bool] | None:
    """Being asked, or following, carries sight of just that record, whatever one's roles say."""
    if not any(action.approval for action in resource.actions):
        return None
    model: Any = resource.model
    asked = select(ApprovalRequest.record_id).join(ApprovalSeat, and_(
        ApprovalSeat.organisation_id == ApprovalRequest.organisation_id, ApprovalSeat.request_id == ApprovalRequest.id)).where(
        ApprovalSeat.organisation_id == current.organisation.id, ApprovalSeat.member_id == user.id,
        ApprovalRequest.resource == resource.key, ~standing.is_over(),
        ApprovalSeat.state.in_((Seat.WAITING, Seat.APPROVED, Seat.RETURNED, Seat.REJECTED, Seat.FAVOURS, Seat.OPPOSES, Seat.WATCHING)))
    return model.id.in_(asked)  # type: ignore[no-any-return]


__all__ = ["ASKED", "NEWS", "SIZE", "TABS", "Entry", "Look", "Page", "Tab", "chosen", "count", "counts", "delegated_sight", "find",
           "given_by", "held_by_me", "of_record", "open_among", "page", "requested_count", "waiting_count", "waiting_for"]
