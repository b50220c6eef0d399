"""Versions of the database: what the first landed version made comes forward with its rows, and each version can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from app.core.approvals import ApprovalDecision, ApprovalRequest, ApprovalSeat
from app.kernel import embedded, migrations
from app.kernel.embedded import postgres
from tests.core.closing import full

FIRST = ("hse@hse_0001", "procurement@procurement_0001", "core@core_0001")
SHAPE = """
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
  FROM information_schema.columns WHERE table_schema = 'public'
UNION SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION SELECT 'policy ' || tablename || ' ' || policyname || ' ' || coalesce(qual, '') || coalesce(with_check, '') FROM pg_policies
UNION SELECT 'grant ' || table_name || ' ' || grantee || ' ' || privilege_type
  FROM information_schema.table_privileges WHERE grantee LIKE 'opsflux%'
UNION SELECT 'function ' || proname || ' ' || pg_get_userbyid(proowner) || ' ' || coalesce(proacl::text, '') || md5(prosrc)
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION SELECT 'walls ' || relname || relrowsecurity || relforcerowsecurity
  FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""


@pytest.fixture
def owner_url(servers: embedded.Servers) -> Iterator[str]:
    """An empty database of the test's own, as the owner of its tables."""
    postgres.drop_database(servers.place, "versions")
    postgres.create_database(servers.place, "versions")
    yield servers.place.url("opsflux_owner", "versions")
    postgres.drop_database(servers.place, "versions")


def shape(url: str) -> set[str]:
    """All that the catalogue says about tables, walls, rights and functions."""
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute(SHAPE)}


def ask(url: str, statement: str, *values: Any) -> list[Any]:
    """One statement as the owner, within one organisation."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT set_config('app.organisation', '01a00000-0000-7000-8000-000000000001', true)")
        done = connection.execute(statement, values)
        return done.fetchall() if done.description else []


@pytest.mark.usefixtures("app")
def test_the_first_version_comes_forward_with_its_rows(owner_url: str) -> None:
    for target in reversed(FIRST):
        migrations.upgrade(owner_url, target.partition("@")[2])
    where = "01a00000-0000-7000-8000-000000000001"
    ask(owner_url, "INSERT INTO organisation_slug (id, slug, organisation_id, since) VALUES (gen_random_uuid(), 'old', %s, now())", where)
    for key, pattern in (("member", "people.*.view"), ("manager", "hse.*.*"), ("registrar", "people.*.view")):
        ask(owner_url, "WITH made AS (INSERT INTO role (organisation_id, id, reference, label, key, system, label_key, created_at,"
            " created_by, updated_at, updated_by, version) VALUES (%s, gen_random_uuid(), %s, %s, %s, %s, %s,"
            " now(), gen_random_uuid(), now(), gen_random_uuid(), 1) RETURNING organisation_id, id)"
            " INSERT INTO role_grant (organisation_id, id, role_id, pattern, scope)"
            " SELECT organisation_id, gen_random_uuid(), id, %s, 'company' FROM made",
            where, key, key, key, key != "registrar", key, pattern)
    migrations.upgrade(owner_url)
    assert ask(owner_url, "SELECT slug FROM organisation_slug") == [("old",)]
    given = ask(owner_url, "SELECT r.key, g.pattern, g.scope FROM role_grant g JOIN role r ON r.id = g.role_id ORDER BY 1, 2")
    absences = [("member", f"calendar.absence.{verb}", "own") for verb in ("archive", "create", "edit", "view")]
    sent = [("member", f"views.scheduled_export.{verb}", "company" if verb == "create" else "own")
            for verb in ("archive", "create", "edit", "resume", "send_now")]
    assert given == [("manager", "approvals.queue.oversee", "company"), ("manager", "hse.*.*", "company"), *(
        ("manager", f"people.{kind}.view", "department") for kind in (
        "group", "invitation", "member")), *(("manager", f"runs.{kind}.*", "company") for kind in ("proposal", "run")),
        *(("manager", f"views.{kind}.*", "company") for kind in ("saved_view", "scheduled_export")), *absences,
        ("member", "people.*.choose", "company"), *sent, ("registrar", "people.*.view", "company")]
    assert migrations.differences(owner_url) == []


@pytest.mark.usefixtures("app")
def test_what_an_older_version_has_no_word_for_is_told_in_its_own(owner_url: str, servers: embedded.Servers) -> None:
    migrations.upgrade(owner_url)
    here = UUID("01a00000-0000-7000-8000-000000000001")
    with psycopg.connect(postgres.admin_url(servers.place, "versions"), autocommit=True) as power:
        power.execute("SET session_replication_role = replica")  # rows of every shape, whatever they refer to
        for model, said in ((ApprovalRequest, {"last_verb": "move"}), (ApprovalDecision, {"verb": "move", "key": "a"}),
                            (ApprovalDecision, {"verb": "add", "key": "b"}), (ApprovalSeat, {"asked": "opinion", "state": "favours"}),
                            (ApprovalSeat, {"asked": "added", "state": "waiting"})):
            full.insert(power, model.__table__, here, **said)  # type: ignore[arg-type]
    migrations.downgrade(owner_url, "core_0037")
    assert ask(owner_url, "SELECT verb FROM approval_decision ORDER BY 1") == [("comment",), ("move",)]
    assert ask(owner_url, "SELECT asked, state FROM approval_seat ORDER BY 1") == [("own", "waiting"), ("watching", "watching")]
    migrations.downgrade(owner_url, "core_0032")
    assert ask(owner_url, "SELECT verb FROM approval_decision ORDER BY 1") == [("comment",), ("comment",)]
    assert ask(owner_url, "SELECT last_verb FROM approval_request") == [("comment",)]
    migrations.upgrade(owner_url)
    assert migrations.differences(owner_url) == []


def test_each_version_can_be_taken_back(owner_url: str) -> None:
    migrations.upgrade(owner_url)
    whole = shape(owner_url)
    for target in FIRST:
        migrations.downgrade(owner_url, target)
    older = shape(owner_url)
    assert any("delegation" in line for line in whole)
    assert not any("delegation" in line for line in older)
    migrations.upgrade(owner_url)
    assert shape(owner_url) == whole
