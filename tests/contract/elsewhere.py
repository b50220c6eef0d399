"""Another organisation full of records, each with a name of its own: what the probes of isolation ask for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import inspect, select, update
from sqlalchemy.exc import ProgrammingError

from app.core import auth, autonomy, files, impersonation, imports, notifications, organisations, people, runs
from app.core.access.models import RoleChange
from app.core.agencies import services as agencies
from app.core.approvals import delegations
from app.core.approvals.models import InboxView
from app.core.auth import sessions
from app.core.auth.factors.models import LostFactor
from app.core.impersonation.models import Reach
from app.core.notifications.outside.models import Delivery, Device, Way
from app.core.sso.models import Link, Provider
from app.kernel import clock
from app.kernel.current import Organisation, acting
from app.kernel.db import as_identity, db, enter, session
from app.kernel.records import new_id
from app.kernel.references import assign
from app.kernel.registry import registry
from tests.contract import gatehouse

WORDS = "zirconium"  # stands in the records of the other organisation alone
NEVER = "ZZZ-1999-99999"  # a reference that nothing has


class Foreign:
    """What another organisation has: a reference and an id by table."""

    def __init__(self) -> None:
        place = organisations.load_organisation(organisations.place_of(gatehouse.SLUG) or new_id())
        assert place is not None
        self.place: Organisation = place
        self.references: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        with acting(place):
            enter()
            owner = people.load_actor(place, session().scalars(select(people.Member.id).where(
                people.Member.email == gatehouse.mail_of("owner"))).one())
        assert owner is not None
        assert owner.identity_id is not None
        with acting(place, owner, channel="page"):
            enter()
            self._more(owner.id, owner.identity_id)
            for mapper in sorted(db.Model.registry.mappers, key=lambda each: str(each.local_table)):
                self._look(mapper.class_)
            session().commit()
        with as_identity(owner.identity_id):
            auth.open_session(owner.identity_id)
            session().commit()
        self.ids["user_session"] = str(sessions.living(owner.identity_id)[0].id)

    def _more(self, owner_id: UUID, identity_id: UUID) -> None:
        """Rows of kinds that the gatehouse does not have by itself."""
        suppliers = registry.resource("procurement.supplier")
        supplier: Any = session().scalars(select(suppliers.model)).first()
        files.attach(suppliers, supplier, files.store(b"a,b\n1,2\n", "foreign.csv"))
        imports.start_check(imports.begin(suppliers, b"name\nForeign\n", "foreign.csv"), suppliers)
        notifications.notify(owner_id, "approval", lambda: WORDS)
        other = session().scalars(select(people.Member).where(people.Member.email == gatehouse.mail_of("viewer"))).one()
        today = clock.today(self.place.timezone).isoformat()
        delegations.give({"delegate": str(other.id), "starts_on": today, "ends_on": today})
        impersonation.ask(other, "Their list stays empty", Reach.LOOK)
        auth.make_token("foreign")
        provider = session().scalars(select(Provider.id)).first()
        session().add(Link(provider_id=provider, member_id=owner_id, subject="foreign", email="foreign@gatehouse.example"))
        runs.launch(next(iter(registry.runs)), title=WORDS)
        session().add(Device(member_id=owner_id, name=WORDS, address="https://push.example/foreign", public_key=b"key", sealed=b"sealed"))
        session().add(Delivery(way=Way.HOOK, recipient=WORDS, title=WORDS, content={}))
        autonomy.propose("classification", WORDS, WORDS)
        change = RoleChange(label=WORDS, summary=WORDS, plan="{}")
        assign([change])
        session().add(change)
        session().add(InboxView(member_id=owner_id, name=WORDS))
        session().add(LostFactor(member_id=owner_id, identity_id=identity_id, reason="A lost phone"))
        self.ids["agency_link"] = str(agencies.offer("agency", "south", "viewer", "").id)
        supplier.name = WORDS
        session().flush()

    def _look(self, model: Any) -> None:
        """One row of a table, under a reference that nobody else has."""
        columns = inspect(model).columns
        if "organisation_id" not in columns or "id" not in columns:
            return
        with session().begin_nested() as point:
            try:
                row = session().execute(select(model.id).where(model.organisation_id == self.place.id).limit(1)).scalar()
            except ProgrammingError:  # a table apart, which nobody reads so
                point.rollback()
                return
        if row is None:
            return
        self.ids[str(model.__tablename__)] = str(row)
        if "reference" in columns:
            reference = f"ZZZ-1999-{len(self.references):05}"
            session().execute(update(model).where(model.organisation_id == self.place.id, model.id == row).values(reference=reference)
                              .execution_options(audited_otherwise=True, synchronize_session=False))
            self.references[str(model.__tablename__)] = reference
