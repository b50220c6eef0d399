"""Personal tokens: shown once, narrowed, expiring, dead at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from app.core.auth import ApiToken
from app.core.auth.scopes import narrowed
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM, Grant, acting
from app.kernel.db import unit_of_work
from tests.core.auth.conftest import Town
from tests.core.visitors import Visitor

LIST = "/api/v1/home/people/members/"


@pytest.fixture
def ada(app: Flask, town: Town) -> Visitor:
    """The owner's browser, signed in."""
    browser = Visitor(app)
    browser.sign_in("ada@home.example")
    return browser


def _make(browser: Visitor, scopes: str = "read_only", **said: str) -> str:
    page = browser.send("/home/settings/tokens", name="reader", scopes=scopes, **{"days": "90", **said})
    found = re.search(r">([0-9a-f]{32})<", page.text)
    return found.group(1) if found else ""


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _api(app: Flask, token: str, address: str = LIST, method: str = "GET", **options: object) -> int:
    return app.test_client().open(address, method=method, headers=_bearer(token), **options).status_code  # type: ignore[arg-type]


def test_a_token_is_shown_once_and_kept_as_a_hash(ada: Visitor, town: Town) -> None:
    token = _make(ada)
    assert token
    again = ada.get("/home/settings/tokens").text
    assert token not in again
    assert token[:6] in again
    with acting(town.home, SYSTEM), unit_of_work() as work:
        kept = work.query(ApiToken).one()
        assert token not in (kept.secret_hash, kept.hint)
        assert (kept.expires_at - kept.created_at).days == 90


def test_a_token_opens_the_api_and_nothing_else(ada: Visitor, app: Flask) -> None:
    token = _make(ada)
    assert _api(app, token) == 200
    assert app.test_client().get("/home/people/members/", headers=_bearer(token)).status_code == 303
    assert _api(app, token, "/api/v1/away/people/members/") == 404


@pytest.mark.parametrize("token", ["", "x", "0" * 32, "x" * 4000, "a.b.c", "é"])
def test_what_is_no_token_is_refused(app: Flask, town: Town, token: str) -> None:
    answer = app.test_client().get(LIST, headers=_bearer(token))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.mimetype == "application/problem+json"


def test_a_session_opens_the_api_too(ben: Visitor) -> None:
    assert ben.get(LIST).status_code == 200


def test_a_reading_token_writes_nothing(ada: Visitor, app: Flask) -> None:
    body = {"name": "Rowan", "kind": "rig"}
    assert _api(app, _make(ada), "/api/v1/home/organisation/sites/", "POST", json=body) == 403
    assert _api(app, _make(ada, "admin"), "/api/v1/home/organisation/sites/", "POST", json=body) == 201


def test_a_token_never_outgrows_its_holder(ben: Visitor, app: Flask) -> None:
    token = _make(ben, "admin")
    assert _api(app, token, "/api/v1/home/organisation/sites/", "POST", json={"name": "Rowan", "kind": "rig"}) == 403
    assert _api(app, token, "/api/v1/home/access/roles/") == 403


def test_a_revoked_token_is_dead_at_once(ada: Visitor, app: Flask) -> None:
    token = _make(ada)
    address = re.search(r'action="(/home/settings/tokens/[0-9a-f-]+/revoke)"', ada.get("/home/settings/tokens").text)
    assert address
    assert ada.send(address.group(1), form="/home/settings/tokens").status_code == 303
    assert _api(app, token) == 401


def test_a_token_expires(ada: Visitor, app: Flask) -> None:
    token = _make(ada, days="30")
    with clock.at(clock.now() + timedelta(days=29)):
        assert _api(app, token) == 200
    with clock.at(clock.now() + timedelta(days=30, seconds=1)):
        assert _api(app, token) == 401


def test_a_token_dies_with_its_member(ben: Visitor, app: Flask, town: Town) -> None:
    token = _make(ben)
    assert _api(app, token) == 200
    with acting(town.home, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (town.home.id, town.member.id)).status = "inactive"
    assert _api(app, token) == 404


def test_nobody_ends_the_token_of_somebody_else(ada: Visitor, ben: Visitor) -> None:
    _make(ada)
    address = re.search(r'action="(/home/settings/tokens/[0-9a-f-]+/revoke)"', ada.get("/home/settings/tokens").text)
    assert address
    assert ben.send(address.group(1), form="/home/settings/tokens").status_code == 404


@pytest.mark.parametrize("wrong", [{"name": " "}, {"days": "0"}, {"days": "4000"}, {"days": "many"}, {"scopes": "everything"}])
def test_a_token_that_cannot_be_is_refused_with_the_reason(ada: Visitor, wrong: dict[str, str]) -> None:
    sent = {"name": "reader", "scopes": "read_only", "days": "90", **wrong}
    answer = ada.send("/home/settings/tokens", **sent)
    assert answer.status_code == 422
    assert not re.search(r">[0-9a-f]{32}<", answer.text)


@pytest.mark.parametrize(("held", "scope", "both"), [
    ("*.*.*", "*.*.view", "*.*.view"), ("hse.*.*", "*.*.view", "hse.*.view"), ("hse.incident.edit", "*.*.view", ""),
    ("hse.incident.view", "hse.*.*", "hse.incident.view"), ("hse.incident.view", "pob.*.*", "")])
def test_the_rights_of_a_token_are_what_both_allow(held: str, scope: str, both: str) -> None:
    assert [grant.pattern for grant in narrowed([Grant(held, "own")], [scope])] == ([both] if both else [])
