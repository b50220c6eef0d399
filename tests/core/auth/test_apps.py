"""Apps: passes of 15 minutes, refresh tokens of 7 days that work once, and everything that ends them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from app.core import auth, organisations, settings
from app.core.audit.models import AuditEntry
from app.core.auth import passes, sessions
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import PLATFORM_ID, SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.sealing import key_for
from tests.core.auth.conftest import Town
from tests.core.auth.test_second_step import now_of, with_totp
from tests.core.visitors import PASSWORD, Visitor, actor_of

TOKEN, REVOKE, LIST = "/api/v1/auth/token", "/api/v1/auth/revoke", "/api/v1/home/organisation/departments/"
SITES = "/api/v1/home/organisation/sites/"
BEN = {"grant_type": "password", "email": "ben@home.example", "password": PASSWORD}
ADA = {**BEN, "email": "ada@home.example"}


def ask(app: Flask, said: Mapping[str, str], **headers: str) -> Any:
    """Ask for tokens as an app does, without a cookie."""
    return app.test_client().post(TOKEN, json=dict(said), headers=headers)


def renew(app: Flask, refresh: str) -> Any:
    return ask(app, {"grant_type": "refresh_token", "refresh_token": refresh})


def call(app: Flask, access: str, address: str = LIST, method: str = "GET", **said: Any) -> Any:
    return app.test_client().open(address, method=method, headers={"Authorization": f"Bearer {access}"}, **said)


@pytest.fixture
def issued(app: Flask, town: Town) -> dict[str, Any]:
    """What an app of the member was given."""
    answer = ask(app, BEN)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


@pytest.mark.requirement("OF-053")
def test_an_access_token_lives_for_15_minutes(app: Flask, issued: dict[str, Any]) -> None:
    assert issued["expires_in"] == 15 * 60
    assert call(app, issued["access_token"]).status_code == 200
    with clock.at(clock.now() + timedelta(minutes=14)):
        assert call(app, issued["access_token"]).status_code == 200
    with clock.at(clock.now() + timedelta(minutes=16)):
        assert call(app, issued["access_token"]).status_code == 401
        fresh = renew(app, issued["refresh_token"]).json["access_token"]
        assert call(app, fresh).status_code == 200


@pytest.mark.requirement("OF-054")
def test_a_refresh_token_lives_for_7_days(app: Flask, issued: dict[str, Any]) -> None:
    begun, other = clock.now(), ask(app, BEN).json
    with clock.at(begun + timedelta(days=6)):
        renewed = renew(app, issued["refresh_token"])
        assert renewed.status_code == 200
        assert call(app, renewed.json["access_token"]).status_code == 200
    with clock.at(begun + timedelta(days=8)):
        late = renew(app, other["refresh_token"])
        assert (late.status_code, late.json["error"]) == (401, "invalid_grant")
        assert call(app, other["access_token"]).status_code == 401
        assert ask(app, BEN).status_code == 200, "signing in anew is what is left"


def test_no_app_lives_for_ever(app: Flask, issued: dict[str, Any]) -> None:
    begun, refresh, answers = clock.now(), issued["refresh_token"], []
    for days in (6, 12, 18, 24, 29, 31):
        with clock.at(begun + timedelta(days=days)):
            answer = renew(app, refresh)
            answers.append(answer.status_code)
            refresh = (answer.json or {}).get("refresh_token", "")
    assert answers == [200] * 5 + [401]


def test_a_refresh_token_works_once_and_used_again_ends_the_app(app: Flask, issued: dict[str, Any]) -> None:
    renewed = renew(app, issued["refresh_token"]).json
    assert renewed["refresh_token"] != issued["refresh_token"]
    other = ask(app, BEN).json
    assert renew(app, issued["refresh_token"]).status_code == 401
    assert renew(app, renewed["refresh_token"]).status_code == 401, "the family is dead, also what the thief or the app got by it"
    assert [call(app, each["access_token"]).status_code for each in (issued, renewed, other)] == [401, 401, 200]
    with acting(Organisation(PLATFORM_ID, "", ""), SYSTEM), unit_of_work() as work:
        noted = [(each.result, each.context["reason"]) for each in work.query(AuditEntry).filter_by(action="auth.app.refused")]
    assert noted == [("refused", "reused")]


def test_a_refresh_token_opens_nothing_by_itself(app: Flask, issued: dict[str, Any]) -> None:
    assert call(app, issued["refresh_token"]).status_code == 401
    browser = app.test_client()
    browser.set_cookie(app.extensions["settings"].cookie("session"), issued["refresh_token"], domain="localhost")
    assert browser.get("/home/organisation/departments/").status_code == 303


def test_an_access_token_opens_no_page(app: Flask, issued: dict[str, Any]) -> None:
    assert call(app, issued["access_token"], "/home/organisation/departments/").status_code == 303


@pytest.mark.parametrize("said", [{"password": "wrong"}, {"email": "nobody@home.example"}, {"password": ""}])
def test_who_does_not_prove_it_gets_nothing(app: Flask, town: Town, said: dict[str, str]) -> None:
    answer = ask(app, {**BEN, **said})
    assert (answer.status_code, answer.json["error"], answer.mimetype) == (401, "invalid_grant", "application/problem+json")


def test_passwords_are_counted_as_at_the_door(app: Flask, town: Town) -> None:
    assert [ask(app, {**BEN, "password": "wrong"}).status_code for _ in range(6)] == [401] * 5 + [429]
    assert ask(app, BEN).status_code == 429


def test_somebody_with_a_second_factor_proves_it_too(app: Flask, town: Town) -> None:
    codes = with_totp(town.member.identity_id)
    without = ask(app, BEN)
    assert (without.status_code, without.json["error"], without.json["factors"]) == (401, "factor_required", ["totp"])
    assert ask(app, {**BEN, "code": "000000"}).status_code == 401
    code = now_of(codes)
    right = ask(app, {**BEN, "code": code})
    assert right.status_code == 200, right.text
    assert call(app, right.json["access_token"]).status_code == 200
    assert ask(app, {**BEN, "code": code}).status_code == 401, "a code works once"


def test_the_session_of_a_browser_gives_an_app_that_ends_with_it(app: Flask, ben: Visitor) -> None:
    answer = ben.client.post(TOKEN, json={"grant_type": "session"}, headers={"X-CSRF-Token": ben.token("/home/settings/")})
    assert answer.status_code == 200, answer.text
    assert call(app, answer.json["access_token"]).status_code == 200
    ben.send("/sign-out", form="/home/settings/")
    assert call(app, answer.json["access_token"]).status_code == 401
    assert renew(app, answer.json["refresh_token"]).status_code == 401


def test_an_app_outlives_the_session_that_it_came_from_by_no_minute(app: Flask, ben: Visitor, town: Town) -> None:
    """Neither its time without use nor its end at the latest: not the pass, not its renewal, and it is not in the list."""
    with acting(town.home, SYSTEM), unit_of_work():
        settings.set("auth.idle_minutes", 5)
    ben.sign_in("ben@home.example")
    got = ben.client.post(TOKEN, json={"grant_type": "session"}, headers={"X-CSRF-Token": ben.token("/home/settings/")}).json
    assert call(app, got["access_token"]).status_code == 200
    with clock.at(clock.now() + timedelta(minutes=6)):
        assert call(app, got["access_token"]).status_code == 401
        assert renew(app, got["refresh_token"]).status_code == 401
        assert town.member.identity_id
        with unit_of_work():
            assert [each for each in sessions.living(town.member.identity_id) if each.parent_id] == []


def test_another_site_gets_nothing_for_the_session(app: Flask, ben: Visitor) -> None:
    assert ben.client.post(TOKEN, json={"grant_type": "session"}).status_code == 403
    token = ben.token("/home/settings/")
    foreign = {"X-CSRF-Token": token, "Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert ben.client.post(TOKEN, json={"grant_type": "session"}, headers=foreign).status_code == 403


def test_an_api_token_gives_a_pass_of_its_own_width(app: Flask, ben: Visitor, town: Town) -> None:
    actor = actor_of(town.home, town.member)
    with acting(town.home, actor), unit_of_work():
        made, value = auth.make_token("script", ["read_only"])
        token_id = made.id
    answer = ask(app, {"grant_type": "api_token"}, Authorization=f"Bearer {value}")
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json
    assert call(app, answer.json["access_token"]).status_code == 200
    refused = call(app, answer.json["access_token"], "/api/v1/home/hse/incidents/", "POST", json={})
    assert (refused.status_code, refused.json["needed_scope"]) == (403, "write")
    assert ask(app, {"grant_type": "api_token"}, Authorization=f"Bearer {answer.json['access_token']}").status_code == 401
    with acting(town.home, actor), unit_of_work():
        auth.revoke_token(token_id)
    assert call(app, answer.json["access_token"]).status_code == 401


def test_an_app_does_what_its_scope_says(app: Flask, town: Town) -> None:
    body = {"name": "Rowan", "kind": "rig"}
    for scope, status in (("read_only", 403), ("write", 403), ("admin", 201)):
        access = ask(app, {**ADA, "scope": scope}).json["access_token"]
        answer = call(app, access, SITES, "POST", json=body)
        assert answer.status_code == status, scope
        assert status == 201 or answer.json["needed_scope"] == "admin"
    assert ask(app, {**ADA, "scope": "everything"}).status_code == 422


def test_signing_the_app_out_ends_it(app: Flask, issued: dict[str, Any]) -> None:
    answers = [app.test_client().post(REVOKE, json={"refresh_token": each}) for each in (issued["refresh_token"], "unknown")]
    assert [(answer.status_code, answer.json) for answer in answers] == [(200, {}), (200, {})]
    assert call(app, issued["access_token"]).status_code == 401
    assert renew(app, issued["refresh_token"]).status_code == 401


def test_what_ends_the_person_ends_the_app(app: Flask, issued: dict[str, Any], town: Town) -> None:
    with acting(town.home, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (town.home.id, town.member.id)).status = "suspended"
    assert call(app, issued["access_token"]).status_code == 404
    with acting(town.home, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (town.home.id, town.member.id)).status = "active"
    assert town.member.identity_id
    with unit_of_work():
        sessions.end_sessions(town.member.identity_id)
    assert call(app, issued["access_token"]).status_code == 401
    assert renew(app, issued["refresh_token"]).status_code == 401


def test_all_that_a_person_holds_can_be_ended_at_once(app: Flask, issued: dict[str, Any], town: Town, ben: Visitor) -> None:
    with acting(town.home, actor_of(town.home, town.member)), unit_of_work():
        _made, value = auth.make_token("script")
    assert town.member.identity_id
    with unit_of_work():
        assert auth.revoke_all(town.member.identity_id) == 1
    assert [call(app, each).status_code for each in (value, issued["access_token"])] == [401, 401]
    assert renew(app, issued["refresh_token"]).status_code == 401
    assert ben.get("/home/").status_code in (200, 302, 303, 308), "the browser's own session goes on"
    assert "ended=1" not in ben.get("/home/settings/").headers.get("Location", "")


def test_an_app_is_seen_and_ended_where_one_is_signed_in(app: Flask, ben: Visitor, issued: dict[str, Any]) -> None:
    page = ben.get("/home/settings/sessions").text
    assert ">App<" in page.replace("\n", "")
    assert ben.send("/home/settings/sessions/end-others", form="/home/settings/sessions").status_code == 303
    assert call(app, issued["access_token"]).status_code == 401


def test_an_app_is_limited_by_itself(app: Flask, issued: dict[str, Any]) -> None:
    other = ask(app, BEN).json["access_token"]
    place = organisations.load_organisation(organisations.place_of("home"))  # type: ignore[arg-type]
    assert place is not None
    with acting(place, SYSTEM), unit_of_work():
        settings.set("api.requests_per_hour", 10)
    assert [call(app, issued["access_token"]).status_code for _ in range(11)] == [200] * 10 + [429]
    assert call(app, other).status_code == 200


FORGED = ("none", "foreign key", "public key", "kid", "typ", "iss", "aud", "exp", "nbf", "no exp", "sub", "kind", "cut", "swapped")


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_pass_opens_nothing(app: Flask, issued: dict[str, Any], how: str) -> None:
    assert call(app, forged(app, issued["access_token"], "")).status_code == 200, "the same, made well"
    assert call(app, forged(app, issued["access_token"], how)).status_code == 401


def forged(app: Flask, access: str, how: str) -> str:
    """A pass of our own making, wrong in one way."""
    head, body, sign = access.split(".")
    if how in ("none", "cut", "swapped"):
        bare = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": passes.TYPE}).encode()).rstrip(b"=").decode()
        other = base64.urlsafe_b64encode(base64.urlsafe_b64decode(body + "==").replace(b"write", b"admin")).rstrip(b"=").decode()
        return {"none": f"{bare}.{body}.", "cut": f"{head}.{body}.{sign[:-4]}", "swapped": f"{head}.{other}.{sign}"}[how]
    with app.app_context():
        key, claims = OctKey.import_key(key_for(passes.PURPOSE)), jwt.decode(access, OctKey.import_key(key_for(passes.PURPOSE))).claims
    wrong = {"iss": {"iss": "https://elsewhere.example"}, "aud": {"aud": "https://elsewhere.example/api/"}, "sub": {"sub": "access:nobody"},
             "exp": {"exp": claims["iat"] - 1}, "nbf": {"nbf": claims["exp"] + 600},
             "kind": {"sub": claims["sub"].replace("access", "lent")}}
    claims = {**claims, **wrong.get(how, {})}
    if how == "no exp":
        del claims["exp"]
    header = {**json.loads(base64.urlsafe_b64decode(head + "==")), **({"kid": "other"} if how == "kid" else {}),
              **({"typ": "JWT"} if how == "typ" else {})}
    if how == "foreign key":
        key = OctKey.import_key(b"another key of thirty-two bytes!")
    if how == "public key":
        return jwt.encode({**header, "alg": "RS256"}, claims, RSAKey.generate_key(2048), algorithms=["RS256"])
    return jwt.encode(header, claims, key)
