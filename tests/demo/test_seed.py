"""The seeded demo: four organisations that look as if people had worked there for a year."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from app.demo.accounts import PASSWORD, named
from app.demo.cast import BOTH, HOUSES
from app.kernel import embedded
from app.kernel.config import PROJECT
from tests.infra.databases import Database, database_of_its_own


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    """What the superuser sees, whatever the organisation."""
    with database.connect("postgres") as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def per_house(database: Database, query: str) -> dict[str, Any]:
    """A figure by the address of the organisation; `{}` stands where the organisation is compared."""
    return dict(rows(database, f"SELECT o.slug, ({query.format('organisation_id = o.id')}) FROM organisation o"))


def flask(database: Database, *words: str) -> subprocess.CompletedProcess[str]:
    """A command on that database."""
    return subprocess.run([sys.executable, "-m", "flask", *words], cwd=PROJECT, env=os.environ | database.environ, capture_output=True,
                          text=True, check=False)


@pytest.fixture(scope="module")
def seeded(servers: embedded.Servers, demo_template: str) -> Iterator[Database]:
    """One copy of the demo for all tests that only look."""
    yield from database_of_its_own(servers, demo_template)


SLUGS = {house.slug for house in HOUSES}


def test_each_organisation_has_what_was_promised(seeded: Database) -> None:
    members = per_house(seeded, "SELECT count(*) FROM member WHERE {}")
    assert set(members) == SLUGS
    assert min(members.values()) >= 40
    assert min(per_house(seeded, "SELECT count(*) FROM site WHERE {}").values()) >= 5
    assert set(per_house(seeded, "SELECT count(*) FROM hse_incident WHERE {}").values()) == {300}
    assert set(per_house(seeded, "SELECT count(*) FROM procurement_requisition WHERE {}").values()) == {200}
    assert set(per_house(seeded, "SELECT count(*) FROM requests_request WHERE {}").values()) == {14}


def test_the_year_reaches_up_to_today(seeded: Database) -> None:
    for table, column in (("hse_incident", "occurred_at"), ("procurement_requisition", "created_at")):
        query = f"SELECT now() - min({column}), now() - max({column}) FROM {table} GROUP BY organisation_id"
        for first, last in rows(seeded, query):
            assert 340 <= first.days <= 367
            assert last.days <= 3


def test_everybody_but_the_owner_has_a_manager(seeded: Database) -> None:
    assert set(per_house(seeded, "SELECT count(*) FROM member WHERE {} AND manager_id IS NULL").values()) <= {0, 1}


def test_every_member_can_sign_in_and_one_person_is_in_two_organisations(seeded: Database) -> None:
    assert rows(seeded, "SELECT count(*) FROM member m LEFT JOIN credential c ON c.identity_id = m.identity_id "
                        "WHERE c.secret IS NULL") == [(0,)]
    assert rows(seeded, f"SELECT count(*) FROM member m JOIN identity i ON i.id = m.identity_id WHERE i.email = '{BOTH}'") == [(2,)]


def test_something_waits_in_every_organisation_and_something_was_decided(seeded: Database) -> None:
    assert min(per_house(seeded, "SELECT count(*) FROM approval_request WHERE {} AND state = 'open'").values()) >= 3
    assert min(per_house(seeded, "SELECT count(*) FROM approval_decision WHERE {} AND verb = 'approve'").values()) >= 3


def test_some_corrective_actions_are_late(seeded: Database) -> None:
    late = per_house(seeded, "SELECT count(*) FROM hse_corrective_action WHERE {} AND state = 'open' AND due_on < current_date")
    assert min(late.values()) >= 1


def test_closed_incidents_have_no_open_actions(seeded: Database) -> None:
    assert rows(seeded, "SELECT count(*) FROM hse_incident i JOIN hse_corrective_action a ON a.organisation_id = i.organisation_id "
                               "AND a.incident_id = i.id WHERE i.status = 'closed' AND a.state = 'open'") == [(0,)]


def test_totals_are_those_of_the_lines(seeded: Database) -> None:
    wrong = rows(seeded, "SELECT r.reference FROM procurement_requisition r JOIN procurement_requisition_line l ON "
                                "l.organisation_id = r.organisation_id AND l.requisition_id = r.id GROUP BY r.organisation_id, r.id, "
                                "r.reference, r.total HAVING sum(round(l.quantity * l.unit_price)) <> r.total")
    assert wrong == []


def test_every_record_has_its_audit_row_and_can_be_found(seeded: Database) -> None:
    for table, resource in (("hse_incident", "hse.incident"), ("procurement_supplier", "procurement.supplier"),
                            ("member", "people.member")):
        missing = rows(seeded, f"SELECT count(*) FROM {table} t WHERE NOT EXISTS (SELECT FROM audit_entry a WHERE "
                                      f"a.organisation_id = t.organisation_id AND a.record_id = t.id AND a.resource = '{resource}')")
        assert missing == [(0,)], table
    assert rows(seeded, "SELECT count(*) FROM hse_incident t WHERE NOT EXISTS (SELECT FROM search_entry s WHERE "
                               "s.organisation_id = t.organisation_id AND s.id = t.id)") == [(0,)]


def test_references_follow_the_year_in_which_a_record_was_made(seeded: Database) -> None:
    assert rows(seeded, "SELECT count(*) FROM hse_incident WHERE split_part(reference, '-', 2)::int <> "
                               "extract(year FROM created_at AT TIME ZONE 'UTC') AND created_at::date NOT IN "
                               "(date_trunc('year', now())::date, date_trunc('year', now())::date - 1)") == [(0,)]


def test_the_council_has_both_mappings(seeded: Database) -> None:
    assert per_house(seeded, "SELECT count(*) FROM import_mapping WHERE {}") == {**dict.fromkeys(SLUGS, 0), "northgate": 2}


def test_a_second_seed_changes_nothing(demo_database: Database) -> None:
    before = rows(demo_database, "SELECT count(*) FROM audit_entry")
    assert flask(demo_database, "demo", "seed", "--if-empty").returncode == 0
    refused = flask(demo_database, "demo", "seed")
    assert (refused.returncode, "there are organisations already" in refused.stderr) == (1, True)
    assert rows(demo_database, "SELECT count(*) FROM audit_entry") == before


def test_a_reset_makes_the_same_demo_again(demo_database: Database) -> None:
    query = "SELECT string_agg(title, '|' ORDER BY title) FROM hse_incident"
    before = rows(demo_database, query)
    assert flask(demo_database, "demo", "reset", "--yes").returncode == 0
    assert set(per_house(demo_database, "SELECT count(*) FROM hse_incident WHERE {}").values()) == {300}
    assert len(rows(demo_database, query)[0][0]) == len(before[0][0])


def test_the_accounts_are_printed_and_can_be_read_by_programs() -> None:
    printed = subprocess.run([sys.executable, "-m", "flask", "demo", "accounts", "--json"], cwd=PROJECT, capture_output=True, text=True,
                             check=True)
    said = json.loads(printed.stdout)
    assert said["password"] == PASSWORD
    assert len(said["accounts"]) == len(named()) >= 30


@pytest.mark.parametrize("count", [1_500])
def test_scale_data_is_the_same_each_time_and_made_once(demo_database: Database, count: int) -> None:
    made = flask(demo_database, "demo", "scale", "--payments", str(count))
    assert made.returncode == 0, made.stderr
    assert per_house(demo_database, "SELECT count(*) FROM procurement_payment WHERE {}")["scale"] == count
    assert rows(demo_database, "SELECT sum(amount) > 0 FROM procurement_payment WHERE transaction_number LIKE 'SC-%'") == [(True,)]
    again = flask(demo_database, "demo", "scale")
    assert (again.returncode, "there already" in again.stderr) == (0, True)


def test_the_database_is_reached_as_the_application_only(seeded: Database) -> None:
    with seeded.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("TRUNCATE hse_incident CASCADE")
