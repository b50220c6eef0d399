"""The time line of one request: each step from asked to over with how long it waited, what happened in it, and its effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_timedelta
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.core.approvals import sentences, words
from app.core.approvals.case import Case
from app.core.approvals.legs import AHEAD, OPEN, Leg, legs_of
from app.core.approvals.models import ASIDE, ApprovalDecision, ApprovalRequest, ApprovalSeat, State, Verb
from app.core.notifications import Notification
from app.kernel import clock
from app.kernel.db import session
from app.kernel.kinds import show_moment

WIDTH = 100.0  # of all bars together
SHORTEST = 1.0  # so that what took a moment is seen
OUTSIDE = frozenset({Verb.REQUEST, Verb.EFFECT})  # told by the beginning and by the effect


@dataclass(frozen=True)
class Span:
    """A stretch of it: what it is called, its round and number, from when until when (None: it lasts), its limit."""

    label: str
    round: int
    level: int
    begun: datetime
    ended: datetime | None
    due: datetime | None = None


def timeline(request: ApprovalRequest) -> dict[str, Any]:
    """All of it in the reader's words; bars in hundredths of the whole time so far."""
    case, now = Case(request), clock.now()
    spans = [*_steps(case), *_effect(request)]
    first = min([request.requested_at, *(span.begun for span in spans)])
    last = max([span.ended or now for span in spans], default=now)
    names = words.people([request.requested_by, *(i for line in case.told for i in (line.by_id, line.on_behalf_of))])
    happened = [(line, _told(line, names, request)) for line in case.told if line.verb not in OUTSIDE] + _reminders(request)
    return {"asked": _("Asked by %(name)s, %(moment)s", name=names[request.requested_by], moment=show_moment(first)),
            "whole": _long(last - first), "lasts": request.state == State.OPEN,
            "spans": [_shown(span, first, last, now) | {"happened": _within(span, happened)} for span in spans],
            "ahead": [leg.name for leg in legs_of(request) if leg.state == AHEAD] if request.state == State.OPEN else []}


def _steps(case: Case) -> list[Span]:
    """The steps that were reached, of earlier rounds too, as far as their seats tell."""
    seats: dict[tuple[int, int], list[ApprovalSeat]] = {}
    for seat in session().scalars(select(ApprovalSeat).where(ApprovalSeat.request_id == case.request.id).order_by(ApprovalSeat.asked_at)):
        if seat.asked not in ASIDE:
            seats.setdefault((seat.round, seat.level), []).append(seat)
    legs, found = legs_of(case.request), []
    for (number, level), here in sorted(seats.items()):
        present = number == case.request.round and level <= len(legs)
        label = legs[level - 1].name if present else _("Level %(level)d, round %(round)d", level=level, round=number)
        lasts = present and legs[level - 1].state == OPEN and case.request.state == State.OPEN
        found.append(Span(label, number, level, here[0].asked_at, None if lasts else _ended(here), here[0].due_at))
    return sorted([*found, *_waits(case.request, legs, found)], key=lambda span: (span.begun, span.level))


def _ended(seats: Iterable[ApprovalSeat]) -> datetime:
    return max(seat.settled_at or seat.asked_at for seat in seats)


def _waits(request: ApprovalRequest, legs: Sequence[Leg], before: Sequence[Span]) -> list[Span]:
    """Steps that asked nobody: from the end of what was before them until their day."""
    found = []
    for level, leg in enumerate(legs, 1):
        if leg.kind == "wait" and leg.state != AHEAD:
            begun = max([span.ended for span in before if span.round == request.round and span.level < level and span.ended],
                        default=request.requested_at)
            found.append(Span(leg.name, request.round, level, begun, None if leg.state == OPEN else max(begun, leg.due_at or begun)))
    return found


def _effect(request: ApprovalRequest) -> list[Span]:
    """From the last approval until it took effect."""
    if request.state not in (State.HELD, State.EFFECTED):
        return []
    begun = session().scalar(select(func.max(ApprovalDecision.at)).where(
        ApprovalDecision.request_id == request.id, ApprovalDecision.round == request.round, ApprovalDecision.verb == Verb.APPROVE))
    label = _("Effect, held so that it can be undone") if request.state == State.HELD else _("Takes effect")
    return [Span(label, request.round, 0, begun or request.requested_at, request.effected_at)]


def _told(line: ApprovalDecision, names: Any, request: ApprovalRequest) -> tuple[datetime, str, str]:
    who = sentences.behalf(names[line.by_id], names.get(line.on_behalf_of, "") if line.on_behalf_of else "")
    return line.at, sentences.told(line, who, request.record_reference), words.reason_of(line)


def _reminders(request: ApprovalRequest) -> list[Any]:
    """When those who are asked were reminded, each reminder once."""
    rows = session().execute(select(func.min(Notification.created_at)).where(
        Notification.record_id == request.id, Notification.key.startswith("reminder:")).group_by(Notification.key))
    return [(None, (row[0], _("Those who are asked were reminded."), "")) for row in rows]


def _within(span: Span, happened: Sequence[tuple[ApprovalDecision | None, tuple[datetime, str, str]]]) -> list[dict[str, str]]:
    """What happened in a step, the first first; reminders by their time, the rest by the step that it was about."""
    here = [said for line, said in happened if (
        (line.round, line.level) == (span.round, span.level) if line is not None
        else span.begun <= said[0] and (span.ended is None or said[0] <= span.ended))]
    return [{"when": show_moment(at), "text": text, "reason": reason} for at, text, reason in sorted(here)]


def _shown(span: Span, first: datetime, last: datetime, now: datetime) -> dict[str, Any]:
    whole = max((last - first).total_seconds(), 1.0)
    ended = span.ended or now
    width = max((ended - span.begun).total_seconds() / whole * WIDTH, SHORTEST)
    start = min((span.begun - first).total_seconds() / whole * WIDTH, WIDTH - width)
    return {"label": span.label, "lasts": span.ended is None, "late": span.due is not None and ended > span.due,
            "waited": _long(ended - span.begun), "begun": show_moment(span.begun), "ended": show_moment(span.ended) if span.ended else "",
            "start": round(max(start, 0.0), 2), "width": round(min(width, WIDTH), 2)}


def _long(span: timedelta) -> str:
    return format_timedelta(max(span, timedelta()), threshold=1.5, locale=get_locale())
