"""Who opens the pages of people: a plain member by no door, who may still choose and read names; a manager within their departments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask

from app.core import auth
from app.core.auth import scopes
from app.core.people import Member
from app.kernel.current import SYSTEM, Grant, Organisation, acting, matches
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.i18n import reading
from tests.core.visitors import PASSWORD, Visitor, actor_of, enrol, found

PLAIN = ("member", "editor", "approver", "viewer", "client")
KINDS = ("people/members", "people/groups", "people/invitations", "access/roles")


@dataclass(frozen=True)
class Works:
    """An organisation with two departments, one below the other beside a third, their people, and a group in each."""

    app: Flask
    place: Organisation
    members: dict[str, Member]
    groups: dict[str, str]
    incident: str
    actions: dict[str, str]

    def browser(self, name: str) -> Visitor:
        """Somebody, signed in."""
        identity, browser = self.members[name].identity_id, Visitor(self.app)
        assert identity is not None
        with unit_of_work():
            auth.set_password(identity, PASSWORD)
        assert browser.sign_in(f"{name}@works.example").status_code == 303
        return browser

    def machine(self, name: str) -> dict[str, str]:
        """The header of a token with all that somebody may do."""
        with acting(self.place, actor_of(self.place, self.members[name])), unit_of_work():
            _token, secret = auth.make_token("script")
        return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def works(app: Flask) -> Iterator[Works]:
    """See `Works`."""
    place = found("works")
    with reading("en"), acting(place, SYSTEM), unit_of_work():
        ids: dict[str, UUID] = {}
        for name, above in (("Drilling", ""), ("Crew", "Drilling"), ("Finance", "")):
            ids[name] = perform_one("organisation.department", "create", None,
                                    {"name": name, **({"parent": str(ids[above])} if above else {})}).record.id
        groups = {name: perform_one("people.group", "create", None, {
            "name": f"{name} team", "kind": "functional", "department": str(ids[name])}).record.reference for name in ("Crew", "Finance")}
    posts = (("mona", "manager", "Drilling"), ("carl", "member", "Crew"), ("fay", "member", "Finance"), ("olga", "owner", ""),
             *((role, role, "Finance") for role in PLAIN))
    members = {name: enrol(place, f"{name}@works.example", role, password="", department_id=ids.get(unit)) for name, role, unit in posts}
    with reading("en"), acting(place, SYSTEM), unit_of_work():
        site = perform_one("organisation.site", "create", None, {"name": "Rowan", "kind": "rig"}).record
        incident = perform_one("hse.incident", "create", None, {
            "title": "Slipped", "kind": "near_miss", "site": str(site.id), "department": str(ids["Crew"]), "narrative": "Slipped.",
            "occurred_at": "2026-01-05T08:00", "actual_severity": "2", "potential_severity": "2"}).record
        actions: dict[str, str] = {}
        for name in ("carl", "fay"):
            perform_one("people.member", "edit", members[name].id, {"job_title": "Hand"})  # as every change, it feeds the search
            actions[name] = perform_one("hse.corrective_action", "create", None, {
                "title": f"For {name}", "incident": str(incident.id), "owner": str(members[name].id), "due_on": "2096-01-05",
            }).record.reference
        reference = incident.reference
    with reading("en"):
        yield Works(app, place, members, groups, reference, actions)


def doors(works: Works, kind: str) -> list[str]:
    """Every address by which the pages of a kind are opened."""
    one = {"people/members": works.members["carl"].reference, "people/groups": works.groups["Crew"]}.get(kind, "NONE-1")
    return ["", "?q=carl", f"{one}/", f"{one}/history", f"{one}/edit", "new", "export", "export?format=csv", "export?format=xlsx",
            *(["import"] if kind.startswith("people") else [])]


@pytest.mark.requirement("OF-074")
@pytest.mark.parametrize("role", PLAIN)
def test_the_users_page_is_refused_by_every_door(works: Works, role: str) -> None:
    assert opened(works, role) == []


def opened(works: Works, role: str) -> list[tuple[str, str, int]]:
    """What somebody with this role gets to see of the pages of people."""
    browser, machine, open_to = works.browser(role), works.machine(role), []
    for kind in KINDS:
        for door in doors(works, kind):
            answer = browser.get(f"/works/{kind}/{door}")
            if answer.status_code != 403:
                open_to.append((kind, door, answer.status_code))
        for door in ("", doors(works, kind)[2]):
            answer = Visitor(works.app).get(f"/api/v1/works/{kind}/{door}", headers=machine)
            if answer.status_code != 403:
                open_to.append((f"api {kind}", door, answer.status_code))
    for address in ("/works/search?q=carl", "/works/palette?q=carl", "/works/palette?q=members", "/works/inbox/"):
        said = browser.get(address)
        if "people/members/" in said.text or "people/groups/" in said.text:
            open_to.append(("a link", address, said.status_code))
    return open_to


@pytest.mark.requirement("OF-074")
def test_a_manager_opens_it_within_their_own_scope(works: Works) -> None:
    mona, machine = works.browser("mona"), works.machine("mona")
    for way, get in (("/works", mona.get), ("/api/v1/works", lambda address: Visitor(works.app).get(address, headers=machine))):
        listed = get(f"{way}/people/members/")
        assert listed.status_code == 200
        assert "carl@works.example" in listed.text
        assert "fay@works.example" not in listed.text, way
        assert get(f"{way}/people/members/{works.members['carl'].reference}/").status_code == 200
        assert get(f"{way}/people/members/{works.members['fay'].reference}/").status_code == 404
        groups = get(f"{way}/people/groups/").text
        assert "Crew team" in groups
        assert "Finance team" not in groups, way
    assert mona.get("/works/people/members/export?format=csv").status_code == 403
    hits = mona.get("/works/search?q=carl").text + mona.get("/works/search?q=fay").text
    assert works.members["carl"].reference in hits
    assert works.members["fay"].reference not in hits


def test_whoever_may_not_open_them_still_chooses_people_and_reads_their_names(works: Works) -> None:
    carl, mona = works.browser("carl"), works.browser("mona")
    assert ">Fay<" in carl.get("/works/people/members/pick?q=fay").text
    assert "Finance team" in carl.get("/works/people/groups/pick?q=fin").text
    assert ">Fay<" not in works.browser("viewer").get("/works/people/members/pick?q=fay").text, "who makes nothing chooses themselves alone"
    with acting(works.place, actor_of(works.place, works.members["carl"]), channel="page"), unit_of_work():
        made = perform_one("hse.corrective_action", "create", None, {
            "title": "Guard the edge", "incident": works.incident, "owner": str(works.members["fay"].id), "due_on": "2096-01-05"}).record
        assert made.owner_id == works.members["fay"].id
    with acting(works.place, actor_of(works.place, works.members["carl"])), unit_of_work():
        _token, secret = auth.make_token("phone", ("write",))
    sent = Visitor(works.app).client.post("/api/v1/works/hse/corrective-actions/", headers={"Authorization": f"Bearer {secret}"}, json={
        "title": "Paint it", "incident": works.incident, "owner": works.members["fay"].reference, "due_on": "2096-01-05"})
    assert sent.status_code == 201, sent.text
    assert "Fay" in carl.get("/works/hse/corrective-actions/").text
    page = carl.get(f"/works/hse/corrective-actions/{works.actions['fay']}/").text
    assert "Fay" in page
    assert "people/members/MEM" not in page, "a name that leads nowhere is no link"
    for name, leads in (("carl", True), ("fay", False)):
        page = mona.get(f"/works/hse/corrective-actions/{works.actions[name]}/").text
        assert name.title() in page
        assert (f"people/members/{works.members[name].reference}/" in page) is leads, name


def test_choosing_finds_nobody_by_what_their_page_alone_says(works: Works) -> None:
    """The index of people holds addresses: a picker is no way to ask for them, nor is a list of whom one may delegate to."""
    carl, olga = works.browser("carl"), works.browser("olga")
    assert ">Fay<" not in carl.get("/works/people/members/pick?q=fay@works.example").text
    assert ">Fay<" in olga.get("/works/people/members/pick?q=fay@works.example").text, "whoever opens people finds them so"
    assert "Fay" in carl.get("/works/inbox/delegations/").text
    assert "Fay" not in works.browser("viewer").get("/works/inbox/delegations/").text, "who makes nothing chooses nobody"


@pytest.mark.parametrize(("pattern", "permission", "covered"), [
    ("people.*.view", "people.member.choose", True), ("*.*.view", "people.group.choose", True), ("*.*.*", "people.member.choose", True),
    ("people.*.choose", "people.member.view", False), ("people.*.choose", "people.member.edit", False),
    ("people.*.edit", "people.member.choose", False)])
def test_who_may_view_may_choose_and_not_the_other_way_round(pattern: str, permission: str, covered: bool) -> None:
    assert matches(pattern, permission) is covered
    of_token = [grant.pattern for grant in scopes.narrowed([Grant(permission, "company")], [pattern])]
    assert of_token == ([permission] if covered else ["people.member.choose"] if permission.endswith("view") else [])


def test_ones_own_photo_and_activity_stay_open(works: Works) -> None:
    carl = works.browser("carl")
    own = f"/works/people/members/{works.members['carl'].reference}/activity"
    assert own in carl.get("/works/settings/").text
    page = carl.get(own).text
    assert 'name="photo"' in page
    assert f'/{works.members["carl"].reference}/"' not in page
    assert carl.get(f"/works/people/members/{works.members['fay'].reference}/activity").status_code == 404
