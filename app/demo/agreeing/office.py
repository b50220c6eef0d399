"""An organisation of its own to agree in: who asks, who decides, and the four workflows that come from templates put in force."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from app.core import auth, organisations, people, workflow
from app.core.approvals import delegations, handing
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

    def delegate(self, name: str, now: datetime) -> Callable[[], None]:
        """Let the stand-in decide for somebody from today on; gives what ends it."""
        with clock.at(now), self._as(name), unit_of_work():
            today = clock.today(self.place.timezone)
            given: UUID = delegations.give({"delegate": str(self.members[STAND_IN].id), "starts_on": today.isoformat(), "reason": "Away",
                                            "ends_on": (today + timedelta(days=30)).isoformat()}).id

        def end() -> None:
            with self._as(name), unit_of_work() as work:
                delegations.end(work.scalars(select(ApprovalDelegation).where(ApprovalDelegation.id == given)).one())

        return end

    def cover(self, name: str, now: datetime) -> Callable[[], None]:
        """Somebody is offshore from this hour on, and the stand-in covers; gives what brings them back."""
        with clock.at(now), self._as(name), unit_of_work():
            away: UUID = perform_one("calendar.absence", "create", data={
                "member": str(self.members[name].id), "cover": str(self.members[STAND_IN].id), "kind": "offshore",
                "starts_at": (now - timedelta(hours=1)).isoformat(), "ends_at": (now + timedelta(days=30)).isoformat()}).record_id
        self._keep_up(now)

        def end() -> None:
            with clock.at(now), self._as(name), unit_of_work():
                perform_one("calendar.absence", "archive", away, {})
            self._keep_up(now)

        return end

    def _keep_up(self, now: datetime) -> None:
        with clock.at(now), acting(self.place, SYSTEM, channel="schedule"), unit_of_work():
            handing.keep_up()

    def _as(self, name: str) -> AbstractContextManager[None]:
        return acting(self.place, people.load_actor(self.place, self.members[name].id) or SYSTEM, channel="page")


__all__ = ["OFFICE", "REQUESTER", "STAND_IN", "TAKEN", "Office"]
