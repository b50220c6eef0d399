"""An organisation with one member for each declared role and one record of each kind: what the access matrix is held against."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.core import auth, organisations, people
from app.core.access import reasons
from app.core.access.matrix import patterns
from app.core.audit.models import AuditEntry
from app.kernel import faults, limits
from app.kernel.current import Actor, Organisation, acting
from app.kernel.db import as_identity, enter, session
from app.kernel.forgery import SAFE
from app.kernel.manifest import Resource
from app.kernel.records import new_id
from app.kernel.registry import registry
from tests.contract import samples
from tests.house.test_routes import MACHINES, address_of

SLUG = "gatehouse"
MISSING = "missing: "
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
RECORD = re.compile(r"^(?:/api/v1)?/<org>/(?P<module>[a-z_-]+)/(?P<slug>[a-z_-]+)/<reference>/")


def build() -> None:
    """Make it; done once, in the database that each worker's own is copied from."""
    place = organisations.found(new_id(), SLUG, "Gatehouse", currency="EUR", timezone="Europe/Paris")
    with acting(place):
        enter()
        for role in sorted(patterns()):
            people.enrol(role.title(), mail_of(role), role)
        session().commit()
        owner = people.load_actor(place, session().scalars(select(people.Member.id).where(people.Member.email == mail_of("owner"))).one())
    assert owner is not None
    with acting(place, owner, channel="page"):
        enter()
        for number, resource in enumerate(registry, 50):
            if resource.form and resource.creatable:
                samples.make(resource, 1, number)
        session().commit()


def mail_of(role: str) -> str:
    """The address of the member with that role."""
    return f"{role}@{SLUG}.example"


def terse(patch: pytest.MonkeyPatch) -> None:
    """Refusals without the page around them, and without saying who else may: that is proved where it is written. The answer stays.

    Nor does anybody ask too often here, who asks every address at once.
    """
    patch.setattr(limits, "take", lambda _limit, _who: None)
    patch.setattr(faults, "_page", lambda said: f"{said['status']} {said['message']}")
    patch.setattr(reasons, "missing", lambda action: f"{MISSING}{action}")


@dataclass
class Seat:
    """The browser of a member with one role, signed in."""

    app: Flask
    role: str
    place: Organisation
    actor: Actor
    client: FlaskClient
    token: str
    records: Mapping[str, str] = field(default_factory=dict)

    def ask(self, route: str, method: str, *, slash: bool = False, **headers: Any) -> Any:
        """Send an empty request to a route; where a record is meant, there is one."""
        address = self.address(route)
        if slash:
            address = address.rstrip("/") if address.endswith("/") else f"{address}/"
        if method not in (*SAFE, "HEAD"):
            headers["X-CSRF-Token"] = self.token
        sent: dict[str, Any] = {"json": {}} if route.startswith(MACHINES) and method not in SAFE else {}
        return self.client.open(address, method=method, headers=headers, **sent)

    def address(self, route: str) -> str:
        """An address of a route."""
        return address_of(route.replace("<reference>", self.records.get(resource_of(route), "<reference>")), SLUG)

    def sees(self, route: str) -> bool:
        """Whether the member sees the record that a route is asked with: then a refusal may not hide behind “not found”."""
        key = resource_of(route)
        if key not in self.records:
            return False
        module, _dot, slug = key.partition("/")
        return bool(self.client.get(f"/api/v1/{SLUG}/{module}/{slug}/{self.records[key]}/").status_code == 200)

    def done(self) -> list[tuple[str, str]]:
        """What the trail says was changed in the organisation: neither refused nor only looked at."""
        with acting(self.place):
            enter()
            rows = session().execute(select(AuditEntry.action, AuditEntry.result).where(AuditEntry.result != "refused")).all()
        return [(row.action, row.result) for row in rows if not row.action.endswith(".view")]


def resource_of(route: str) -> str:
    """`module/slug` of the resource whose record a route is about; empty when it is about none."""
    found = RECORD.match(route)
    return f"{found['module']}/{found['slug']}" if found else ""


def seat(app: Flask, role: str) -> Seat:
    """Take the seat of a role."""
    found = organisations.load_organisation(organisations.place_of(SLUG) or new_id())
    assert found is not None
    with acting(found):
        enter()
        member_id, identity = session().execute(
            select(people.Member.id, people.Member.identity_id).where(people.Member.email == mail_of(role))).one()
        actor = people.load_actor(found, member_id)
        records = {f"{r.module}/{r.slug}": reference for r in registry if (reference := _record_of(r))}
        session().commit()
    client = app.test_client()
    with as_identity(identity):
        assert identity is not None
        secret = auth.open_session(identity)
        session().commit()
    client.set_cookie(app.extensions["settings"].cookie("session"), secret, domain="localhost")
    shown = re.search(r'name="csrf_token" value="([0-9a-f]+)"', client.get(f"/{SLUG}/settings/").text)
    assert shown, "the page carries no token"
    assert actor is not None
    return Seat(app, role, found, actor, client, shown.group(1), records)


def _record_of(resource: Resource) -> str | None:
    model: Any = resource.model
    return session().scalar(select(func.max(model.reference)).where(model.archived_at.is_(None)))
