"""A request with everything that its page says of it, each part read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core import files
from app.core.approvals import guards, snapshots, words
from app.core.approvals.legs import leg_at
from app.core.approvals.models import ASIDE, ApprovalDecision, ApprovalRequest, ApprovalSeat, Asked, Seat, State
from app.core.approvals.rounds import story
from app.core.approvals.running import Run, added_among, given_among
from app.core.approvals.seats import place_of, seats_of
from app.core.calendar import Absence, absences
from app.core.files import StoredFile
from app.kernel.ai_actions import Evidence
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.registry import registry


class Case:
    """One request, its record, the files on it, its seats and its story."""

    def __init__(self, request: ApprovalRequest) -> None:
        self.request = request
        self.resource = registry.resource(request.resource)

    @cached_property
    def record(self) -> Any:
        """What is to be approved; None when it is gone."""
        model: Any = self.resource.model
        return session().scalars(select(model).where(model.id == self.request.record_id)).first()

    @cached_property
    def told(self) -> list[ApprovalDecision]:
        """All that happened, oldest first."""
        return story(self.request)

    @cached_property
    def seats(self) -> list[ApprovalSeat]:
        """The seats of the present round."""
        return seats_of(self.request)

    @cached_property
    def files(self) -> list[StoredFile]:
        """The files that hang on the record."""
        return [] if self.record is None else files.files_of(self.record)

    @cached_property
    def evidence(self) -> Evidence | None:
        """What stands behind the record, where its approval knows."""
        approval = registry.approvals.get(self.request.approval)
        return approval.evidence(self.record) if approval and approval.evidence and self.record is not None else None

    @property
    def live(self) -> bool:
        """Whether somebody can still decide."""
        return self.request.state == State.OPEN and self.record is not None

    @property
    def level(self) -> int:
        """The leg that is looked at: the one at which the reader is asked, otherwise the first that is open."""
        mine = (seat.level for seat in self.seats if seat.member_id == current.user.id and seat.state == Seat.WAITING)
        return min(mine, default=self.request.level)

    @property
    def seat(self) -> ApprovalSeat | None:
        """The seat at which the reader decides now."""
        mine = (seat for seat in self.seats if seat.member_id == current.user.id and seat.state == Seat.WAITING and seat.asked not in ASIDE)
        return min(mine, key=lambda seat: seat.level, default=None)

    @property
    def meaning(self) -> str:
        """What the reader's signature would say; empty where none is asked."""
        return guards.meaning_of(self.request, self.seat)

    @cached_property
    def away(self) -> dict[UUID, Absence]:
        """Of those who are waited for, or stood in for, who is away now."""
        return absences.away(place_of(seat) for seat in self.seats if seat.state == Seat.WAITING)

    @cached_property
    def run(self) -> Run:
        """The request on its graph, to look ahead."""
        return Run(self.request, self.record, seats=self.seats)

    @property
    def missing(self) -> int:
        """How many approvals of the leg that is looked at are missing, once there is one more: the reader's, where they are asked."""
        here = [seat for seat in self.seats if seat.level == self.level]
        mine = {place_of(seat) for seat in here if seat.member_id == current.user.id and seat.state == Seat.WAITING}
        added, given = added_among(here), given_among(here) | mine
        regular = leg_at(self.request, self.level).needs - len(given - added) - (not mine)
        return max(regular, 0) + len(added - given)

    def waits_for(self, member_id: UUID) -> bool:
        """Whether a member is asked now, to decide or for their opinion."""
        return any(seat.member_id == member_id and seat.state == Seat.WAITING for seat in self.seats)

    def decides(self, member_id: UUID) -> bool:
        """Whether a member is asked to decide now."""
        return any(seat.member_id == member_id and seat.state == Seat.WAITING and seat.asked not in ASIDE for seat in self.seats)

    def advises(self, member_id: UUID) -> bool:
        """Whether a member's opinion is asked now."""
        return any(seat.member_id == member_id and seat.state == Seat.WAITING and seat.asked == Asked.OPINION for seat in self.seats)

    @cached_property
    def now(self) -> snapshots.Snapshot:
        """What would be approved if the request were made at this moment."""
        return snapshots.take(self.resource, [self.record], hanging={self.record.id: self.files})[0]

    @contextmanager
    def open(self) -> Iterator[None]:
        """Within the block, everybody and everything that it names is known by name, asked for in one statement."""
        with words.remembering():
            words.names_of({**snapshots.linked(self.resource, self.request.snapshot), "member": self._people()})
            yield

    def _people(self) -> set[UUID]:
        named = snapshots.linked(self.resource, self.request.snapshot).get("member", set())
        seated = (i for seat in self.seats for i in (seat.member_id, seat.for_member_id))
        return {self.request.requested_by, *named, *(i for i in (*seated, *_speakers(self.told)) if i)}


def _speakers(told: Sequence[ApprovalDecision]) -> Iterator[UUID | None]:
    for line in told:
        yield line.by_id
        yield line.on_behalf_of
