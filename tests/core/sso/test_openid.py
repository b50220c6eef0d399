"""Signing in through OpenID Connect and GitHub: who is let in, and every way of cheating refused."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import RSAKey
from sqlalchemy import text

from app.core import access
from app.core.people import Member, Status
from app.core.sso import presets
from app.core.sso.models import Joining, Kind
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.sso.conftest import House, Way, back
from tests.core.visitors import Visitor
from tests.infra.vouching import SECRET, Vouching

PAGE = "/home/organisation/departments/"
LIES = {"alg none": "signature", "public key as secret": "signature", "other key": "signature", "unknown key": "signature",
        "tampered": "signature", "denied": "denied", "down": "away", "other issuer": "away"}
CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "iss": ({"iss": "https://evil.example"}, "claims"), "no iss": ({"iss": None}, "claims"),
    "aud": ({"aud": "somebody else"}, "claims"), "no aud": ({"aud": None}, "claims"),
    "azp": ({"aud": ["opsflux", "other"], "azp": "other"}, "claims"),
    "nonce": ({"nonce": "of another attempt"}, "nonce"), "no nonce": ({"nonce": None}, "nonce"),
    "exp": ({"exp": int(time.time()) - 3600}, "claims"), "no exp": ({"exp": None}, "claims"),
    "iat": ({"iat": int(time.time()) + 3600}, "claims"), "no sub": ({"sub": None}, "claims"),
    "hash of the access token": ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "claims"),
    "unverified": ({"email_verified": False}, "address"), "unsaid": ({"email_verified": None}, "address"),
    "no address": ({"email": None, "email_verified": None}, "address"),
}


@pytest.mark.parametrize("kind", [Kind.OIDC, Kind.GOOGLE, Kind.MICROSOFT, Kind.GITLAB, Kind.GITHUB])
@pytest.mark.requirement("OF-045", "OF-046", "FL-001", "FL-002")
def test_the_matching_member_is_signed_in(house: House, visitor: Visitor, way: Way, vouching: Vouching, kind: Kind) -> None:
    house.domain("home.example")
    provider = house.provider(kind, address=vouching.url)
    answer = way(visitor, provider, wanted=PAGE)
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert visitor.get(PAGE).status_code == 200
    assert house.refusals() == []


@pytest.mark.parametrize("lie", LIES)
def test_what_is_not_to_be_believed_is_refused(house: House, visitor: Visitor, way: Way, vouching: Vouching, lie: str) -> None:
    provider = house.provider(address=vouching.url)
    honest = _said(way(visitor, house.provider(address=vouching.url, name="wrong secret", secret="x" * 9)))
    vouching.lies = lie
    if lie == "other issuer":
        presets._known.clear()
        answer = visitor.get(f"/sso/{provider.organisation_id}/{provider.id}/start")
    else:
        answer = way(visitor, provider)
    assert answer.status_code == 422
    assert visitor.get(PAGE).status_code == 303
    assert house.refusals()[-1] == LIES[lie]
    assert _said(answer) == honest.replace("wrong secret", "oidc"), "refusals and outages look alike"


def _said(answer: Any) -> str:
    return str(answer.text.split('role="alert"')[-1].split("</section>")[0].split("Sign in with")[0].split("<ul")[0])


@pytest.mark.parametrize("wrong", CLAIMS)
def test_a_token_that_was_not_made_for_this_is_refused(house: House, visitor: Visitor, way: Way, vouching: Vouching, wrong: str) -> None:
    vouching.claims, reason = CLAIMS[wrong]
    for name in vouching.person.keys() & {name for name, value in vouching.claims.items() if value is None} - {"sub"}:
        del vouching.person[name]
    answer = way(visitor, house.provider(address=vouching.url, joining=Joining.EVERYBODY))
    assert answer.status_code == 422
    assert house.refusals() == [reason]
    assert visitor.get(PAGE).status_code == 303


def test_a_person_asked_about_must_be_the_same(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    vouching.claims, vouching.lies = {"email": None, "email_verified": None}, "other person"
    assert way(visitor, house.provider(address=vouching.url)).status_code == 422
    assert house.refusals() == ["subject"]


def test_what_the_token_leaves_out_is_asked_for(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    vouching.claims = {"email": None, "email_verified": None}
    assert way(visitor, house.provider(address=vouching.url)).status_code == 303


def test_a_key_that_is_new_is_fetched(house: House, visitor: Visitor, way: Way, vouching: Vouching,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    provider = house.provider(address=vouching.url)
    assert way(visitor, provider).status_code == 303
    monkeypatch.setattr(vouching, "key", RSAKey.generate_key(2048, parameters={"kid": "second", "use": "sig"}))
    vouching.heard.clear()
    assert way(visitor, provider).status_code == 303
    assert vouching.heard.count("keys") == 1


@pytest.mark.requirement("FL-001")
def test_a_code_works_once(house: House, visitor: Visitor, vouching: Vouching) -> None:
    address = back(visitor, house.provider(address=vouching.url), vouching)
    assert visitor.get(address).status_code == 303
    visitor.send("/sign-out", form="/home/settings/")
    assert visitor.get(address).status_code == 422
    assert house.refusals() == ["state"]


@pytest.mark.requirement("FL-001")
def test_a_wrong_code_is_refused(house: House, visitor: Visitor, vouching: Vouching) -> None:
    address = back(visitor, house.provider(Kind.GITHUB, address=vouching.url), vouching)
    state = address.partition("state=")[2]
    assert visitor.get(f"{address.partition('?')[0]}?code=guessed&state={state}").status_code == 422
    assert house.refusals() == ["code"]


@pytest.mark.requirement("FL-001")
def test_the_way_back_is_for_the_browser_that_set_out(app: Flask, house: House, visitor: Visitor, vouching: Vouching) -> None:
    provider, other = house.provider(Kind.GITHUB, address=vouching.url), Visitor(app)
    mine, theirs = back(visitor, provider, vouching), back(other, provider, vouching)
    assert visitor.get(theirs).status_code == 422, "the state of another browser"
    assert Visitor(app).get(mine).status_code == 422, "no browser of ours"
    assert house.refusals() == ["browser", "browser"]
    swapped = f"{mine.partition('state=')[0]}state={theirs.partition('state=')[2]}"
    assert visitor.get(swapped).status_code == 422
    assert visitor.get(mine).status_code == 303, "what others tried does not use it up"


@pytest.mark.parametrize("state", ["", "x", "x" * 5000])
def test_a_state_that_is_none_is_refused(house: House, visitor: Visitor, vouching: Vouching, state: str) -> None:
    provider = house.provider(address=vouching.url)
    assert visitor.get(f"/sso/{provider.organisation_id}/{provider.id}/callback?code=x&state={state}").status_code == 422
    assert house.refusals() == ["state"]


def test_the_state_of_another_provider_is_refused(house: House, visitor: Visitor, vouching: Vouching) -> None:
    one, two = house.provider(address=vouching.url), house.provider(address=vouching.url, name="two")
    address = back(visitor, one, vouching).replace(str(one.id), str(two.id))
    assert visitor.get(address).status_code == 422


def test_who_comes_back_too_late_is_refused(house: House, visitor: Visitor, vouching: Vouching) -> None:
    address = back(visitor, house.provider(address=vouching.url), vouching)
    with clock.at(clock.now() + timedelta(minutes=11)):
        assert visitor.get(address).status_code == 422
    assert house.refusals() == ["state"]


def test_an_answer_in_the_name_of_another_issuer_is_refused(house: House, visitor: Visitor, vouching: Vouching) -> None:
    address = back(visitor, house.provider(address=vouching.url), vouching)
    assert visitor.get(f"{address}&iss=https://evil.example").status_code == 422
    assert house.refusals() == ["issuer"]


def test_an_unverified_address_at_github_is_refused(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    vouching.person["email_verified"] = False
    assert way(visitor, house.provider(Kind.GITHUB, address=vouching.url)).status_code == 422
    assert house.refusals() == ["address"]


def test_a_tenant_of_microsoft_cannot_write_any_address(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    provider = house.provider(Kind.MICROSOFT, address=vouching.url)
    assert way(visitor, provider).status_code == 422, "email_verified means nothing there"
    vouching.claims = {"xms_edov": True}
    assert way(visitor, provider).status_code == 303


@pytest.mark.requirement("FL-001", "OF-045")
def test_a_new_person_becomes_a_member_where_that_is_wanted(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    vouching.person.update(sub="s-9", email="new@home.example", name="Nia New")
    assert way(visitor, house.provider(address=vouching.url)).status_code == 422, "the domain is not confirmed"
    house.domain("home.example")
    assert way(visitor, house.provider(address=vouching.url, name="nobody", joining=Joining.NOBODY)).status_code == 422
    assert house.refusals() == ["stranger", "stranger"]
    assert way(visitor, house.provider(Kind.GITHUB, address=vouching.url, name="domains")).status_code == 303
    assert visitor.get(PAGE).status_code == 200
    assert house.roles_of("new@home.example") == {"member"}


def test_roles_follow_the_groups(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    provider = house.provider(address=vouching.url, groups={"Approvers": "approver", "auditors": "auditor", "bosses": "owner"})
    vouching.person["groups"] = ["approvers", "bosses", "others"]
    assert way(visitor, provider).status_code == 303
    assert house.roles_of("ben@home.example") == {"member", "approver"}, "nobody becomes an owner so"
    vouching.person["groups"] = ["auditors"]
    way(visitor, provider)
    assert house.roles_of("ben@home.example") == {"member", "auditor"}
    vouching.person["groups"] = []
    way(visitor, provider)
    assert house.roles_of("ben@home.example") == {"member"}


def test_what_was_given_by_hand_stays(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    with acting(house.home, SYSTEM), unit_of_work():
        access.grant_further(house.member.id, "approver")
    provider = house.provider(address=vouching.url, groups={"approvers": "approver"})
    vouching.person["groups"] = ["approvers"]
    way(visitor, provider)
    vouching.person["groups"] = []
    way(visitor, provider)
    assert house.roles_of("ben@home.example") == {"member", "approver"}


def test_a_provider_opens_its_own_organisation_alone(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    """Ben owns the other organisation too: what the provider of this one says must not open that one."""
    assert way(visitor, house.provider(address=vouching.url)).status_code == 303
    assert visitor.get(PAGE).status_code == 200
    assert visitor.get("/away/organisation/departments/").status_code == 404
    assert visitor.get("/api/v1/away/organisation/departments/").status_code == 404
    assert visitor.get("/").location == "/home/"
    assert "/away/" not in visitor.get("/organisations").text


def test_a_provider_cannot_name_an_owner(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    vouching.person.update(sub="s-3", email="ada@home.example")
    assert way(visitor, house.provider(address=vouching.url)).status_code == 422
    assert house.refusals() == ["owner"]


def test_a_name_at_the_provider_stays_with_its_member(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    provider = house.provider(address=vouching.url)
    way(visitor, provider)
    vouching.person["email"] = "cleo@home.example"
    assert way(visitor, provider, wanted=PAGE).status_code == 303
    assert visitor.get("/home/access/roles/").status_code == 403, "Cleo could"


@pytest.mark.parametrize("address", ["/home/settings/password", "/home/settings/security", "/home/settings/security/new/totp"])
def test_what_is_the_person_s_own_is_closed(house: House, visitor: Visitor, way: Way, vouching: Vouching, address: str) -> None:
    """A provider could say of anybody that they are Ben: that must not give it Ben's password and passkeys, which open other doors."""
    way(visitor, house.provider(address=vouching.url))
    assert visitor.get(address).status_code == 403


def test_a_member_who_left_is_not_let_in(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    provider = house.provider(address=vouching.url)
    way(visitor, provider)
    with acting(house.home, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (house.home.id, house.member.id)).status = Status.SUSPENDED
    assert visitor.get(PAGE).status_code == 404
    assert way(visitor, provider).status_code == 422
    assert house.refusals() == ["member"]


def test_the_secret_is_unreadable_at_rest(house: House, vouching: Vouching) -> None:
    provider = house.provider(address=vouching.url)
    with acting(house.home, SYSTEM), unit_of_work() as work:
        kept = bytes(work.execute(text("SELECT sealed FROM sso_provider WHERE id = :id"), {"id": provider.id}).scalar_one())
    assert SECRET.encode() not in kept


def test_a_provider_that_is_gone_is_not_found(house: House, visitor: Visitor, vouching: Vouching) -> None:
    provider = house.provider(address=vouching.url, active=False)
    for last in ("start", "callback"):
        assert visitor.get(f"/sso/{provider.organisation_id}/{provider.id}/{last}").status_code == 404
        assert visitor.get(f"/sso/{house.away.id}/{provider.id}/{last}").status_code == 404
        assert visitor.get(f"/sso/{provider.id}/{provider.id}/{last}").status_code == 404
