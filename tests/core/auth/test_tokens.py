"""Personal tokens: shown once, narrowed, expiring, dead at once."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import auth
from app.core.audit.models import AuditEntry
from app.core.auth import ApiToken
from app.core.auth.scopes import narrowed
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM, Grant, acting
from app.kernel.db import unit_of_work
from tests.core.auth.conftest import Town
from tests.core.visitors import Visitor
from tests.house.test_routes import address_of

LIST = "/api/v1/home/organisation/departments/"


@pytest.fixture
def ada(app: Flask, town: Town) -> Visitor:
    """The owner's browser, signed in."""
    browser = Visitor(app)
    browser.sign_in("ada@home.example")
    return browser


def _make(browser: Visitor, scopes: str = "read_only", **said: str) -> str:
    page = browser.send("/home/settings/tokens", name="reader", scopes=scopes, **{"days": "90", **said})
    return _shown(page)


def _shown(page: Any) -> str:
    """The value that a page shows this once."""
    found = re.search(r">([0-9a-f]{32})<", page.text)
    return found.group(1) if found else ""


def _address(browser: Visitor, verb: str) -> str:
    """Where the token on the page is rotated or revoked."""
    found = re.search(rf'action="(/home/settings/tokens/[0-9a-f-]+/{verb})"', browser.get("/home/settings/tokens").text)
    assert found
    return found.group(1)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _api(app: Flask, token: str, address: str = LIST, method: str = "GET", **options: object) -> int:
    return app.test_client().open(address, method=method, headers=_bearer(token), **options).status_code  # type: ignore[arg-type]


@pytest.mark.requirement("OF-235")
def test_a_token_is_shown_once_and_kept_as_a_hash(ada: Visitor, town: Town, app: Flask) -> None:
    token = _make(ada)
    assert UUID(hex=token).version == 4
    assert _api(app, token) == 200
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
    assert app.test_client().get("/home/organisation/departments/", headers=_bearer(token)).status_code == 303
    assert _api(app, token, "/api/v1/away/organisation/departments/") == 404


@pytest.mark.parametrize("token", ["", "x", "0" * 32, "x" * 4000, "a.b.c", "é"])
def test_what_is_no_token_is_refused(app: Flask, town: Town, token: str) -> None:
    answer = app.test_client().get(LIST, headers=_bearer(token))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.mimetype == "application/problem+json"


def test_a_session_opens_the_api_too(ben: Visitor) -> None:
    assert ben.get(LIST).status_code == 200


@pytest.mark.requirement("OF-238")
def test_a_token_does_what_its_scope_says(ada: Visitor, app: Flask) -> None:
    """Reading writes nothing, writing administers nothing, and the refusal names the scope that it would take."""
    site = {"name": "Rowan", "kind": "rig"}
    suppliers, sites = "/api/v1/home/procurement/suppliers/", "/api/v1/home/organisation/sites/"
    allowed = {"read_only": (403, 403), "write": (201, 403), "admin": (201, 201)}
    for scope, statuses in allowed.items():
        token = _make(ada, scope)
        assert _api(app, token, sites) == 200, "everybody's token reads"
        assert _api(app, token, suppliers, "POST", json={"name": f"Rowan {scope}"}) == statuses[0], scope
        assert _api(app, token, sites, "POST", json={**site, "name": f"Rowan {scope}"}) == statuses[1], scope
    refused = app.test_client().post(sites, json=site, headers=_bearer(_make(ada)))
    assert (refused.mimetype, refused.json["needed_scope"]) == ("application/problem+json", "admin")
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="admin"'


def test_no_method_gets_around_the_scope(ada: Visitor, app: Flask) -> None:
    token = _make(ada)
    wrong = {}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/<org>/"):
            for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
                status = _api(app, token, address_of(rule.rule, "home"), method, json={})
                if status != 403:
                    wrong[method, rule.rule] = status
    assert wrong == {}


def test_a_token_never_outgrows_its_holder(ben: Visitor, app: Flask) -> None:
    token = _make(ben, "admin")
    assert _api(app, token, "/api/v1/home/organisation/sites/", "POST", json={"name": "Rowan", "kind": "rig"}) == 403
    assert _api(app, token, "/api/v1/home/access/roles/") == 403


@pytest.mark.requirement("OF-239")
def test_a_revoked_token_is_dead_at_once(ada: Visitor, app: Flask) -> None:
    token = _make(ada)
    assert ada.send(_address(ada, "revoke"), form="/home/settings/tokens").status_code == 303
    assert _api(app, token) == 401
    refused = app.test_client().get(LIST, headers=_bearer(token))
    assert (refused.mimetype, refused.json["title"]) == ("application/problem+json", "Not signed in")


def test_the_page_says_how_a_token_is_used(ada: Visitor, app: Flask) -> None:
    token = _make(ada)
    page = ada.get("/home/settings/tokens").text
    line = re.search(r"<code[^>]*>curl -H &#34;Authorization: Bearer \$TOKEN&#34; (\S+?)</code>", page)
    assert line
    address = line[1].removeprefix(str(app.extensions["settings"].base_url))
    assert address != line[1]
    assert _api(app, token, address) == 200
    assert "/home/developers/" in page
    assert "curl -H" in ada.get("/home/settings/service-tokens").text


def test_a_token_expires(ada: Visitor, app: Flask) -> None:
    token = _make(ada, days="30")
    with clock.at(clock.now() + timedelta(days=29)):
        assert _api(app, token) == 200
    with clock.at(clock.now() + timedelta(days=30, seconds=1)):
        assert _api(app, token) == 401


@pytest.mark.requirement("OF-236")
def test_a_token_lives_for_90_days_and_is_rotated_before(ada: Visitor, app: Flask) -> None:
    old, begun = _make(ada), clock.now()
    with clock.at(begun + timedelta(days=91)):
        assert _api(app, old) == 401
    with clock.at(begun + timedelta(days=6)):
        assert ada.sign_in("ada@home.example").status_code == 303
        new = _shown(ada.send(_address(ada, "rotate"), form="/home/settings/tokens"))
        assert new not in ("", old)
        assert [_api(app, old), _api(app, new)] == [200, 200], "the old one still works for an hour"
    with clock.at(begun + timedelta(days=6, minutes=61)):
        assert [_api(app, old), _api(app, new)] == [401, 200]
    with clock.at(begun + timedelta(days=95)):
        assert _api(app, new) == 200
    with clock.at(begun + timedelta(days=97)):
        assert _api(app, new) == 401


def test_who_revokes_a_rotated_token_ends_both_values(ada: Visitor, app: Flask) -> None:
    old = _make(ada)
    new = _shown(ada.send(_address(ada, "rotate"), form="/home/settings/tokens"))
    assert ada.send(_address(ada, "revoke"), form="/home/settings/tokens").status_code == 303
    assert [_api(app, old), _api(app, new)] == [401, 401]


@pytest.mark.requirement("OF-237")
def test_a_token_asks_1000_times_an_hour(ada: Visitor, app: Flask) -> None:
    busy, other, client = _make(ada), _make(ada), app.test_client()
    answers = [client.get("/api/v1/home/nothing/", headers=_bearer(busy)) for _ in range(2)]  # an unknown address is not the API's
    first = client.get(LIST, headers=_bearer(busy))
    assert (first.status_code, first.headers["RateLimit-Limit"], first.headers["RateLimit-Remaining"]) == (200, "1000", "999")
    assert 3590 <= int(first.headers["RateLimit-Reset"]) <= 3600
    statuses = {client.get(LIST + "NONE/", headers=_bearer(busy)).status_code for _ in range(999)}
    assert statuses == {404}
    late = client.get(LIST, headers=_bearer(busy))
    assert (late.status_code, late.headers["RateLimit-Remaining"], late.mimetype) == (429, "0", "application/problem+json")
    assert 0 < int(late.headers["Retry-After"]) <= 3600
    assert clock.now() < datetime.fromisoformat(late.json["resets_at"]) <= clock.now() + timedelta(hours=1)
    assert client.get(LIST, headers=_bearer(other)).status_code == 200
    assert {answer.status_code for answer in answers} == {404}


def test_a_token_comes_from_where_it_may_only(ada: Visitor, app: Flask, town: Town) -> None:
    token, client = _make(ada, addresses="192.0.2.0/24, 2001:db8::1"), app.test_client()
    asked = {source: client.get(LIST, headers=_bearer(token), environ_base={"REMOTE_ADDR": source})
             for source in ("192.0.2.7", "2001:db8::1", "127.0.0.1", "2001:db8::2")}
    assert {source: answer.status_code for source, answer in asked.items()} == {
        "192.0.2.7": 200, "2001:db8::1": 200, "127.0.0.1": 401, "2001:db8::2": 401}
    unknown = client.get(LIST, headers=_bearer("0" * 32))
    same = [{**answer.json, "request_id": ""} for answer in (asked["127.0.0.1"], unknown)]
    assert same[0] == same[1], "from outside one refusal is like the other"
    with acting(town.home, SYSTEM), unit_of_work() as work:
        noted = [each.context for each in work.query(AuditEntry).filter_by(action="auth.token.refused").order_by(AuditEntry.at)]
        kept = work.query(ApiToken).one()
        assert kept.addresses == ["192.0.2.0/24", "2001:db8::1/128"]
        assert kept.last_used_from == "2001:db8::1"
        assert kept.last_used_at
    assert [(each["reason"], each["source"]) for each in noted] == [("address", "127.0.0.1"), ("address", "2001:db8::2")]


def test_the_trail_alone_tells_why_a_token_was_refused(ada: Visitor, app: Flask, town: Town) -> None:
    token = _make(ada, days="7")
    with clock.at(clock.now() + timedelta(days=8)):
        assert _api(app, token) == 401
    assert ada.send(_address(ada, "revoke"), form="/home/settings/tokens").status_code == 303
    assert _api(app, token) == 401
    with acting(town.home, SYSTEM), unit_of_work() as work:
        noted = work.query(AuditEntry).filter_by(action="auth.token.refused")
        assert {each.context["reason"] for each in noted} == {"expired", "revoked"}
        assert {each.result for each in noted} == {"refused"}


def test_a_token_dies_with_its_member(ben: Visitor, app: Flask, town: Town) -> None:
    token = _make(ben)
    assert _api(app, token) == 200
    with acting(town.home, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (town.home.id, town.member.id)).status = "inactive"
    assert _api(app, token) == 404


def test_nobody_ends_the_token_of_somebody_else(ada: Visitor, ben: Visitor) -> None:
    _make(ada)
    assert ben.send(_address(ada, "revoke"), form="/home/settings/tokens").status_code == 404


@pytest.mark.parametrize("wrong", [
    {"name": " "}, {"days": "0"}, {"days": "4000"}, {"days": "many"}, {"days": "91"}, {"scopes": "everything"}, {"addresses": "somewhere"},
    {"addresses": "192.0.2.0/33"}, {"addresses": "10.0.0.1 " * 21}])
def test_a_token_that_cannot_be_is_refused_with_the_reason(ada: Visitor, wrong: dict[str, str]) -> None:
    sent = {"name": "reader", "scopes": "read_only", "days": "90", **wrong}
    answer = ada.send("/home/settings/tokens", **sent)
    assert answer.status_code == 422
    assert not re.search(r">[0-9a-f]{32}<", answer.text)


def test_whoever_is_erased_leaves_no_token(ben: Visitor, app: Flask, town: Town) -> None:
    token = _make(ben)
    with acting(town.home, SYSTEM), unit_of_work() as work:
        auth.forget_tokens(town.member.id)
        assert work.query(ApiToken).count() == 0
    assert _api(app, token) == 401


@pytest.mark.parametrize(("held", "scope", "both"), [
    ("*.*.*", "*.*.view", "*.*.view"), ("hse.*.*", "*.*.view", "hse.*.view"), ("hse.incident.edit", "*.*.view", ""),
    ("hse.incident.view", "hse.*.*", "hse.incident.view"), ("hse.incident.view", "pob.*.*", "")])
def test_the_rights_of_a_token_are_what_both_allow(held: str, scope: str, both: str) -> None:
    assert [grant.pattern for grant in narrowed([Grant(held, "own")], [scope])] == ([both] if both else [])
