"""A small organisation to decide in: two departments, one without a manager, three finance approvers, an owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core import access, approvals, organisations, people
from app.core.approvals import ApprovalRequest, ApprovalSeat, Decided, Seat
from app.core.organisations import Department
from app.kernel import clock, outbox
from app.kernel.current import SYSTEM, Actor, Grant, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import Outcome, perform
from app.kernel.records import new_id, refresh_keys
from app.kernel.references import assign
from app.modules.procurement.models import Payment, Supplier


@dataclass(frozen=True)
class Done:
    """What the door said, without the record, which left with its piece of work."""

    state: str
    approval_id: UUID | None
    record_id: UUID

    @classmethod
    def of(cls, outcome: Outcome) -> Done:
        """Read while the piece of work lasts."""
        return cls(outcome.state, outcome.approval_id, outcome.record.id)


EVERYTHING = (Grant("*.*.*", "company", "test"),)


class House:
    """Its members by name, and short ways to pay, decide, look and let time pass."""

    def __init__(self) -> None:
        identity = new_id()
        self.organisation = organisations.found(identity, f"house-{str(identity)[-10:]}", "House", currency="GBP")
        self.actors: dict[str, Actor] = {}
        self.ids: dict[str, UUID] = {}
        self.departments: dict[str, UUID] = {}
        self.number = 0
        with acting(self.organisation, SYSTEM), unit_of_work():
            self._people()
        with acting(self.organisation, SYSTEM), unit_of_work():
            supplier = Supplier(name="Acorn", remittance_email="acorn@suppliers.example")
            self.supplier = self._add(supplier).id

    def _people(self) -> None:
        root = self._department("root")
        first, second = self._department("roads", root), self._department("parks", root)
        owner = self._member("owner", "owner")
        director = self._member("director", "manager", department_id=root.id, manager_id=owner)
        manager = self._member("manager", "manager", department_id=first.id, manager_id=director)
        self._member("clerk", department_id=first.id, manager_id=manager)
        for name in ("fiona", "felix", "freya"):
            access.grant_further(self._member(name, department_id=root.id, manager_id=director), "finance_approver")
        access.grant_further(self._member("hanna", department_id=root.id, manager_id=director), "hse_manager")
        root.manager_id, first.manager_id = director, manager
        self.departments |= {"root": root.id, "roads": first.id, "parks": second.id}
        session().flush()

    def _department(self, name: str, parent: Department | None = None) -> Department:
        found: Department = self._add(Department(name=name, parent_id=parent.id if parent else None))
        return found

    def _add(self, record: Any) -> Any:
        assign([record])
        refresh_keys(record)
        session().add(record)
        session().flush()
        return record

    def _member(self, name: str, role: str = "member", **said: Any) -> UUID:
        made = people.enrol(name.title(), f"{name}.{str(self.organisation.id)[-8:]}@house.example", role, **said)
        self.ids[name] = made.id
        self.actors[name] = Actor(id=made.id, name=made.name, email=made.email, identity_id=made.identity_id, grants=EVERYTHING,
                                  department_id=made.department_id, timezone="UTC")
        return made.id

    @contextmanager
    def as_(self, name: str, channel: str = "page") -> Iterator[Any]:
        """One piece of work by a member."""
        with acting(self.organisation, self.actors[name], channel=channel), unit_of_work() as work:
            yield work

    def payment(self, amount: str, *, by: str = "clerk", department: str = "roads", currency: str = "GBP", **said: Any) -> Done:
        """Enter a payment; it is released at once or waits."""
        self.number += 1
        data = {"supplier": str(self.supplier), "amount": amount, "currency": currency, "paid_on": "2026-10-01", "category": "Works",
                "purpose": "Repairs", "department": str(self.departments[department]), "transaction_number": f"T-{self.number}", **said}
        return self.do(by, "procurement.payment", "create", data=data)

    def waiting(self, amount: str = "6000", **said: Any) -> UUID:
        """A payment that waits; gives the id of its request."""
        outcome = self.payment(amount, **said)
        assert outcome.state == "parked"
        assert outcome.approval_id is not None
        return outcome.approval_id

    def decide(self, request_id: UUID, by: str, verb: str = "approve", **said: Any) -> Decided:
        """Answer as a member, having seen what is there."""
        with self.as_(by):
            said.setdefault("shown_hash", session().get_one(ApprovalRequest, (self.organisation.id, request_id)).snapshot_hash)
            return approvals.decide(request_id, verb, **said)

    def red(self, request_id: UUID, by: str, **said: Any) -> Decided:
        """Approve a RED request with everything that it takes."""
        from app.core.approvals import guards

        with self.as_(by):
            request = session().get_one(ApprovalRequest, (self.organisation.id, request_id))
            wanted = {"shown_hash": request.snapshot_hash, "key": guards.evidence_key(request), "word": "approve", "password": "right"}
            return approvals.decide(request_id, "approve", **{**wanted, **said})

    def request(self, request_id: UUID) -> ApprovalRequest:
        """The request as it is now, detached."""
        with acting(self.organisation, SYSTEM), unit_of_work() as work:
            found = work.get_one(ApprovalRequest, (self.organisation.id, request_id), populate_existing=True)
            work.expunge(found)
            return found

    def asked(self, request_id: UUID, *states: Seat) -> list[tuple[int, str, str]]:
        """Level, name and state of each seat of the present round."""
        names = {value: key for key, value in self.ids.items()}
        with acting(self.organisation, SYSTEM), unit_of_work() as work:
            request = work.get_one(ApprovalRequest, (self.organisation.id, request_id))
            seats = work.scalars(select(ApprovalSeat).where(ApprovalSeat.request_id == request_id, ApprovalSeat.round == request.round))
            return sorted((s.level, names[s.member_id], s.state.value) for s in seats if not states or s.state in states)

    def waits_for(self, request_id: UUID) -> list[str]:
        """The names of those who are asked now."""
        return [name for _level, name, _state in self.asked(request_id, Seat.WAITING)]

    def paid(self, request_id: UUID) -> Payment:
        """The payment of a request, detached."""
        record_id = self.request(request_id).record_id
        with acting(self.organisation, SYSTEM), unit_of_work() as work:
            found = work.get_one(Payment, (self.organisation.id, record_id), populate_existing=True)
            work.expunge(found)
            return found

    def edit(self, request_id: UUID, by: str, **data: Any) -> Done:
        """Change the payment of a request through the door."""
        record_id = self.request(request_id).record_id
        return self.do(by, "procurement.payment", "edit", [record_id], data)

    def do(self, by: str, resource: str, action: str, targets: Any = (), data: Any = None, **said: Any) -> Done:
        """One call of the door, in a piece of work of its own."""
        with self.as_(by):
            return Done.of(perform(resource, action, targets, data, **said)[0])

    def later(self, seconds: float) -> int:
        """Deliver what is due after so many seconds; gives how many deliveries there were."""
        with clock.at(clock.now() + timedelta(seconds=seconds)), acting(None, None):
            return outbox.drain(self.organisation.id)


