"""An organisation with one member per role, and a second organisation that must never show through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, event, func, select

from app.core import access, auth, organisations, people
from app.core.approvals.models import ApprovalRequest
from app.core.audit.models import AuditEntry
from app.core.search.models import SearchEntry
from app.core.workflow import drafts
from app.kernel.current import Organisation, acting, current
from app.kernel.db import as_identity, enter, session
from app.kernel.manifest import Resource
from app.kernel.outbox import OutboxRow
from app.kernel.records import new_id
from tests.contract import samples

ROLES = ("owner", "admin", "manager", "viewer", "nobody")  # the admin decides what the owner asks for


def populate() -> None:
    """Make both organisations and their members; done once, in the database that each worker's own is copied from."""
    north = organisations.found(new_id(), "north", "North Field", currency="EUR", timezone="Europe/Paris")
    south = organisations.found(new_id(), "south", "South Field", currency="EUR")
    with acting(north):
        enter()
        session().add(access.Role(key="nobody", label="Nobody", reference="ROLE-X", system=False))
        session().flush()
        for role in ROLES:
            people.enrol(f"{role.title()} Prüfer", f"{role}@north.example", role)
        drafts.make_workflows()
        session().commit()
    with acting(south):
        enter()
        people.enrol("Foreign Owner", "foreign@south.example", "owner")
        people.enrol("Foreign Admin", "admin@south.example", "admin")
        drafts.make_workflows()
        session().commit()


def _place(slug: str) -> Organisation:
    found = organisations.load_organisation(organisations.place_of(slug) or new_id())
    assert found is not None, slug
    return found


class World:
    """What the contract tests act in."""

    def __init__(self, app: Flask, connection: Connection) -> None:
        self.app, self.connection = app, connection
        self.place, self.other = _place("north"), _place("south")
        self.slug = self.place.slug
        members = self._members(self.place)
        self.ids = {role: members[f"{role}@north.example"][0] for role in ROLES}
        self.identities = {role: members[f"{role}@north.example"][1] for role in ROLES}
        self.foreign_id = self._members(self.other)["foreign@south.example"][0]
        self._clients: dict[str, FlaskClient] = {}
        self._tokens: dict[FlaskClient, dict[str, str]] = {}

    def _members(self, place: Organisation) -> dict[str, tuple[Any, Any]]:
        with acting(place):
            enter()
            rows = session().execute(select(people.Member.email, people.Member.id, people.Member.identity_id)).all()
            session().commit()
        return {row.email: (row.id, row.identity_id) for row in rows}

    def url(self, resource: Resource, organisation: str = "") -> str:
        """The list of a resource."""
        return f"/{organisation or self.slug}/{resource.module}/{resource.slug}/"

    @contextmanager
    def acting(self, role: str, place: Organisation | None = None, member_id: Any = None) -> Iterator[None]:
        """Within the block, the member of that role acts; what they did is committed."""
        place = place or self.place
        with acting(place):
            enter()
            actor = people.load_actor(place, member_id or self.ids[role])
        assert actor is not None
        with acting(place, actor, channel="page"):
            enter()
            yield
            session().commit()

    def member(self, role: str) -> Any:
        """The member of that role."""
        with self.acting("owner"):
            found = session().get_one(people.Member, (self.place.id, self.ids[role]), populate_existing=True)
            session().expunge(found)
        return found

    def client(self, role: str) -> FlaskClient:
        """A browser in which the member of that role is signed in."""
        if role not in self._clients:
            client = self.app.test_client()
            with as_identity(self.identities[role]):
                secret = auth.open_session(self.identities[role])
                session().commit()
            client.set_cookie(self.app.extensions["settings"].cookie("session"), secret, domain="localhost")
            self._clients[role] = client
        session().expire_all()
        return self._clients[role]

    def stranger(self) -> FlaskClient:
        """A browser in which nobody is signed in."""
        return self.app.test_client()

    def token(self, client: FlaskClient) -> dict[str, str]:
        """The header that shows a request comes from our own page."""
        if client not in self._tokens:
            page = client.get(f"/{self.slug}/inbox/").text
            found = re.search(r'name="csrf-token" content="([0-9a-f]+)"|name="csrf_token" value="([0-9a-f]+)"', page)
            assert found, "the page carries no token"
            self._tokens[client] = {"X-CSRF-Token": found.group(1) or found.group(2)}
        return self._tokens[client]

    def post(self, url: str, data: Mapping[str, Any], role: str = "owner") -> Any:
        """Submit a plain form, as a browser without script does."""
        client = self.client(role)
        return client.post(url, data=_plain(data), headers=self.token(client))

    def records(self, resource: Resource, count: int, start: int = 1) -> list[Any]:
        """Records made by the owner; for what cannot be made, those that are there."""
        with self.acting("owner"):
            if resource.form and resource.creatable:
                made = samples.make(resource, count, start)
            else:
                model: Any = resource.model
                made = list(session().scalars(select(model).where(model.archived_at.is_(None)).limit(count)))
            for record in made:
                session().refresh(record)
                session().expunge(record)
        return made

    def foreign_record(self, resource: Resource) -> Any:
        """A record of the other organisation."""
        with self.acting("owner", self.other, self.foreign_id):
            record = samples.make(resource, 1)[0]
            session().refresh(record)
            session().expunge(record)
        return record

    def by_reference(self, resource: Resource, reference: str) -> Any:
        """A record as it is now."""
        model: Any = resource.model
        return session().scalar(select(model).where(model.reference == reference).execution_options(populate_existing=True))

    def entries(self, record: Any) -> list[AuditEntry]:
        """The rows of the trail about a record, oldest first."""
        found = list(session().scalars(select(AuditEntry).where(AuditEntry.record_id == record.id).order_by(AuditEntry.at, AuditEntry.id)))
        session().expunge_all()
        return found

    def queries(self, work: Callable[[FlaskClient], Any]) -> int:
        """How many statements a request sends to the database."""
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith(("SAVEPOINT", "RELEASE", "SELECT set_config")):
                sent.append(statement)

        client = self.client("owner")
        event.listen(self.connection, "before_cursor_execute", note)
        try:
            work(client)
        finally:
            event.remove(self.connection, "before_cursor_execute", note)
        return len(sent)

    def traces(self, resource: Resource, work: Callable[[], list[Any]]) -> dict[str, Any]:
        """What a piece of work leaves: counts by table, and the audit rows without what differs by nature. Undone afterwards."""
        with self.acting("owner"):
            point = session().begin_nested()
            before = self._counts()
            records = work()
            session().flush()
            after = self._counts()
            ids = [r.id for r in records]
            rows = session().scalars(select(AuditEntry).where(AuditEntry.record_id.in_(ids)))
            actions = sorted((r.action, tuple(sorted(r.changes)), r.result) for r in rows)
            point.rollback()
            session().expire_all()
        return {"counts": {name: after[name] - before[name] for name in after}, "audit": actions}

    def _counts(self) -> dict[str, int]:
        models = {"audit": AuditEntry, "search": SearchEntry, "outbox": OutboxRow, "approvals": ApprovalRequest}
        fact = OutboxRow.payload["fact"]  # those who decide are told of many requests at once, and whoever listens of many records
        told = func.coalesce(func.jsonb_array_length(fact["request_ids"]), func.jsonb_array_length(fact["ids"]), 1)
        amounts = {"outbox": func.sum(told)}
        return {name: session().scalar(select(amounts.get(name, func.count())).select_from(model).where(
            model.organisation_id == current.organisation.id)) or 0 for name, model in models.items()}


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Form data: rows become `lines-0-quantity`."""
    flat = {name: value for name, value in data.items() if name != "lines"}
    for place, line in enumerate(data.get("lines", ())):
        flat |= {f"lines-{place}-{name}": value for name, value in line.items()}
    return {name: "" if value is None else str(value) for name, value in flat.items()}
