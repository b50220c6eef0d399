"""An organisation with a provider, another without, and browsers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access
from app.core.audit.models import AuditEntry
from app.core.people import Member, MemberRole
from app.core.sso import Domain, Provider, ProviderGroup, keys, presets
from app.core.sso.models import Joining, Kind
from app.core.sso.providers import set_secret
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.references import assign
from tests.core.visitors import Visitor, enrol, found
from tests.infra.vouching import CLIENT, SECRET, Vouching, path_of


@dataclass(frozen=True)
class House:
    """Two organisations; `ada` owns the first, `ben` is a member of both, `cleo` an administrator of the first."""

    home: Organisation
    away: Organisation
    owner: Member
    member: Member

    def provider(self, kind: Kind = Kind.OIDC, *, secret: str = SECRET, groups: dict[str, str] | None = None, **said: Any) -> Provider:
        """A provider of the first organisation, out of its session."""
        with acting(self.home, SYSTEM), unit_of_work() as work:
            given = {"name": str(kind), "client_id": CLIENT, "joining": Joining.DOMAINS, "active": True, **said}
            made = Provider(kind=kind, **given)
            assign([made])
            work.add(made)
            work.flush()
            if kind is Kind.SAML:
                keys.make(made)
            if secret:
                set_secret(made, secret=secret)
            for group, role in (groups or {}).items():
                work.add(ProviderGroup(provider_id=made.id, group=group, role_id=access.role_named(role).id))
            work.flush()
            work.refresh(made)
            work.expunge(made)
        return made

    def domain(self, name: str, place: Organisation | None = None) -> None:
        """A confirmed domain."""
        with acting(place or self.home, SYSTEM), unit_of_work() as work:
            made = Domain(name=name, confirmed_at=clock.now())
            assign([made])
            work.add(made)

    def refusals(self) -> list[str]:
        """Why the trail of the organisation says that people were not let in, oldest first."""
        with acting(self.home, SYSTEM), unit_of_work() as work:
            rows = work.scalars(select(AuditEntry).where(AuditEntry.result == "refused").order_by(AuditEntry.at, AuditEntry.id))
            return [row.context["reason"] for row in rows if row.action == "sso.sign_in"]

    def roles_of(self, email: str) -> set[str]:
        """The keys of all roles of a member."""
        with acting(self.home, SYSTEM), unit_of_work() as work:
            member = work.scalars(select(Member).where(Member.email == email)).one()
            further = work.scalars(select(MemberRole.role_id).where(MemberRole.member_id == member.id))
            return set(work.scalars(select(access.Role.key).where(access.Role.id.in_([member.role_id, *further]))))


@pytest.fixture
def house(app: Flask, monkeypatch: pytest.MonkeyPatch) -> House:
    """The organisations and their people."""
    monkeypatch.setattr(presets, "_known", {})
    home, away = found("home"), found("away")
    enrol(home, "cleo@home.example", "admin")
    enrol(away, "ben@home.example", "owner", password="")
    return House(home, away, enrol(home, "ada@home.example", "owner"), enrol(home, "ben@home.example"))


@pytest.fixture
def visitor(app: Flask, house: House) -> Visitor:
    """A browser, signed out."""
    return Visitor(app)


Way = Callable[..., Any]


@pytest.fixture
def way(app: Flask, house: House, vouching: Vouching) -> Way:
    """`way(browser, provider)`: to the provider and back; gives the last answer. `wanted` is where to go then."""

    def go(browser: Visitor, provider: Provider, *, wanted: str = "") -> Any:
        return browser.get(back(browser, provider, vouching, wanted))

    return go


def back(browser: Visitor, provider: Provider, vouching: Vouching, wanted: str = "") -> str:
    """To the provider; gives the address that it sends the browser back to."""
    start = f"/sso/{provider.organisation_id}/{provider.id}/start" + (f"?next={wanted}" if wanted else "")
    sent = browser.get(start)
    assert sent.status_code == 303, sent.text
    return path_of(vouching.answer(sent.location))
