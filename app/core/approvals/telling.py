"""After the commit: whoever is asked, or waits for an answer, learns of it, and their badges move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.core import notifications
from app.core.approvals import consulting, filling, news, sentences, words
from app.core.approvals.events import ApprovalDecided, ApprovalsAsked
from app.core.approvals.models import ApprovalDecision, ApprovalRequest, ApprovalSeat, Asked, Seat, State, Verb
from app.core.approvals.showing import heading
from app.core.people import Member
from app.kernel import stream
from app.kernel.current import SYSTEM_ID, current
from app.kernel.db import session

ANSWERS = frozenset({Verb.RETURN, Verb.REJECT, Verb.ASK, Verb.EFFECT, Verb.VOID, Verb.WITHDRAW, Verb.COMMENT})


def tell_asked(fact: ApprovalsAsked) -> None:
    """One notice per person, however many requests came in together."""
    query = select(ApprovalSeat, ApprovalRequest).join(
        ApprovalRequest,
        (ApprovalRequest.organisation_id == ApprovalSeat.organisation_id) & (ApprovalRequest.id == ApprovalSeat.request_id)).where(
        ApprovalSeat.request_id.in_(fact.request_ids), ApprovalSeat.state == Seat.WAITING, ApprovalSeat.asked != Asked.WATCHING,
        ApprovalSeat.round == ApprovalRequest.round, ApprovalRequest.state == State.OPEN)
    if fact.only:
        query = query.where(ApprovalSeat.member_id.in_(fact.only))
    asked: dict[UUID, list[ApprovalRequest]] = defaultdict(list)
    forms: set[tuple[UUID, UUID]] = set()
    for seat, request in session().execute(query):
        if seat.asked != Asked.OPINION:
            asked[seat.member_id].append(request)
            forms |= {(seat.member_id, request.id)} if filling.awaited(request, seat) else set()
        elif fact.only:
            _notify_adviser(seat.member_id, request)
    for member_id, requests in asked.items():
        _notify_asked(member_id, requests, to_fill=(member_id, requests[0].id) in forms)
    refresh(_people({*asked, *fact.only}).values())


def _notify_adviser(member_id: UUID, request: ApprovalRequest) -> None:
    """Whose opinion is asked learns by whom, and what the question is."""
    question = consulting.last_question(request, member_id)
    if question is None:
        return
    who = words.people([question.by_id])[question.by_id]
    notifications.notify(member_id, "approval", lambda: _("%(name)s asks for your opinion: %(title)s", name=who, title=heading(request)),
                         address(request), record=request, text=question.reason)


def _notify_asker(request: ApprovalRequest, by: UUID) -> None:
    """Who asked for an opinion learns what it is: they decide now."""
    question = consulting.last_question(request, by)
    said = session().scalars(select(ApprovalDecision).where(
        ApprovalDecision.request_id == request.id, ApprovalDecision.verb == Verb.ADVISE, ApprovalDecision.by_id == by).order_by(
        ApprovalDecision.at.desc(), ApprovalDecision.id.desc()).limit(1)).first()
    if question is None or said is None:
        return
    who = words.people([by])[by]
    notifications.notify(question.by_id, "approval", lambda: sentences.told(said, who, _("“%(title)s”", title=heading(request))),
                         address(request), record=request, text=said.reason)


def _notify_asked(member_id: UUID, requests: list[ApprovalRequest], *, to_fill: bool) -> None:
    first, count = requests[0], len(requests)
    if count == 1:
        def said() -> str:
            title = heading(first)
            return _("To be filled in by you: %(title)s", title=title) if to_fill else _("Waiting for you: %(title)s", title=title)

        notifications.notify(member_id, "approval", said, address(first), record=first)
    else:
        notifications.notify(member_id, "approval", lambda: ngettext("%(num)d request waits for your decision",
                                                                     "%(num)d requests wait for your decision", count), inbox())


def tell_decided(fact: ApprovalDecided) -> None:
    """Whoever asked learns what was decided; everybody who was asked sees the badge move."""
    request = session().get(ApprovalRequest, (current.organisation.id, fact.request_id))
    if request is None:
        return
    verb = Verb(fact.verb)
    people = _people([request.requested_by, fact.by_id, *_seated(request)])
    to = request.requested_by

    who = words.people([fact.by_id])[fact.by_id]

    def tell(member_id: UUID, kind: str, key: str = "") -> None:
        notifications.notify(member_id, kind, lambda: sentences.news(verb, who, heading(request)), address(request),
                             record=request, text=request.last_reason or "", key=key)

    if verb == Verb.ADVISE:
        _notify_asker(request, fact.by_id)
    if verb in ANSWERS and to != fact.by_id and to in people:
        tell(to, "decision")
    for member_id, key in news.readers(request, verb, fact.by_id):
        tell(member_id, "watched", key)
    refresh(people.values())


def _seated(request: ApprovalRequest) -> list[UUID]:
    return list(session().scalars(select(ApprovalSeat.member_id).where(ApprovalSeat.request_id == request.id).distinct()))


def _people(ids: Iterable[UUID]) -> dict[UUID, Member]:
    wanted = set(ids) - {SYSTEM_ID}
    return {member.id: member for member in session().scalars(select(Member).where(Member.id.in_(wanted)))}


def refresh(members: Iterable[Member]) -> None:
    """Tell the open pages of these people to ask again."""
    identities = [member.identity_id for member in members if member.identity_id]
    if identities:
        stream.announce("badges", to=identities)


def address(request: ApprovalRequest) -> str:
    """Where a request is, below the base address; made without a request for a page."""
    return f"/{current.organisation.slug}/inbox/{request.reference}/"


def inbox() -> str:
    """Where the queue is, below the base address."""
    return f"/{current.organisation.slug}/inbox/"
