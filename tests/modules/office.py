"""A small organisation in which the modules are tried, made of the demo's own parts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core import approvals, organisations, people
from app.core.approvals import ApprovalRequest
from app.demo import people as hiring
from app.demo.cast import House, Post, Unit
from app.kernel import clock, outbox
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import Outcome, perform, perform_one
from app.kernel.records import new_id

SMALL = House(
    "office", "Small Office", "council", "GBP", "Europe/London", cost_centre="OFF",
    sites=(("Yard", "base", "Here"),),
    units=(Unit("Roads"), Unit("Parks", "Roads", managed=False)),
    posts=(Post("Olive Owner", "Director", "owner", "Parks"), Post("Max Manager", "Head of roads", "manager", "Roads"),
           Post("Hanna Hse", "HSE manager", "member", "Roads", ("hse_manager",)),
           Post("Cleo Clerk", "Clerk", "member", "Roads", ("payments_clerk",)),
           Post("Fay First", "Approver", "approver", "Roads", ("finance_approver",)),
           Post("Sam Second", "Approver", "approver", "Roads", ("finance_approver",)),
           Post("Bea Buyer", "Buyer", "member", "Parks", ("buyer",)), Post("Mo Member", "Gardener", "member", "Parks")))


class Office:
    """Its members by first name, and short ways to make things, decide, and let time pass."""

    def __init__(self) -> None:
        self.place = organisations.found(new_id(), "office", "Small Office", currency="GBP", timezone="Europe/London")
        with acting(self.place, SYSTEM), unit_of_work():
            self.staff = hiring.settle(SMALL, random.Random(1), "no-password")
        self.ids = {name.split()[0].lower(): member.id for name, member in self.staff.named.items()}
        self.site = str(self.staff.sites[0].id)
        self.departments = {name.lower(): str(department.id) for name, department in self.staff.departments.items()}
        self.later_by = timedelta()

    @contextmanager
    def as_(self, name: str = "", channel: str = "page") -> Iterator[Any]:
        """One piece of work by a member, or by the system."""
        with acting(self.place, SYSTEM):
            actor = people.load_actor(self.place, self.ids[name]) if name else SYSTEM
        assert actor is not None
        with acting(self.place, actor, channel=channel), unit_of_work() as work:
            yield work

    def make(self, resource: str, by: str, data: Mapping[str, Any]) -> Outcome:
        """Create a record through the door; its id is in the outcome's `record_id`, read before the session ends."""
        with self.as_(by) as work:
            outcome = perform_one(resource, "create", data=data)
            return _kept(work, outcome)

    def act(self, resource: str, action: str, record_id: UUID, by: str, data: Mapping[str, Any] | None = None) -> Outcome:
        """Do something to a record through the door."""
        with self.as_(by) as work:
            return _kept(work, perform(resource, action, [record_id], data)[0])

    def get(self, model: Any, record_id: UUID) -> Any:
        """A record as it is now, detached."""
        with self.as_() as work:
            found = work.get_one(model, (self.place.id, record_id), populate_existing=True)
            work.expunge(found)
            return found

    def all(self, model: Any, *criteria: Any) -> list[Any]:
        """All records of a model that fit, detached."""
        with self.as_() as work:
            found = list(work.scalars(select(model).where(*criteria)))
            work.expunge_all()
            return found

    def approve(self, request_id: UUID | None, by: str) -> None:
        """Agree as a member, having seen what is there."""
        assert request_id is not None
        with self.as_(by):
            shown = session().get_one(ApprovalRequest, (self.place.id, request_id)).snapshot_hash
            approvals.decide(request_id, "approve", shown_hash=shown, key=str(new_id()))

    def deliver(self, seconds: int = 61) -> None:
        """Let the hold windows pass and deliver all that is due, with what follows from it."""
        with clock.at(clock.now() + timedelta(seconds=seconds)):
            while outbox.drain(self.place.id):
                pass


def _kept(work: Any, outcome: Outcome) -> Outcome:
    work.flush()
    work.refresh(outcome.record)
    work.expunge(outcome.record)
    return outcome
