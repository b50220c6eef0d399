"""One decision for every door: who may, how far it reaches, and the sentence that says why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import access
from app.core.access.decisions import can
from app.core.access.models import Role, RoleGrant
from app.core.audit.models import AuditEntry
from app.kernel.current import SYSTEM, Actor, Grant, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import Forbidden, NotFound
from app.kernel.records import new_id
from tests.core.visitors import actor_of, enrol, found


@dataclass
class Thing:
    """A record as far as access looks at it."""

    id: UUID
    created_by: UUID | None = None
    owner_id: UUID | None = None
    department_id: UUID | None = None
    site_id: UUID | None = None


def actor(*grants: tuple[str, str], **said: Any) -> Actor:
    """Somebody with these grants."""
    return Actor(id=new_id(), name="Somebody", grants=tuple(Grant(*grant) for grant in grants), **said)


@pytest.mark.parametrize(("pattern", "permission", "held"), [
    ("hse.incident.close", "hse.incident.close", True), ("hse.*.*", "hse.incident.close", True), ("*.*.view", "hse.incident.close", False),
    ("*.*.*", "anything.at.all", True), ("hse.*", "hse.incident.close", False), ("hse.incident.*", "hse.incidents.close", False)])
def test_a_pattern_covers_part_by_part(pattern: str, permission: str, held: bool) -> None:
    assert bool(can(actor((pattern, "company")), permission)) is held


def test_nothing_is_allowed_that_was_not_given(app: Flask) -> None:
    assert not can(actor(), "hse.incident.view")


def test_own_reaches_what_one_made_or_owns_or_is() -> None:
    ada = actor(("hse.incident.edit", "own"))
    assert can(ada, "hse.incident.edit"), "somewhere"
    assert can(ada, "hse.incident.edit", Thing(new_id(), created_by=ada.id))
    assert can(ada, "hse.incident.edit", Thing(new_id(), owner_id=ada.id))
    assert can(ada, "hse.incident.edit", Thing(ada.id))
    assert not can(ada, "hse.incident.edit", Thing(new_id(), created_by=new_id()))


def test_department_reaches_the_ones_below() -> None:
    mine, below, beside = new_id(), new_id(), new_id()
    ada = actor(("hse.incident.edit", "department"), department_id=mine, department_ids=frozenset({mine, below}))
    assert can(ada, "hse.incident.edit", Thing(new_id(), department_id=below))
    assert not can(ada, "hse.incident.edit", Thing(new_id(), department_id=beside))
    assert not can(ada, "hse.incident.edit", Thing(new_id()))


def test_site_reaches_one_s_own_site_only() -> None:
    rig = new_id()
    ada = actor(("hse.incident.edit", "site"), site_id=rig)
    assert can(ada, "hse.incident.edit", Thing(new_id(), site_id=rig))
    assert not can(ada, "hse.incident.edit", Thing(new_id(), site_id=new_id()))
    assert not can(actor(("hse.incident.edit", "site")), "hse.incident.edit", Thing(new_id()))


@pytest.mark.parametrize("scope", ["company", "all"])
def test_wide_scopes_reach_everything_here(scope: str) -> None:
    assert can(actor(("hse.incident.edit", scope)), "hse.incident.edit", Thing(new_id()))


def test_a_refusal_says_what_is_missing_and_who_has_it(app: Flask) -> None:
    place = found("reasons")
    viewer = actor_of(place, enrol(place, "vera@reasons.example", "viewer", password=""))
    with acting(place, viewer), unit_of_work():
        decision = access.can(viewer, "hse.incident.close")
        assert not decision
        assert decision.reason.startswith("You need hse.incident.close, which ")
        assert "Manager" in decision.reason
        assert "Owner" not in decision.reason
        with pytest.raises(Forbidden, match=r"You need hse\.incident\.close"):
            access.require(viewer, "hse.incident.close")


def test_a_refusal_for_reach_says_how_far_it_goes(app: Flask) -> None:
    decision = can(actor(("hse.incident.edit", "own")), "hse.incident.edit", Thing(new_id()))
    assert decision.reason == "You have hse.incident.edit only for: Own records. This record is outside."


def test_an_allowed_decision_has_no_reason() -> None:
    assert can(SYSTEM, "hse.incident.edit").reason == ""


def test_every_organisation_gets_the_seven_roles_and_those_of_modules(app: Flask) -> None:
    place = found("roles")
    with acting(place, SYSTEM), unit_of_work() as work:
        keys = {role.key for role in work.query(Role)}
        assert {"owner", "admin", "manager", "approver", "member", "auditor", "viewer"} <= keys
        assert {role.key for role in access.roles.declared_roles()} == keys
        assert access.install_roles().keys() == keys, "twice changes nothing"
        assert work.query(RoleGrant).count() == sum(len(role.grants) for role in access.roles.declared_roles())
        with pytest.raises(NotFound):
            access.role_named("emperor")


def test_what_a_new_version_brings_comes_to_every_organisation(app: Flask) -> None:
    """Founded before the role `integrator` and one permission of viewers were declared; with a role of its own of the key `support`."""
    place = found("earlier")
    with acting(place, SYSTEM), unit_of_work() as work:
        for key in ("integrator", "support"):
            for grant in work.query(RoleGrant).filter_by(role_id=access.role_named(key).id):
                work.delete(grant)
        work.delete(work.query(RoleGrant).filter_by(role_id=access.role_named("viewer").id, pattern="access.request.create").one())
        work.flush()
        work.delete(access.role_named("integrator"))
        access.role_named("support").system = False
    declared = {role.key: role for role in access.roles.declared_roles()}
    for _again in range(2):
        with acting(place, SYSTEM), unit_of_work() as work:
            access.roles.bring_roles()
    with acting(place, SYSTEM), unit_of_work() as work:
        given = {key: {grant.pattern for grant in work.query(RoleGrant).filter_by(role_id=access.role_named(key).id)} for key in declared}
        assert given["integrator"] == declared["integrator"].grants.keys()
        assert given["viewer"] == declared["viewer"].grants.keys()
        assert given["support"] == set(), "a role of one's own stays as it is"
        (said,) = work.query(AuditEntry).filter_by(action="access.role.bring")
        assert said.context == {"roles": ["integrator"], "permissions": len(declared["integrator"].grants) + 1}


EXPECTED = {  # role: (view, create, edit somebody else's, import, people.member.create, access.role.edit)
    "owner": (True, True, True, True, True, True), "admin": (True, True, True, True, True, True),
    "manager": (True, True, True, True, False, False), "approver": (True, True, False, False, False, False),
    "member": (True, True, False, False, False, False), "auditor": (True, False, False, False, False, False),
    "viewer": (True, False, False, False, False, False)}


@pytest.mark.parametrize("role", EXPECTED)
def test_what_each_role_may_do(app: Flask, role: str) -> None:
    place = found("rights")
    somebody = actor_of(place, enrol(place, "somebody@rights.example", role, password=""))
    foreign = Thing(new_id(), created_by=new_id())
    asked = [("hse.incident.view", foreign), ("hse.incident.create", None), ("hse.incident.edit", foreign), ("hse.incident.import", None),
             ("people.member.create", None), ("access.role.edit", None)]
    verdicts = (can(somebody, permission, record) for permission, record in asked)
    assert tuple(map(bool, verdicts)) == EXPECTED[role]


def test_a_further_role_adds_to_the_main_one(app: Flask) -> None:
    place = found("further")
    member = enrol(place, "ben@further.example", password="")
    assert not can(actor_of(place, member), "hse.incident.import")
    with acting(place, SYSTEM), unit_of_work():
        access.grant_further(member.id, "manager")
        access.grant_further(member.id, "manager")
    both = actor_of(place, member)
    assert can(both, "hse.incident.import")
    assert both.roles == ("member", "manager")
