"""A member's roles: several, inherited, by groups, for a time, at one site, and single permissions; each dead at once when it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import access, people
from app.core.access import MemberGrant, Role, RoleGrant
from app.core.organisations import Site
from app.core.people import Group, GroupMember, GroupRole, Member, MemberRole
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting, current
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Forbidden, Invalid
from app.kernel.records import new_id
from app.kernel.references import assign
from app.kernel.registry import registry
from tests.core.visitors import Visitor, actor_of, enrol, found

WANTED = "hse.incident.import"


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation."""
    return found("holding")


@pytest.fixture
def mia(place: Organisation) -> Member:
    """Somebody with the role of a viewer."""
    return enrol(place, "mia@holding.example", "viewer")


def keep(place: Organisation, *records: Any) -> Any:
    """Store records as the system; gives the first one's id."""
    with acting(place, SYSTEM), unit_of_work() as work:
        for record in records:
            if hasattr(record, "reference"):
                assign([record])
            work.add(record)
            work.flush()
        return records[0].id


def role(place: Organisation, key: str) -> UUID:
    """The id of a role."""
    with acting(place, SYSTEM), unit_of_work():
        return access.role_named(key).id


def holds(place: Organisation, member: Member, permission: str = WANTED, record: Any = None) -> bool:
    """Whether a member may, at this moment."""
    return bool(access.can(actor_of(place, member), permission, record))


@pytest.mark.requirement("PK-010", "PK-021")
def test_two_roles_give_the_union(place: Organisation, mia: Member) -> None:
    assert not holds(place, mia)
    further = keep(place, MemberRole(member_id=mia.id, role_id=role(place, "manager")))
    assert holds(place, mia)
    assert holds(place, mia, "hse.incident.view")
    with acting(place, SYSTEM), unit_of_work() as work:
        work.delete(work.get_one(MemberRole, (place.id, further)))
    assert not holds(place, mia), "taken away, it is dead at once"


def test_a_role_for_a_time_ends_by_itself(place: Organisation, mia: Member) -> None:
    now = clock.now()
    hour = timedelta(hours=1)
    keep(place, MemberRole(member_id=mia.id, role_id=role(place, "manager"), starts_at=now + hour, ends_at=now + 2 * hour))
    for hours, expected in ((0, False), (1.5, True), (2, False)):
        with clock.at(now + timedelta(hours=hours)):
            assert holds(place, mia) is expected, hours
            with acting(place, SYSTEM), unit_of_work():
                assert (mia.id in {m.id for m in people.with_role("manager")}) is expected, "and nobody else is asked to approve"


@pytest.mark.requirement("GO-010", "GO-017")
def test_a_role_at_one_site_reaches_no_other(place: Organisation, mia: Member) -> None:
    rowan = keep(place, Site(name="Rowan"))
    keep(place, MemberRole(member_id=mia.id, role_id=role(place, "editor"), site_id=rowan))
    from app.modules.hse.models import Incident

    assert holds(place, mia, "hse.incident.edit", Incident(site_id=rowan))
    assert not holds(place, mia, "hse.incident.edit", Incident(site_id=new_id()))
    assert actor_of(place, mia).roles == ("viewer",)
    heron, made = keep(place, Site(name="Heron")), {}
    with acting(place, SYSTEM), unit_of_work():
        for site in (rowan, heron):
            made[site] = perform_one("hse.incident", "create", None, {
                "title": "Slipped", "kind": "near_miss", "site": str(site), "narrative": "Slipped.", "occurred_at": "2026-01-05T08:00",
                "actual_severity": "2", "potential_severity": "2"}).record.id
    with acting(place, actor_of(place, mia), channel="page"), unit_of_work() as work:
        perform_one("hse.incident", "edit", made[rowan], {"title": "Slipped on ice"})
        here, there = (work.get_one(Incident, (place.id, made[site])) for site in (rowan, heron))
        assert "Editor" in access.can(current.user, "hse.incident.edit", here).because
        assert "Viewer" in access.can(current.user, "hse.incident.view", there).because
    with acting(place, actor_of(place, mia), channel="page"), pytest.raises(Forbidden), unit_of_work():
        perform_one("hse.incident", "edit", made[heron], {"title": "Slipped on ice"})
    with acting(place, SYSTEM), unit_of_work() as work:
        assert [work.get_one(Incident, (place.id, made[site])).title for site in (rowan, heron)] == ["Slipped on ice", "Slipped"]


@pytest.mark.requirement("OF-062")
def test_roles_inherit_upwards_and_never_down(place: Organisation, mia: Member) -> None:
    keep(place, RoleGrant(role_id=role(place, "member"), pattern="reports.report.export", scope="company"))
    for key, expected in (("viewer", False), ("member", True), ("manager", True), ("admin", True), ("client", False)):
        holder = enrol(place, f"{key}@holding.example", key, password="")
        assert holds(place, holder, "reports.report.export") is expected, key


def test_a_circle_of_roles_is_refused(place: Organisation) -> None:
    with acting(place, SYSTEM, channel="page"), unit_of_work():
        first = perform_one("access.role", "create", data={"label": "First"}).record.id
        second = perform_one("access.role", "create", data={"label": "Second", "parent": str(first)}).record.id
    for parent in (first, second):
        with acting(place, SYSTEM, channel="page"), pytest.raises(Invalid, match="inherit from itself"), unit_of_work():
            perform_one("access.role", "edit", first, {"parent": str(parent)})


@pytest.mark.requirement("OF-072")
def test_members_of_a_group_and_of_those_below_have_its_roles(place: Organisation, mia: Member) -> None:
    top = keep(place, Group(name="Operations"))
    below = keep(place, Group(name="Drilling", parent_id=top))
    inside = keep(place, GroupMember(group_id=below, member_id=mia.id))
    assert not holds(place, mia)
    given = keep(place, GroupRole(group_id=top, role_id=role(place, "manager")))
    actor = actor_of(place, mia)
    assert access.can(actor, WANTED)
    with acting(place, actor), unit_of_work():
        assert access.can(actor, WANTED).because == "by the role Manager of the group Operations"
        assert [m.id for m in people.with_role("manager")] == [mia.id]
    with acting(place, SYSTEM), unit_of_work() as work:
        work.get_one(GroupRole, (place.id, given)).archived_at = clock.now()
    assert not holds(place, mia)
    with acting(place, SYSTEM), unit_of_work() as work:
        work.get_one(GroupRole, (place.id, given)).archived_at = None
        work.delete(work.get_one(GroupMember, (place.id, inside)))
    assert not holds(place, mia), "whoever leaves the group loses it"


@pytest.mark.requirement("OF-070")
def test_a_project_gives_between_its_days_only(app: Flask, place: Organisation, mia: Member) -> None:
    today = clock.today()
    project = keep(place, Group(name="Well X", kind="project", starts_on=today, ends_on=today + timedelta(days=1)))
    keep(place, GroupMember(group_id=project, member_id=mia.id), GroupRole(group_id=project, role_id=role(place, "manager")))
    assert holds(place, mia)
    with clock.at(clock.now() + timedelta(days=3)):
        assert not holds(place, mia)
    enrol(place, "adam@holding.example", "admin")
    adam = Visitor(app)
    adam.sign_in("adam@holding.example")
    groups = f"/{place.slug}/people/groups/"
    assert "Well X" in adam.get(f"{groups}?kind=project").text, "it lists under projects"
    assert "Well X" not in adam.get(f"{groups}?kind=functional").text


def test_a_circle_of_groups_is_refused(place: Organisation) -> None:
    top = keep(place, Group(name="Top"))
    below = keep(place, Group(name="Below", parent_id=top))
    with acting(place, SYSTEM, channel="page"), pytest.raises(Invalid, match="part of itself"), unit_of_work():
        perform_one("people.group", "edit", top, {"parent": str(below)})


def test_a_single_permission_for_one_record(place: Organisation, mia: Member) -> None:
    """As for one server: restart it, but do not deploy it, and no other."""
    with acting(place, SYSTEM), unit_of_work():
        one, other = (perform_one("organisation.site", "create", data={"name": name}).record for name in ("Server 1", "Server 2"))
        perform_one("access.single_permission", "create", data={
            "member": str(mia.id), "pattern": "organisation.site.edit", "scope": "company", "condition": f"reference = {one.reference}"})
        session().expunge_all()
    assert holds(place, mia, "organisation.site.edit", one)
    assert not holds(place, mia, "organisation.site.archive", one)
    assert not holds(place, mia, "organisation.site.edit", other)


@pytest.mark.requirement("PK-022")
def test_nobody_gives_by_group_or_singly_what_they_do_not_have(place: Organisation, mia: Member) -> None:
    with acting(place, SYSTEM), unit_of_work():
        perform_one("access.role", "create", data={"label": "Registrar", "lines": [{"pattern": "people.*.*", "scope": "company"},
                                                                                 {"pattern": "access.*.*", "scope": "company"}]})
    rita = actor_of(place, enrol(place, "rita@holding.example", "registrar", password=""))
    group, admin = keep(place, Group(name="Everybody")), role(place, "admin")
    with acting(place, rita, channel="page"), pytest.raises(Forbidden, match="more than you have"), unit_of_work():
        perform_one("people.group_role", "create", data={"group": str(group), "role": str(admin)})
    keep(place, GroupRole(group_id=group, role_id=admin))
    with acting(place, rita, channel="page"), pytest.raises(Forbidden, match="more than you have"), unit_of_work():
        perform_one("people.group", "edit", group, {"lines": [{"member": str(rita.id)}]})
    with acting(place, rita, channel="page"), pytest.raises(Invalid, match="more than you have"), unit_of_work():
        perform_one("access.single_permission", "create", data={"member": str(rita.id), "pattern": "*.*.*", "scope": "company"})
    with acting(place, rita, channel="page"), pytest.raises(Invalid, match="more than you have"), unit_of_work():
        perform_one("access.role", "create", data={"label": "Sly", "parent": str(admin)})


def test_a_condition_cannot_be_widened_by_who_has_it_only_with_it(place: Organisation) -> None:
    with acting(place, SYSTEM), unit_of_work():
        perform_one("access.role", "create", data={"label": "Limited", "lines": [
            {"pattern": "access.role.*", "scope": "company"}, {"pattern": "access.role.view", "scope": "company"},
            {"pattern": "organisation.site.edit", "scope": "company", "condition": "kind = office"}]})
    lena = actor_of(place, enrol(place, "lena@holding.example", "limited", password=""))
    with acting(place, lena, channel="page"), pytest.raises(Invalid, match="more than you have"), unit_of_work():
        perform_one("access.role", "create", data={"label": "Wide", "lines": [{"pattern": "organisation.site.edit", "scope": "company"}]})


def test_conditions_hold_at_the_door(place: Organisation) -> None:
    """What was made or made of a record beyond the condition is refused, whatever the form said."""
    with acting(place, SYSTEM), unit_of_work():
        lines = [{"pattern": f"organisation.site.{verb}", "scope": "company", "condition": "kind = office"} for verb in ("create", "edit")]
        perform_one("access.role", "create", data={"label": "Office keeper", "lines": [*lines, {
            "pattern": "organisation.site.view", "scope": "company"}]})
    lena = actor_of(place, enrol(place, "kim@holding.example", "office_keeper", password=""))
    with acting(place, lena, channel="page"), unit_of_work():
        made = perform_one("organisation.site", "create", data={"name": "Oslo", "kind": "office"}).record.id
    for action, target, data in (("create", None, {"name": "Rig", "kind": "rig"}), ("edit", made, {"kind": "rig"})):
        with acting(place, lena, channel="page"), pytest.raises(Forbidden, match="only if"), unit_of_work():
            perform_one("organisation.site", action, target, data)


@pytest.mark.requirement("OF-063", "GO-011", "GO-015", "PK-009")
def test_a_page_left_open_is_refused_at_the_next_request(app: Flask, place: Organisation) -> None:
    with acting(place, SYSTEM), unit_of_work():
        lines = [{"pattern": "people.member.view", "scope": "company"}]
        reader = perform_one("access.role", "create", data={"label": "Reader", "lines": lines}).record.id
    enrol(place, "ron@holding.example", "reader")
    browser = Visitor(app)
    assert browser.sign_in("ron@holding.example").status_code == 303
    doors = ("/holding/people/members/", "/api/v1/holding/people/members/", "/holding/people/members/export")
    assert [browser.get(door).status_code for door in doors[:2]] == [200, 200]
    with acting(place, SYSTEM), unit_of_work() as work:
        work.delete(work.query(RoleGrant).filter_by(role_id=reader).one())
    assert [browser.get(door).status_code for door in doors] == [403, 403, 403]
    with acting(place, SYSTEM), unit_of_work() as work:
        work.add(RoleGrant(role_id=reader, pattern="people.member.view", scope="company"))
    assert browser.get(doors[0]).status_code == 200
    with acting(place, SYSTEM), unit_of_work() as work:
        work.get_one(Role, (place.id, reader)).archived_at = clock.now()
    assert browser.get(doors[0]).status_code == 403


@pytest.mark.requirement("PK-007", "PK-011")
def test_a_role_is_of_one_organisation(place: Organisation) -> None:
    other = found("holding-too")
    with acting(place, SYSTEM), unit_of_work():
        perform_one("access.role", "create", data={"label": "Logistics Agent", "lines": [{"pattern": WANTED, "scope": "company"}]})
    with acting(other, SYSTEM), unit_of_work() as work:
        assert work.query(Role).filter_by(key="logistics_agent").count() == 0
        assert work.query(MemberGrant).count() == 0


@pytest.mark.requirement("OF-064", "PK-008")
@pytest.mark.parametrize(("key", "right"), [("users.manage.all", True), ("users-manage", False), ("*.manage.all", False),
                                            ("Users.manage.all", False)])
def test_a_permission_of_one_s_own_has_three_words(place: Organisation, mia: Member, key: str, right: bool) -> None:
    with acting(place, SYSTEM), unit_of_work():
        if not right:
            with pytest.raises(Invalid):
                perform_one("access.permission", "create", data={"key": key, "label": "Keep users"})
            return
        perform_one("access.permission", "create", data={"key": key, "label": "Keep users"})
        perform_one("access.single_permission", "create", data={"member": str(mia.id), "pattern": key, "scope": "company"})
    assert holds(place, mia, key)


@pytest.mark.requirement("OF-064")
def test_the_form_of_a_permission_says_how_it_is_written(app: Flask, place: Organisation) -> None:
    enrol(place, "olga@holding.example", "owner")
    olga, resource = Visitor(app), registry.resource("access.permission")
    olga.sign_in("olga@holding.example")
    pages = f"/holding/{resource.module}/{resource.slug}/"
    assert olga.send(f"{pages}new", key="users-manage", label="Keep users").status_code == 422
    assert olga.send(f"{pages}new", key="users.manage.all", label="Keep users").status_code == 303
    shown = olga.get(pages).text
    assert "users.manage.all" in shown
    assert "users-manage" not in shown
