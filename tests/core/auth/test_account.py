"""One's own settings, one's password, and the link with which the first one is set."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask import Flask

from app.core import auth
from app.core.auth.identities import identities_for, identity_of
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.auth.conftest import Town
from tests.core.visitors import PASSWORD, Visitor

NEW = "another sentence that nobody guesses"


def _link(town: Town) -> str:
    with unit_of_work():
        return "/welcome/" + auth.make_link(town.member.identity_id)


def test_settings_are_kept(ben: Visitor, town: Town) -> None:
    assert ben.send("/home/settings/", language="fr", timezone="Europe/Paris", digest_hour="6").status_code == 303
    with acting(town.home, SYSTEM), unit_of_work() as work:
        member = work.get_one(Member, (town.home.id, town.member.id))
        assert (member.language, member.timezone, member.digest_hour) == ("fr", "Europe/Paris", 6)
    assert 'lang="fr"' in ben.get("/home/settings/").text


def test_what_is_said_of_another_language_is_said_in_it(ben: Visitor) -> None:
    ben.send("/home/settings/", language="de", timezone="Europe/Paris", digest_hour="6")
    page = ben.get("/home/settings/").text
    assert "Your settings are saved." not in page
    assert "Ihre Einstellungen sind gespeichert." in page
    assert 'value="account" selected' in page


@pytest.mark.parametrize("wrong", [{"language": "tlh"}, {"timezone": "Mars/Base"}, {"digest_hour": "25"}])
def test_settings_that_cannot_be_are_named_and_nothing_is_kept(ben: Visitor, town: Town, wrong: dict[str, str]) -> None:
    answer = ben.send("/home/settings/", **{"language": "fr", "timezone": "Europe/Paris", "digest_hour": "6", **wrong})
    assert answer.status_code == 422
    with acting(town.home, SYSTEM), unit_of_work() as work:
        assert work.get_one(Member, (town.home.id, town.member.id)).language == "en"


def test_another_password_ends_every_other_session(ben: Visitor, app: Flask) -> None:
    other = Visitor(app)
    other.sign_in("ben@home.example")
    before = ben.cookie()
    answer = ben.send("/home/settings/password", current=PASSWORD, password=NEW, again=NEW)
    assert answer.status_code == 303
    assert ben.cookie() != before
    assert ben.get("/home/settings/").status_code == 200
    assert other.get("/home/settings/").status_code == 303
    assert other.sign_in("ben@home.example").status_code == 422
    assert other.sign_in("ben@home.example", NEW).status_code == 303


@pytest.mark.parametrize("wrong", [{"current": "x"}, {"again": "something else entirely"}, {"password": "short", "again": "short"},
                                   {"password": "x" * 129, "again": "x" * 129}])
def test_a_password_that_cannot_be_is_refused(ben: Visitor, wrong: dict[str, str]) -> None:
    sent = {"current": PASSWORD, "password": NEW, "again": NEW, **wrong}
    assert ben.send("/home/settings/password", **sent).status_code == 422
    assert ben.sign_in("ben@home.example").status_code == 303


def test_password_managers_find_the_page(ben: Visitor, visitor: Visitor) -> None:
    assert ben.get("/.well-known/change-password").location == "/home/settings/password"
    assert visitor.get("/.well-known/change-password").location == "/sign-in?next=/.well-known/change-password"


def test_the_first_password_is_set_by_a_link_once(visitor: Visitor, town: Town) -> None:
    address = _link(town)
    assert "ben@home.example" in visitor.get(address).text
    assert visitor.get(address).status_code == 200, "looking does not use it up"
    assert visitor.send(address, password=NEW, again=NEW).location == "/"
    assert visitor.get("/").location == "/home/"
    assert visitor.get(address).status_code == 404
    assert visitor.send(address, form="/home/settings/", password=NEW, again=NEW).status_code == 404


def test_a_link_expires_and_cannot_be_guessed(visitor: Visitor, town: Town) -> None:
    address = _link(town)
    with clock.at(clock.now() + timedelta(days=7, seconds=1)):
        assert visitor.get(address).status_code == 404
    assert visitor.get("/welcome/" + "x" * 43).status_code == 404


@pytest.mark.parametrize("wrong", [{"again": "something else entirely"}, {"password": "short", "again": "short"}])
def test_a_wrong_first_password_leaves_the_link_alone(visitor: Visitor, town: Town, wrong: dict[str, str]) -> None:
    address = _link(town)
    assert visitor.send(address, **{"password": NEW, "again": NEW, **wrong}).status_code == 422
    assert visitor.get(address).status_code == 200


def test_an_address_has_one_identity(town: Town) -> None:
    with unit_of_work():
        found = identities_for(["ben@home.example", "NEW@home.example", "new@home.example"])
    assert found["ben@home.example"] == town.member.identity_id == identity_of(" Ben@Home.Example")
    assert set(found) == {"ben@home.example", "new@home.example"}


def test_the_proof_of_who_one_is(town: Town) -> None:
    with unit_of_work():
        assert auth.verify_password(town.member.identity_id, PASSWORD)
        assert not auth.verify_password(town.member.identity_id, "wrong")
        assert not auth.verify_password(town.owner.identity_id, "")
        assert not auth.verify_password(None, PASSWORD)


def test_an_organisation_is_made_with_a_link_for_its_owner(app: Flask, visitor: Visitor) -> None:
    from app.core.auth.cli import create_organisation

    done = app.test_cli_runner().invoke(create_organisation, [
        "Fourth", "--slug", "fourth", "--owner-email", "dee@fourth.example", "--owner-name", "Dee Four", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["role"] == "owner"
    visitor.send("/welcome/" + said["link"].rpartition("/")[2], password=NEW, again=NEW)
    assert visitor.get("/fourth/organisation/departments/").status_code == 200
