"""Every route says what it needs, and nobody outside gets past it; the matrix of roles is in tests/contract/test_access_matrix.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.core.access.matrix import needs_of
from app.kernel.current import Organisation
from app.kernel.forgery import SAFE
from app.kernel.registry import registry
from tests.core.visitors import Visitor, enrol, found

ROLES = ("owner", "admin", "manager", "approver", "member", "auditor", "viewer")
PUBLIC = {  # endpoint: why anybody may ask
    "static": "assets", "preferences": "the look of this device", "auth.sign_in_page": "where everybody begins", "auth.sign_in": "the same",
    "auth.sign_out": "ends what there is", "auth.home": "leads to sign-in", "auth.organisations": "leads to sign-in",
    "auth.change_password": "leads to sign-in", "auth.welcome_page": "the link is the proof", "auth.welcome": "the link is the proof",
    "factors.factor_page": "the half-signed-in session is the proof", "factors.prove_factor": "the same", "factors.send_code": "the same",
    "factors.enrol_page": "the same", "factors.enrol": "the same", "factors.sign_in_by_passkey": "the passkey is the proof",
    "lost_factors.ask_page": "the half-signed-in session is the proof", "lost_factors.ask": "the same",
    "lost_factors.stop_page": "the link is the proof", "lost_factors.stop": "the link is the proof",
    "entrance.organisation": "asks which organisation", "entrance.find": "the same", "entrance.house": "its ways in",
    "entrance.start": "leads to the provider", "entrance.callback": "the provider's word is the proof",
    "entrance.consume": "the same", "entrance.arrive": "the attempt of this browser is the proof", "entrance.metadata": "for the provider",
    "entrance.enter": "the directory's word is the proof",
    "entrance.again": "looks for the session itself", "entrance.confirmed": "says nothing of anybody",
    "monitoring.alive": "for machines", "monitoring.ready": "for machines", "monitoring.which": "for machines",
    **dict.fromkeys(("recovery.forgotten", "recovery.send_reset", "recovery.link_page", "recovery.send_link", "recovery.sent"),
                    "for whoever cannot sign in; says nothing of who exists"),
    **dict.fromkeys(("recovery.reset_page", "recovery.reset", "recovery.enter_page", "recovery.enter", "recovery.not_me_page",
                     "recovery.not_me", "recovery.address_page", "recovery.confirm_address"), "the link is the proof"),
    **dict.fromkeys(("recovery.expired_page", "recovery.renew"), "a session that is signed in by half"),
    "apps.token": "what is sent is the proof", "apps.revoke": "the same",
    "monitoring.too_large": "what the proxy shows",
    "monitoring.security": "RFC 9116", "finding.openapi": "says what exists, no data",
    "mail_addresses.unsubscribe": "the link is the proof",
    "mail_addresses.heard": "the address is signed", "mail_addresses.seen": "a picture for whoever was sent it",
    "outside.worker": "a script, no data", "outside.manifest": "names and icons, no data",
    "outside.heard": "the provider's signature is the proof",
    "joining.page": "the link is the proof", "joining.accept": "the link is the proof", "joining.decline": "the link is the proof",
    "platform.console": "nobody but a keeper finds it", "platform.create": "the same", "platform.organisation": "the same",
    "platform.suspend": "the same", "platform.resume": "the same", "platform.settings": "the same",
    "platform.close": "the same", "platform.reopen": "the same",
    "impersonation.over_page": "a session whose impersonation has ended", "impersonation.over": "the same",
    "platform.own": "whoever is signed in, where the platform allows it", "platform.create_own": "the same"}
MACHINES = ("/api/", "/scim/")
VALUES: dict[str, Any] = {"uuid": UUID(int=1), "int": 1}


@dataclass(frozen=True)
class Cell:
    """One route by one method."""

    rule: Rule
    method: str
    needs: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.rule.rule}"


def cells(app: Flask) -> Iterator[Cell]:
    """Every route by every method that does something."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Cell(rule, method, needs_of(app, rule.endpoint))


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with one member of each role; another one that none of them is in."""
    found("elsewhere")
    place = found("matrix")
    for role in ROLES:
        enrol(place, f"{role}@matrix.example", role)
    return place


@pytest.fixture
def browsers(app: Flask, place: Organisation) -> dict[str, Visitor]:
    """A browser per role, signed in."""
    made = {role: Visitor(app) for role in ROLES}
    for role, browser in made.items():
        assert browser.sign_in(f"{role}@matrix.example").status_code == 303
    return made


def address_of(route: str, org: str = "matrix") -> str:
    """An address of a route, with names of nothing where records are meant."""
    def value(found: re.Match[str]) -> str:
        kind, _colon, name = found.group(1).rpartition(":")
        return org if name == "org" else str(VALUES.get(kind, "NONE-2026-00000"))

    return re.sub(r"<([^>]+)>", value, route)


def _ask(browser: Visitor, cell: Cell, token: str, org: str = "matrix") -> Any:
    headers = {} if cell.method in SAFE else {"X-CSRF-Token": token}
    if cell.rule.rule.startswith(MACHINES) and cell.method not in SAFE:
        return browser.client.open(address_of(cell.rule.rule, org), method=cell.method, headers=headers, json={})
    return browser.client.open(address_of(cell.rule.rule, org), method=cell.method, headers=headers)


def test_every_route_says_what_it_needs(app: Flask) -> None:
    assert [cell.name for cell in cells(app) if not cell.needs] == []


def test_what_a_route_needs_exists(app: Flask) -> None:
    """A permission of a resource has a known verb; one of a service has three parts and somebody who holds it."""
    verbs = {"view", "create", "edit", "archive", "import", "export"}

    def chosen(key: str) -> set[str]:
        return {"choose"} if registry.resources[key].chosen_apart else set()

    for cell in cells(app):
        key, _dot, verb = cell.needs.rpartition(".")
        if cell.needs in ("public", "member", "owner"):
            continue
        assert cell.needs.count(".") == 2, cell.name
        if key in registry.resources:
            assert verb in verbs | chosen(key) | {action.name for action in registry.resources[key].actions}, cell.name


def test_only_named_routes_are_open_to_anybody(app: Flask) -> None:
    assert {cell.rule.endpoint for cell in cells(app) if cell.needs == "public"} == set(PUBLIC)
    assert all("org" not in cell.rule.arguments for cell in cells(app) if cell.needs == "public")


def test_every_other_route_is_below_an_organisation(app: Flask) -> None:
    assert [cell.name for cell in cells(app) if cell.needs != "public" and "org" not in cell.rule.arguments] == []


def test_nobody_signed_out_gets_past_the_door(app: Flask, place: Organisation) -> None:
    stranger = Visitor(app)
    token = stranger.token()
    wrong = {}
    for cell in cells(app):
        if cell.needs != "public":
            answer = _ask(stranger, cell, token)
            machine = cell.rule.rule.startswith(MACHINES)
            if answer.status_code != (401 if machine else 303) or not (machine or answer.location.startswith("/sign-in?next=")):
                wrong[cell.name] = answer.status
    assert wrong == {}


def test_nobody_learns_of_an_organisation_that_they_are_not_in(app: Flask, browsers: dict[str, Visitor]) -> None:
    owner = browsers["owner"]
    token = owner.token("/matrix/settings/")
    wrong = {}
    for cell in cells(app):
        if cell.needs != "public":
            foreign, missing = (_ask(owner, cell, token, org) for org in ("elsewhere", "otherwise"))
            if not foreign.status_code == missing.status_code == 404 or len(foreign.data) != len(missing.data):
                wrong[cell.name] = (foreign.status, missing.status)
    assert wrong == {}


def test_a_route_that_says_nothing_is_noticed(app: Flask) -> None:
    bare = Flask("bare")
    bare.add_url_rule("/<org>/forgotten", "forgotten", lambda org: org)
    assert [cell.needs for cell in cells(bare) if cell.rule.endpoint == "forgotten"] == [""]
