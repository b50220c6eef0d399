"""Two organisations, and a directory with a token of an administrator of the first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import auth
from app.core.audit.models import AuditEntry
from app.core.people import Member
from app.kernel import outbox
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from tests.core.visitors import actor_of, enrol, found

MEDIA = "application/scim+json"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def token_of(place: Organisation, member: Member, *scopes: str) -> str:
    """A token of a member, for what they may do."""
    with acting(place, actor_of(place, member)), unit_of_work():
        return auth.make_token("directory", scopes or ("admin",))[1]


@dataclass
class Directory:
    """A directory elsewhere, with a token."""

    app: Flask
    place: Organisation
    token: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One request, as a directory sends it."""
        said = {"Authorization": f"Bearer {self.token}", "Accept": MEDIA, **{k.replace("_", "-"): v for k, v in headers.items()}}
        sent = {} if body is None else {"data": json.dumps(body), "content_type": f"{MEDIA}; charset=utf-8"}
        return self.app.test_client().open(f"/scim/v2/{self.place.slug}{path}", method=method, headers=said, **sent)

    def get(self, path: str, **query: Any) -> Any:
        """Read."""
        said = {"Authorization": f"Bearer {self.token}", "Accept": MEDIA}
        return self.app.test_client().get(f"/scim/v2/{self.place.slug}{path}", headers=said, query_string=query)

    def make(self, email: str, **said: Any) -> dict[str, Any]:
        """A person, as plainly as can be."""
        name = email.partition("@")[0]
        made = self.ask("POST", "/Users", {"schemas": [USER], "userName": email, "name": {"givenName": name.title(), "familyName": "Test"},
                                           "emails": [{"value": email, "type": "work", "primary": True}], "active": True, **said})
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json
        return found

    def patch(self, path: str, *operations: dict[str, Any]) -> Any:
        """Some operations."""
        return self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def names(self, **query: Any) -> list[str]:
        """The user names of a list."""
        answer = self.get("/Users", **query)
        assert answer.status_code == 200, answer.text
        return [each["userName"] for each in answer.json["Resources"]]

    def member(self, user_id: str) -> Member:
        """The member that somebody is, out of its session."""
        with acting(self.place, SYSTEM), unit_of_work() as work:
            row = work.get_one(Member, (self.place.id, UUID(user_id)))
            work.expunge(row)
            return row

    def trail(self, record_id: str) -> list[tuple[str, str]]:
        """Action and channel of what the trail holds of a record, oldest first."""
        with acting(self.place, SYSTEM), unit_of_work() as work:
            rows = work.scalars(select(AuditEntry).where(AuditEntry.record_id == UUID(record_id)).order_by(AuditEntry.at, AuditEntry.id))
            return [(row.action, row.channel) for row in rows]

    def settle(self) -> None:
        """Deliver what follows."""
        with acting(None, None):
            outbox.drain(self.place.id)


@dataclass(frozen=True)
class House:
    """`ada` owns the first organisation, `cleo` administers it, `ben` is in it; `dora` owns the second."""

    home: Organisation
    away: Organisation
    owner: Member
    admin: Member
    member: Member
    stranger: Member


@pytest.fixture
def house(app: Flask) -> House:
    """The organisations and their people."""
    home, away = found("home"), found("away")
    return House(home, away, enrol(home, "ada@home.example", "owner", name="Ada Meyer"),
                 enrol(home, "cleo@home.example", "admin", name="Cleo Roth"), enrol(home, "ben@home.example", name="Ben Okoro"),
                 enrol(away, "dora@away.example", "owner", name="Dora Lind"))


@pytest.fixture
def directory(app: Flask, house: House) -> Directory:
    """A directory that an administrator connected."""
    return Directory(app, house.home, token_of(house.home, house.admin))
