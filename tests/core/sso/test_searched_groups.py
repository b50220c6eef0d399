"""Groups of a directory that people do not name themselves: searched for, on a real server."""

from __future__ import annotations

from typing import Any

import pytest
from ldap3.extend import StandardExtendedOperations

from app.core.sso.models import Joining, Kind
from app.kernel.current import acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Invalid
from tests.core.sso.conftest import House
from tests.core.sso.test_directories import PAGE, _enter, _set_up
from tests.core.visitors import Visitor, actor_of
from tests.infra.directory import BASE, ODD, Directory

GROUPS, BELOW = {"approvers": "approver", "divers": "editor", "welders": "auditor"}, f"ou=groups,{BASE}"


@pytest.mark.requirement("OF-047")
def test_groups_that_people_do_not_name_are_searched(house: House, visitor: Visitor, directory: Directory) -> None:
    provider = _set_up(house, directory, groups=GROUPS)
    assert _enter(visitor, provider, "ben").status_code == 303
    assert house.roles_of("ben@home.example") == {"member", "approver"}, "what memberOf says"
    searched = _set_up(house, directory, name="searched", groups=GROUPS, groups_base=BELOW)
    assert _enter(Visitor(visitor.app), searched, "ben").status_code == 303
    assert house.roles_of("ben@home.example") == {"member", "approver", "editor"}, "and what the groups say"


def test_a_filter_of_one_s_own_finds_the_groups(house: House, visitor: Visitor, directory: Directory) -> None:
    provider = _set_up(house, directory, groups=GROUPS, groups_base=BELOW, groups_filter="(&(cn=Welders)(!(uniqueMember={dn})))")
    assert _enter(visitor, provider, "ben").status_code == 303
    assert house.roles_of("ben@home.example") == {"member", "approver", "auditor"}


def test_what_a_name_holds_is_no_part_of_the_filter(house: House, visitor: Visitor, directory: Directory,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _listen(monkeypatch)
    provider = _set_up(house, directory, groups=GROUPS, groups_base=BELOW, joining=Joining.EVERYBODY)
    assert _enter(visitor, provider, "zoe (x)*").status_code == 303
    assert house.roles_of("zoe@home.example") == {"editor"}
    odd = ODD.replace("(", "\\28").replace(")", "\\29").replace("*", "\\2a")
    assert asked == [f"(|(member={odd})(uniqueMember={odd}))"]


@pytest.mark.requirement("OF-048")
def test_active_directory_is_asked_for_the_groups_in_groups(house: House, visitor: Visitor, directory: Directory,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    """The server here does not know that rule and finds none by it; that is no reason to keep somebody out."""
    asked = _listen(monkeypatch)
    provider = _set_up(house, directory, Kind.DIRECTORY, groups=GROUPS, groups_base=BELOW)
    assert _enter(visitor, provider, "ben.h").status_code == 303
    assert asked == [f"(member:1.2.840.113556.1.4.1941:=uid=ben,ou=people,{BASE})"]
    assert house.roles_of("ben@home.example") == {"member", "approver"}


def test_groups_that_cannot_be_searched_are_an_outage(house: House, visitor: Visitor, directory: Directory) -> None:
    """Roles hang on them: nobody comes in with fewer because a search failed."""
    provider = _set_up(house, directory, groups_base=f"ou=nowhere,{BASE}")
    assert _enter(visitor, provider, "ben").status_code == 422
    assert house.refusals() == ["away"]
    assert visitor.get(PAGE).status_code == 303


def test_groups_are_searched_for_nobody_whose_password_is_wrong(house: House, visitor: Visitor, directory: Directory,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _listen(monkeypatch)
    provider = _set_up(house, directory, groups_base=BELOW)
    assert _enter(visitor, provider, "ben", "wrong").status_code == 422
    assert asked == []


@pytest.mark.parametrize("said", [{"groups_filter": "(member={dn})"}, {"groups_base": BELOW, "groups_filter": "(member=x)"},
                                  {"groups_base": BELOW, "groups_filter": "(member={dn}"}, {"groups_base": BELOW, "groups_filter": "{dn}"}])
def test_what_is_no_filter_of_groups_is_refused(house: House, said: dict[str, str]) -> None:
    given = {"name": "Directory", "kind": "ldap", "address": "ldaps://ldap.example", "search_base": BASE, "joining": "domains",
             "active": True}
    with acting(house.home, actor_of(house.home, house.owner), channel="page"), pytest.raises(Invalid) as refused, unit_of_work():
        perform_one("sso.provider", "create", None, {**given, **said})
    assert set(refused.value.errors) <= {"groups_base", "groups_filter"}
    with acting(house.home, actor_of(house.home, house.owner), channel="page"), unit_of_work():
        assert perform_one("sso.provider", "create", None, {**given, "groups_base": BELOW, "groups_filter": "(member={dn})"}).record


def _listen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The filters of groups that the directory is asked by."""
    asked: list[str] = []
    search = StandardExtendedOperations.paged_search

    def heard(self: Any, base: str, wanted: str, *rest: Any, **said: Any) -> Any:
        asked.append(wanted)
        return search(self, base, wanted, *rest, **said)

    monkeypatch.setattr(StandardExtendedOperations, "paged_search", heard)
    return asked
