"""Step-up for whom a provider let in: that provider says anew that it is them; no password of their own is guessed meanwhile."""

from __future__ import annotations

import base64
import re
import time
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from flask import Flask, g
from sqlalchemy import select, update

from app.core import auth
from app.core.audit.models import AuditEntry
from app.core.auth.entry import Entry
from app.core.auth.factors.stepping import ProofNeeded
from app.core.auth.models import UserSession
from app.core.sso import Provider
from app.core.sso.models import Kind
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import as_identity, unit_of_work
from tests.core.sso.conftest import House, Way
from tests.core.sso.test_directories import _enter, _set_up
from tests.core.sso.test_saml import _ours, _post, _said, _through
from tests.core.visitors import PASSWORD, Visitor
from tests.infra.asserting import Asserting
from tests.infra.directory import SECRET, Directory
from tests.infra.vouching import Vouching, path_of

ASKED, MARK = "Confirm that it is you", {"proof_of_you": "1"}


def grow_old(house: House) -> None:
    """The last proof of everybody is eleven minutes old."""
    with unit_of_work() as work, as_identity(house.member.identity_id):
        work.execute(update(UserSession).values(proved_at=clock.now() - timedelta(minutes=11)))


def weighty(browser: Visitor, provider: Provider, **said: str) -> Any:
    """Add a way in, which asks who one is."""
    return browser.send(f"/home/settings/sign-ins/{provider.id}", form="/home/settings/", **said)


def button(page: str) -> str:
    """Where the button of the provider leads."""
    found = re.search(r'action="(/sso/[^"]+/again)"', page)
    assert found, page
    return found.group(1)


def leave(browser: Visitor, page: str) -> str:
    """Press it; gives the address at the provider."""
    sent = browser.send(button(page), form="/home/settings/")
    assert sent.status_code == 200, sent.text
    found = re.search(r'content="0; url=([^"]+)"', sent.text)
    assert found
    return found.group(1).replace("&amp;", "&")


@pytest.fixture
def oidc(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> Provider:
    """Ben came in through a provider, eleven minutes ago."""
    house.domain("home.example")
    provider = house.provider(address=vouching.url)
    assert way(visitor, provider).status_code == 303
    grow_old(house)
    return provider


def test_the_provider_says_it_anew(house: House, visitor: Visitor, vouching: Vouching, oidc: Provider) -> None:
    page = weighty(visitor, oidc).text
    assert ASKED in page
    assert 'name="proof"' not in page, "no password of their own is asked for"
    address = leave(visitor, page)
    asked = parse_qs(urlsplit(address).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    before = visitor.cookie()
    vouching.claims = {"auth_time": int(time.time())}
    answer = visitor.get(path_of(vouching.answer(address)))
    assert (answer.status_code, answer.location) == (303, "/sso/confirmed")
    assert visitor.get("/sso/confirmed").status_code == 200
    assert visitor.cookie() == before, "the session goes on"
    assert ASKED not in weighty(visitor, oidc).text
    with acting(house.home, SYSTEM), unit_of_work() as work:
        assert len(work.scalars(select(AuditEntry).where(AuditEntry.action == "sso.proof")).all()) == 1


SAID = [({}, "s-1"), ({"auth_time": None}, "s-1"), ({"auth_time": int(time.time()) - 3600}, "s-1"), ({"auth_time": True}, "s-1"),
        ("now", "s-2")]


@pytest.mark.parametrize(("said", "person"), SAID)
def test_what_it_does_not_say_proves_nothing(
        house: House, visitor: Visitor, vouching: Vouching, oidc: Provider, said: Any, person: str) -> None:
    address = leave(visitor, weighty(visitor, oidc).text)
    vouching.claims = {"auth_time": int(time.time())} if said == "now" else said
    vouching.person = {**vouching.person, "sub": person}
    assert visitor.get(path_of(vouching.answer(address))).status_code == 422
    assert house.refusals() == ["somebody else" if person == "s-2" else "not anew"]
    assert ASKED in weighty(visitor, oidc).text


def test_another_browser_proves_nothing(house: House, app: Flask, visitor: Visitor, way: Way, vouching: Vouching, oidc: Provider) -> None:
    other = Visitor(app)
    assert way(other, oidc).status_code == 303
    grow_old(house)
    vouching.claims = {"auth_time": int(time.time())}
    assert other.get(path_of(vouching.answer(leave(visitor, weighty(visitor, oidc).text)))).status_code == 422
    assert ASKED in weighty(visitor, oidc).text
    assert ASKED in weighty(other, oidc).text


def test_their_own_password_is_not_tried(visitor: Visitor, app: Flask, oidc: Provider) -> None:
    for _try in range(7):
        assert ASKED in weighty(visitor, oidc, **MARK, proof="a guess of the provider's").text
    assert ASKED in weighty(visitor, oidc, **MARK, proof=PASSWORD).text
    assert Visitor(app).sign_in("ben@home.example").status_code == 303, "nobody was locked out"


def test_somebody_with_a_password_is_offered_no_provider(house: House, visitor: Visitor, oidc: Provider, app: Flask) -> None:
    ben = Visitor(app)
    ben.sign_in("ben@home.example")
    grow_old(house)
    page = weighty(ben, oidc).text
    assert 'name="proof"' in page
    assert "/again" not in page
    assert ben.send(f"/sso/{house.home.id}/{oidc.id}/again", form="/home/settings/").status_code == 404


@pytest.mark.parametrize("when", ["now", "2020-01-01T00:00:00Z"])
def test_saml_is_asked_to_force_it(house: House, visitor: Visitor, asserting: Asserting, when: str) -> None:
    provider = house.provider(Kind.SAML, metadata_xml=asserting.metadata, client_id=None, secret="")
    other = house.provider(address="https://login.example.org")
    assert _through(visitor, provider, asserting).status_code == 303
    grow_old(house)
    address = leave(visitor, weighty(visitor, other).text)
    request = zlib.decompress(base64.b64decode(parse_qs(urlsplit(address).query)["SAMLRequest"][0]), -15).decode()
    assert 'ForceAuthn="true"' in request
    bent = {} if when == "now" else {"bend": _said(".//saml:AuthnStatement", "AuthnInstant", when)}
    posted = _post(visitor, provider, asserting.answer(address, _ours(visitor, provider), **bent))
    if when == "now":
        assert visitor.get(posted.location).location == "/sso/confirmed"
    else:
        assert posted.status_code == 422
        assert house.refusals() == ["not anew"]
    assert (ASKED in weighty(visitor, other).text) is (when != "now")


def test_a_directory_is_asked_by_its_password(house: House, visitor: Visitor, app: Flask, directory: Directory) -> None:
    provider = _set_up(house, directory)
    other = house.provider(address="https://login.example.org")
    assert _enter(visitor, provider, "ben").status_code == 303
    grow_old(house)
    page = weighty(visitor, other).text
    assert f'value="{provider.id}"' in page
    by = {**MARK, "proof_way": str(provider.id), "proof_name": "ben"}
    assert ASKED in weighty(visitor, other, **by, proof="wrong").text
    assert ASKED in weighty(visitor, other, **{**by, "proof_way": str(other.id)}, proof=SECRET).text
    assert ASKED not in weighty(visitor, other, **by, proof=SECRET).text
    grow_old(house)
    for _try in range(5):
        weighty(visitor, other, **by, proof="wrong")
    late = weighty(visitor, other, **by, proof=SECRET)
    assert (late.status_code, ASKED in late.text) == (429, True)
    assert Visitor(app).sign_in("ben@home.example").status_code == 303, "their own password is another matter"


def test_a_red_decision_takes_the_provider_s_word_of_the_last_minutes(house: House, app: Flask) -> None:
    identity = house.member.identity_id
    assert identity is not None
    entry = Entry(identity, session_id=uuid4(), confined_to=house.home.id, proved_at=clock.now())
    with app.test_request_context():
        g.entry = entry
        assert auth.is_you(identity, "")
        g.entry = replace(entry, proved_at=clock.now() - timedelta(minutes=11))
        for typed in ("", PASSWORD):
            with pytest.raises(ProofNeeded):
                auth.is_you(identity, typed)
