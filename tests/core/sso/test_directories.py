"""Signing in by an LDAP directory and by one with the names of Active Directory, on a real server."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask

from app.core.sso import Provider
from app.core.sso.models import Joining, Kind
from tests.core.sso.conftest import House
from tests.core.visitors import Visitor
from tests.infra.directory import BASE, SEARCHER, SEARCHES, SECRET, Directory

PAGE = "/home/organisation/departments/"


def _set_up(house: House, directory: Directory, kind: Kind = Kind.LDAP, **said: Any) -> Provider:
    given = {"address": directory.address, "client_id": SEARCHER, "secret": SEARCHES, "search_base": f"ou=people,{BASE}",
             "authority": directory.authority, "groups": {"approvers": "approver"}}
    return house.provider(kind, **{**given, **said})


def _enter(browser: Visitor, provider: Provider, username: str, password: str = SECRET) -> Any:
    return browser.send(f"/sso/{provider.organisation_id}/{provider.id}/enter", form="/sign-in/to/home", username=username,
                        password=password, next=PAGE)


@pytest.mark.requirement("OF-047")
def test_the_directory_s_password_lets_in(house: House, visitor: Visitor, directory: Directory) -> None:
    provider = _set_up(house, directory)
    assert visitor.sign_in("ben@home.example", SECRET).status_code == 422, "held only in the directory"
    assert _enter(visitor, provider, "ben", "wrong").status_code == 422
    assert visitor.get(PAGE).status_code == 303
    answer = _enter(visitor, provider, "ben")
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert visitor.get(PAGE).status_code == 200
    assert house.roles_of("ben@home.example") == {"member", "approver"}
    assert house.refusals() == ["password"]


@pytest.mark.parametrize("name", ["ben@ad.home.example", "ben.h", "HOME\\ben.h", " BEN.H "])
@pytest.mark.requirement("OF-048")
def test_both_names_of_active_directory_are_one_user(app: Flask, house: House, visitor: Visitor, directory: Directory, name: str) -> None:
    provider = _set_up(house, directory, Kind.DIRECTORY)
    assert _enter(visitor, provider, "ben.h").status_code == 303
    other = Visitor(app)
    assert _enter(other, provider, name).status_code == 303
    assert visitor.get("/home/settings/sign-ins").text.count("ben@home.example · ") == 1, "one link for both"
    assert other.get("/home/settings/sign-ins").text.count("ben@home.example · ") == 1


@pytest.mark.parametrize("name", ["*", "ben*", "ben)(uid=*", "*)(objectClass=*", "ben)(|(uid=*", "\\2a", "", "x" * 300])
def test_what_is_written_into_a_name_finds_nobody(house: House, visitor: Visitor, directory: Directory, name: str) -> None:
    assert _enter(visitor, _set_up(house, directory), name).status_code == 422
    assert house.refusals() in (["name"], ["empty"])
    assert visitor.get(PAGE).status_code == 303


def test_an_empty_password_never_reaches_the_directory(house: House, visitor: Visitor, directory: Directory) -> None:
    assert _enter(visitor, _set_up(house, directory), "ben", "").status_code == 422
    assert house.refusals() == ["empty"]


def test_a_directory_that_is_down_looks_like_a_wrong_password(house: House, visitor: Visitor, directory: Directory,
                                                              caplog: pytest.LogCaptureFixture) -> None:
    provider = _set_up(house, directory)
    wrong = _enter(visitor, provider, "ben", "wrong")
    directory.stop()
    with caplog.at_level(logging.ERROR, "opsflux.sso"):
        away = _enter(visitor, provider, "ben")
    assert away.status_code == wrong.status_code == 422
    assert "did not work" in away.text
    assert house.refusals() == ["password", "away"]
    assert "out of order" in caplog.text


@pytest.mark.parametrize("said", [{"authority": None}, {"secret": "wrong"}, {"address": "ldap://127.0.0.1:1"},
                                  {"address": "ldap://10.1.2.3"}])
def test_a_directory_that_is_not_the_one_is_told_nothing(house: House, visitor: Visitor, directory: Directory,
                                                         said: dict[str, Any]) -> None:
    assert _enter(visitor, _set_up(house, directory, **said), "ben").status_code == 422
    assert house.refusals() == ["away"]


def test_five_wrong_passwords_close_the_way(house: House, visitor: Visitor, directory: Directory) -> None:
    provider = _set_up(house, directory)
    tries = [_enter(visitor, provider, "ben", "wrong").status_code for _ in range(6)]
    assert tries == [422] * 5 + [429]
    assert _enter(visitor, provider, "ben").status_code == 429
    assert visitor.sign_in("ben@home.example").status_code == 303, "the product's own password is another account"


@pytest.mark.parametrize("name", ["A\\ben.h", "B\\ben.h", " ben.h", "bén.h", "ben.h@anything"])
def test_however_a_name_is_written_its_tries_are_counted_together(house: House, visitor: Visitor, directory: Directory, name: str) -> None:
    provider = _set_up(house, directory, Kind.DIRECTORY)
    tries = [_enter(visitor, provider, written, "wrong").status_code for written in ("ben.h", "HOME\\ben.h", "BEN.H ", "ben.h", "X\\Ben.h")]
    assert tries == [422] * 5
    assert _enter(visitor, provider, name).status_code == 429


def test_whom_the_directory_finds_is_counted_by_whatever_name(house: House, visitor: Visitor, directory: Directory) -> None:
    provider = _set_up(house, directory, Kind.DIRECTORY)
    for written in ("ben.h", "ben@ad.home.example", "ben.h", "ben@ad.home.example", "ben.h"):
        assert _enter(visitor, provider, written, "wrong").status_code == 422
    wrong, right = _enter(visitor, provider, "nobody", "wrong"), _enter(visitor, provider, "ben@ad.home.example")
    assert (wrong.status_code, right.status_code) == (422, 422), "it looks like somebody whom the directory does not know"
    assert visitor.get(PAGE).status_code == 303
    assert house.refusals() == ["password"] * 5 + ["name", "tries"]


def test_a_new_person_joins(house: House, visitor: Visitor, directory: Directory) -> None:
    assert _enter(visitor, _set_up(house, directory, joining=Joining.EVERYBODY), "nia").status_code == 303
    assert house.roles_of("nia@home.example") == {"member"}


def test_other_providers_take_no_password(house: House, visitor: Visitor) -> None:
    provider = house.provider(address="https://idp.example")
    assert _enter(visitor, provider, "ben").status_code == 404
