"""Whether somebody may enter an organisation, and as what, asked by name; and that nobody bends the answers."""

from __future__ import annotations

import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import select

from app.core import access, auth, people
from app.core.people import Member, Status
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from tests.core.stand import Stand
from tests.core.visitors import enrol, found
from tests.infra.databases import Database

ROLES = ("owner", "admin", "editor", "viewer")
ROLE_TABLES = ("role", "role_grant", "member", "member_role", "member_grant", "group_role", "group_member", "member_group")


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation."""
    return found("tenant")




@pytest.mark.requirement("GO-012")
def test_a_member_may_enter_and_a_stranger_may_not(place: Organisation) -> None:
    member, stranger = enrol(place, "mia@tenant.example"), enrol(found("elsewhere"), "sam@elsewhere.example", "owner")
    with unit_of_work():
        assert auth.has_workspace_access(member.identity_id, place.id) is True
        assert auth.has_workspace_access(stranger.identity_id, place.id) is False
    with acting(place, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (place.id, member.id)).status = Status.SUSPENDED
    with unit_of_work():
        assert auth.has_workspace_access(member.identity_id, place.id) is False


@pytest.mark.requirement("GO-013")
@pytest.mark.parametrize("held", ROLES)
def test_each_role_is_told_as_it_stands_in_the_table(place: Organisation, held: str) -> None:
    enrol(place, "first@tenant.example", "owner")
    member = enrol(place, "mia@tenant.example", held)
    with acting(place, SYSTEM), unit_of_work() as work:
        kept = work.scalar(select(access.Role.key).join(Member, Member.role_id == access.Role.id).where(Member.id == member.id))
    assert kept == held
    with unit_of_work():
        assert {role: auth.has_workspace_role(member.identity_id, place.id, role) for role in ROLES} == {
            role: role == kept for role in ROLES}
    with acting(place, SYSTEM), unit_of_work():
        access.grant_further(member.id, "approver")
    elsewhere = found("elsewhere")
    with unit_of_work():
        assert auth.has_workspace_role(member.identity_id, place.id, "approver") is True
        assert auth.has_workspace_role(member.identity_id, elsewhere.id, held) is False


@pytest.mark.requirement("GO-020")
def test_a_plain_session_of_the_database_bends_nothing(fresh_database: Database) -> None:
    """The role of the application, with no organisation or with another one: no role is read, no check answers otherwise."""
    with fresh_database.app.app_context():
        stand, other = Stand("checked"), Stand("other")
        owner, foreign = stand.actors["owner"], other.actors["owner"]
    question = "SELECT rights FROM auth_enter('session', %s, %s, now())"
    with fresh_database.app.app_context(), unit_of_work():
        assert foreign.identity_id
        secret = auth.hash_secret(auth.open_session(foreign.identity_id))
    with fresh_database.connect() as plain:
        for here in ("", str(other.organisation.id)):
            plain.execute("SELECT set_config('app.organisation', %s, false)", (here,))
            for table in ROLE_TABLES:
                shown = plain.execute(sql.SQL("SELECT count(*) FROM {} WHERE organisation_id = %s").format(sql.Identifier(table)),
                                      (stand.organisation.id,)).fetchone()
                assert shown == (0,), (table, here)
            assert plain.execute("UPDATE member SET status = 'active' WHERE id = %s", (owner.id,)).rowcount == 0
            plain.rollback()
        remade = ("CREATE OR REPLACE FUNCTION auth_enter(text, text, text, timestamptz, OUT proof jsonb, OUT rights text) "
                  "RETURNS record LANGUAGE sql AS 'SELECT ''{}''::jsonb, ''{}'''")
        tricks = (remade, "ALTER FUNCTION auth_enter(text, text, text, timestamptz) RENAME TO gone", "SET ROLE opsflux_gate",
                  "SET ROLE opsflux_owner",
                  "ALTER TABLE role DISABLE ROW LEVEL SECURITY", "DROP POLICY organisation_read ON role",
                  f"INSERT INTO member (organisation_id, id) VALUES ('{stand.organisation.id}', '{foreign.id}')")
        for trick in tricks:
            with pytest.raises(psycopg.Error):
                plain.execute(trick)
            plain.rollback()
        plain.execute("CREATE TEMPORARY TABLE member "
                      "(organisation_id uuid, id uuid, identity_id uuid, status text, archived_at timestamptz)")
        plain.execute("INSERT INTO pg_temp.member VALUES (%s, %s, %s, 'active', NULL)",
                      (stand.organisation.id, foreign.id, foreign.identity_id))
        plain.execute("CREATE TEMPORARY TABLE role AS SELECT gen_random_uuid() AS id, 'owner' AS key")
        plain.execute("SET search_path = pg_temp, public")
        assert plain.execute(question, (secret, stand.organisation.slug)).fetchone() == (None,)
        inside = plain.execute(question, (secret, other.organisation.slug)).fetchone()
        assert inside is not None
        assert str(foreign.id) in inside[0]
    with fresh_database.app.app_context(), unit_of_work():
        assert auth.has_workspace_access(foreign.identity_id, stand.organisation.id) is False
        assert people.load_actor(stand.organisation, owner.id) is not None
