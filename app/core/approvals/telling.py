"""After the commit: whoever is asked, or waits for an answer, learns of it, and their badges move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import notifications
from app.core.approvals.events import ApprovalDecided, ApprovalsAsked
from app.core.approvals.models import ApprovalRequest, ApprovalSeat, Asked, Seat, State, Verb
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
        ApprovalSeat.level == ApprovalRequest.level, ApprovalSeat.round == ApprovalRequest.round, ApprovalRequest.state == State.OPEN)
    asked: dict[UUID, list[ApprovalRequest]] = defaultdict(list)
    for seat, request in session().execute(query):
        asked[seat.member_id].append(request)
    people = _people(asked)
    for member_id, requests in asked.items():
        with force_locale(people[member_id].language.value):
            _notify_asked(member_id, requests)
    refresh(people.values())


def _notify_asked(member_id: UUID, requests: list[ApprovalRequest]) -> None:
    first = requests[0]
    title = heading(first) if len(requests) == 1 else ngettext("%(num)d request waits for your decision",
                                                               "%(num)d requests wait for your decision",
                                                               len(requests))
    notifications.notify(member_id, "approval", _("Waiting for you: %(title)s", title=title) if len(requests) == 1 else title,
                         address(first) if len(requests) == 1 else inbox(), record=first if len(requests) == 1 else None)


def tell_decided(fact: ApprovalDecided) -> None:
    """Whoever asked learns what was decided; everybody who was asked sees the badge move."""
    request = session().get(ApprovalRequest, (current.organisation.id, fact.request_id))
    if request is None:
        return
    verb = Verb(fact.verb)
    people = _people([request.requested_by, fact.by_id, *_seated(request)])
    to = request.requested_by
    if verb in ANSWERS and to != fact.by_id and to in people:
        with force_locale(people[to].language.value):
            title = _("%(title)s: %(verb)s", title=heading(request), verb=str(verb.label))
            notifications.notify(to, "approval", title, address(request), record=request)
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
