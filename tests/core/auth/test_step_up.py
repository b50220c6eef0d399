"""Step-up: roles, tokens, confidential exports and RED decisions ask again who one is; what was typed goes on afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask, g

from app.core import access, auth, settings
from app.core.auth.entry import Entry
from app.core.auth.factors import stepping
from app.core.people.groups import Group, GroupMember, GroupRole
from app.core.sso.models import Kind, Provider
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.records import new_id
from app.kernel.references import assign
from app.kernel.registry import registry
from tests.core.auth.conftest import Town
from tests.core.auth.devices import Device, question
from tests.core.auth.test_second_step import now_of, with_totp
from tests.core.visitors import PASSWORD, Visitor, actor_of


@pytest.fixture
def ada(app: Flask, town: Town) -> Visitor:
    """The owner's browser, signed in."""
    browser = Visitor(app)
    assert browser.sign_in("ada@home.example").status_code == 303
    return browser


@pytest.fixture
def later(ada: Visitor) -> Iterator[None]:
    """A quarter of an hour after signing in."""
    with clock.at(clock.now().replace(second=10, microsecond=0) + timedelta(minutes=15)):
        yield


def asked(answer: Any) -> bool:
    """Whether the page that asks came."""
    return "Confirm that it is you" in answer.text


@pytest.mark.usefixtures("later")
def test_a_token_is_made_after_a_proof_with_what_was_typed(ada: Visitor) -> None:
    typed = {"name": "Cron & co", "days": "30", "scopes": "read_only"}
    page = ada.send("/home/settings/tokens", **typed)
    assert asked(page)
    kept = dict(re.findall(r'<input type="hidden" name="(name|days|scopes)" value="([^"]*)">', page.text))
    assert kept == {"name": "Cron &amp; co", "days": "30", "scopes": "read_only"}
    wrong = ada.send("/home/settings/tokens", **typed, proof_of_you="1", proof="wrong")
    assert wrong.status_code == 422
    assert asked(wrong)
    assert 'value="Cron &amp; co"' in wrong.text
    made = ada.send("/home/settings/tokens", **typed, proof_of_you="1", proof=PASSWORD)
    assert re.search(r">[0-9a-f]{32}<", made.text)


@pytest.mark.usefixtures("later")
def test_what_a_script_sent_is_kept_too_and_the_page_takes_its_place(ada: Visitor) -> None:
    data = {"csrf_token": ada.token("/home/settings/tokens"), "name": "Cron & co", "days": "30", "scopes": "read_only"}
    page = ada.client.post("/home/settings/tokens", data=data, headers={"HX-Request": "true"})
    assert asked(page)
    assert (page.headers["HX-Retarget"], page.headers["HX-Reswap"]) == ("body", "outerHTML")
    assert '<input type="hidden" name="name" value="Cron &amp; co">' in page.text


@pytest.mark.usefixtures("later")
def test_a_role_changes_hands_after_a_proof(ada: Visitor, town: Town) -> None:
    with acting(town.home, SYSTEM), unit_of_work():
        manager = str(access.role_named("manager").id)
    address = f"/home/people/members/{town.member.reference}/edit"
    form = ada.get(address).text
    typed = {name: value for name, value in re.findall(r'<input[^>]*name="([a-z_]+)"[^>]*value="([^"]*)"', form) if name != "csrf_token"}
    typed |= dict(re.findall(r'<select[^>]*name="([a-z_]+)".*?<option value="([^"]*)" selected', form, re.DOTALL))
    typed |= {"role": manager, "role__text": "Manager"}
    assert asked(ada.send(address, **typed))
    done = ada.send(address, **typed, proof_of_you="1", proof=PASSWORD)
    assert done.status_code == 303, done.text
    assert "Manager" in ada.get(f"/home/people/members/{town.member.reference}/").text


@pytest.mark.usefixtures("later")
def test_what_is_confidential_is_exported_after_a_proof(ada: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    members = registry.resource("people.member")
    address = "/home/people/members/export?format=csv"
    assert ada.get(address).mimetype == "text/csv"
    monkeypatch.setitem(registry.resources, "people.member", replace(members, confidential=True))
    monkeypatch.setattr("app.core.audit.is_confidential", lambda resource, record=None: resource.key == "people.member")
    page = ada.get(address)
    assert asked(page)
    assert 'name="next" value="/home/people/members/export?format=csv"' in page.text
    done = ada.send("/home/prove", proof_of_you="1", proof=PASSWORD, next=address)
    assert done.location == address
    assert 'name="export_reason"' in ada.get(address).text
    assert ada.get(f"{address}&export_reason=Yearly+audit").mimetype == "text/csv"


@pytest.mark.usefixtures("later")
def test_a_passkey_is_proof_too(ada: Visitor, app: Flask) -> None:
    device = Device(app.extensions["settings"].base_url)
    new = "/home/settings/security/new/passkey"
    with clock.at(clock.now() - timedelta(minutes=14)):
        options, ticket = question(ada.get(new).text, new)
        ada.send(new, kind="passkey", ticket=ticket, credential=device.make(options), name="Key")
    tokens = "/home/settings/tokens"
    page = ada.send(tokens, name="Cron", days="30", scopes="read_only")
    options, ticket = question(page.text, tokens)
    proof = {"proof_of_you": "1", "proof_ticket": ticket, "proof_credential": device.use(options)}
    made = ada.send(tokens, name="Cron", days="30", scopes="read_only", **proof)
    assert re.search(r">[0-9a-f]{32}<", made.text)


def test_a_code_is_proof_where_a_password_is_and_works_once(town: Town) -> None:
    identity = town.member.identity_id
    codes = with_totp(identity)
    with clock.at(clock.now().replace(second=10)), unit_of_work():
        assert auth.is_you(identity, PASSWORD)
        assert auth.is_you(identity, now_of(codes))
        assert not auth.is_you(identity, now_of(codes))
        assert not auth.is_you(identity, pyotp.TOTP(pyotp.random_base32()).now())
        assert not auth.is_you(identity, "")


@pytest.mark.usefixtures("later")
def test_guesses_are_counted_like_those_at_the_door(ada: Visitor, app: Flask, town: Town) -> None:
    """Five wrong ones in a quarter of an hour: then the right one is verified no more, until the time has passed."""
    typed = {"name": "Cron", "days": "30", "scopes": "read_only", "proof_of_you": "1"}
    tried = [ada.send("/home/settings/tokens", **typed, proof=f"wrong-{n}").status_code for n in range(5)]
    assert tried == [422] * 5
    right = ada.send("/home/settings/tokens", **typed, proof=PASSWORD)
    assert right.status_code == 429
    assert not re.search(r">[0-9a-f]{32}<", right.text)
    with clock.at(clock.now() + timedelta(minutes=16)):
        assert re.search(r">[0-9a-f]{32}<", ada.send("/home/settings/tokens", **typed, proof=PASSWORD).text)


def test_a_proof_is_over_after_a_quarter_of_an_hour(ada: Visitor) -> None:
    with clock.at(clock.now() + timedelta(minutes=15)):
        assert not auth.recently_proved()
        assert asked(ada.get("/home/settings/security/new/totp"))


@pytest.fixture
def unproved(app: Flask, town: Town) -> Iterator[None]:
    """Ada at work, a quarter of an hour after she proved who she is."""
    g.entry = Entry(town.owner.identity_id or new_id(), new_id(), proved_at=clock.now() - timedelta(minutes=15))
    with acting(town.home, actor_of(town.home, town.owner)):
        yield
    g.pop("entry")


def _group_role(town: Town) -> None:
    group = Group(name="Support")
    assign([group])
    session().add(group)
    session().flush()
    given = GroupRole(group_id=group.id, role_id=access.role_named("viewer").id)
    assign([given])
    session().add(given)


def _group_member(town: Town) -> None:
    group = Group(name="Support")
    assign([group])
    session().add(group)
    session().flush()
    session().add(GroupMember(group_id=group.id, member_id=town.member.id))


def _inherited(_town: Town) -> None:
    access.role_named("support").parent_id = access.role_named("member").id


def _policy(_town: Town) -> None:
    settings.set("auth.magic_link", value=True)


def _provider(_town: Town) -> None:
    provider = Provider(name="Google", kind=Kind.GOOGLE, client_id="opsflux")
    assign([provider])
    session().add(provider)


@pytest.mark.usefixtures("unproved")
@pytest.mark.parametrize("change", [_group_role, _group_member, _inherited, _policy, _provider])
def test_what_gives_rights_or_lets_people_in_changes_after_a_proof(town: Town, change: Callable[[Town], None]) -> None:
    with pytest.raises(stepping.ProofNeeded), unit_of_work():
        change(town)
        session().flush()
    g.entry = replace(g.entry, proved_at=clock.now())
    with unit_of_work():
        change(town)
        session().flush()


@pytest.mark.usefixtures("unproved")
def test_other_settings_and_other_changes_of_a_role_ask_nothing() -> None:
    with unit_of_work():
        settings.set("mail.sender", "hello@home.example")
        access.role_named("viewer").label = "Reader"
        session().flush()
