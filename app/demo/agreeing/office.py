"""An organisation of its own to agree in: who asks, who decides, and the four workflows that come from templates put in force."""

from __future__ import annotations

import random
import secrets
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.core import auth, organisations, people, workflow
from app.core.approvals import delegations
from app.core.approvals.models import ApprovalDelegation
from app.core.people import Member
from app.core.workflow import drafts, templates
from app.demo.accounts import PASSWORD
from app.demo.cast import House, Post, Unit
from app.demo.people import settle
from app.demo.writing import keep
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.kernel.records import new_id
from app.kernel.registry import registry
from app.modules.procurement.models import Supplier

WORKS, HEAD = "Works", "Head office"
OFFICE = House(
    "agreeing", "Agreeing", "council", "EUR", "Europe/Paris", cost_centre="AGR",
    sites=(("Depot", "office", "Quay 3"),), units=(Unit(HEAD), Unit(WORKS, HEAD)),
    posts=(Post("Olga Brandt", "Chief executive", "owner", HEAD), Post("Dina Moreau", "Director", "manager", HEAD),
           Post("Max Leroy", "Head of works", "manager", WORKS), Post("Milan Horvat", "Deputy head of works", "manager", WORKS),
           Post("Rita Sousa", "Engineer", "manager", WORKS), Post("Stan Weber", "Assistant", "member", HEAD),
           Post("Ana Costa", "Reviewer", "approver", HEAD), Post("Ben Okoye", "Reviewer", "approver", HEAD),
           Post("Cleo Marin", "Reviewer", "approver", HEAD), Post("Fay Lindqvist", "Accountant", "member", HEAD, ("finance_approver",)),
           Post("Finn Keane", "Accountant", "member", HEAD, ("finance_approver",)),
           Post("Fred Aubert", "Accountant", "member", HEAD, ("finance_approver",)),
           Post("Hana Novak", "Safety adviser", "member", HEAD, ("hse_manager",)),
           Post("Adi Mensah", "Systems lead", "admin", HEAD)))
REQUESTER, STAND_IN = "Rita Sousa", "Stan Weber"
TAKEN = {"purchase": "procurement.requisition", "payment": "procurement.payment", "close_out": "hse.close_out",
         "access_request": "access.request"}


class Office:
    """The organisation, its people by name, and what its records refer to."""

    def __init__(self) -> None:
        self._away = ""
        slug = f"{OFFICE.slug}-{secrets.token_hex(3)}"
        house = replace(OFFICE, slug=slug, name=f"Agreeing {slug[-6:]}")
        self.place: Organisation = organisations.found(new_id(), slug, house.name, currency=house.currency, timezone=house.timezone)
        with acting(self.place, channel="demo"):
            with unit_of_work():
                staff = settle(house, random.Random(slug), auth.hash_password(PASSWORD))  # noqa: S311 -- names, not secrets
                supplier = Supplier(id=new_id(), name="Acorn", remittance_email="acorn@suppliers.example", created_at=clock.now())
                keep([supplier])
                self.supplier, self.site = supplier.id, staff.sites[0].id
                self.department = staff.departments[WORKS].id
                self.members: dict[str, Member] = dict(staff.named)
            self.by_id: dict[UUID, str] = {member.id: name for name, member in self.members.items()}
            with unit_of_work():
                self._put_in_force()

    def _put_in_force(self) -> None:
        """What modules agree by levels goes by the templates here."""
        drawn = {each.key: each for each in templates.TEMPLATES}
        with self._as("Olga Brandt"):
            for key, approval in TAKEN.items():
                governed = next(each for each in drafts.governed() if each.approval.key == approval)
                workflow_id = workflow.workflow_of(registry.approvals[approval], governed.action.name)
                made = perform_one("workflow.workflow_version", "create", data={"workflow": str(workflow_id)})
                drafts.write(made.record, drawn[key].draw(governed.action.name))
                session().flush()
                drafts.activate(made.record)

    def delegate(self, name: str, now: datetime) -> UUID:
        """Let the stand-in decide for somebody from today on; gives the delegation."""
        with clock.at(now), self._as(name), unit_of_work():
            today = clock.today(self.place.timezone)
            given = delegations.give({"delegate": str(self.members[STAND_IN].id), "starts_on": today.isoformat(), "reason": "Away",
                                      "ends_on": (today + timedelta(days=30)).isoformat()})
            self._away = name
            found: UUID = given.id
            return found

    def end(self, delegation_id: UUID) -> None:
        """They are back."""
        with self._as(self._away), unit_of_work() as work:
            delegations.end(work.scalars(select(ApprovalDelegation).where(ApprovalDelegation.id == delegation_id)).one())

    def _as(self, name: str) -> AbstractContextManager[None]:
        return acting(self.place, people.load_actor(self.place, self.members[name].id) or SYSTEM, channel="page")


__all__ = ["OFFICE", "REQUESTER", "STAND_IN", "TAKEN", "Office"]
