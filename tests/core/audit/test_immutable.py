"""What was written stays as it was: by every method of the pages and the API, by SQL of every role, and a copy that was touched is seen."""

from __future__ import annotations

import zipfile
from pathlib import Path

import psycopg
import pytest

from app.core import audit
from app.core.audit.asking import Filters
from app.core.audit.outgoing import write
from tests.core.audit.house import outside, signed_in, token_of
from tests.core.stand import Stand
from tests.infra.databases import Database

Own = tuple[Database, Stand]
TABLES = ("audit_entry", "audit_link", "audit_checkpoint", "audit_purged")
SAME = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


def _filled(database: Database, stand: Stand) -> None:
    with stand.work():
        stand.site("Rowan")
    audit.seal(stand.organisation.id)
    with database.connect("postgres", autocommit=True) as connection:  # the two that hold nothing yet
        connection.execute("INSERT INTO audit_checkpoint (organisation_id, id, seq, head, at, signature) "
                           "SELECT %s, gen_random_uuid(), 9999, 'h', now(), 's'", (stand.organisation.id,))
        connection.execute("INSERT INTO audit_purged (organisation_id, id, digest, purge_id) "
                           "SELECT %s, gen_random_uuid(), 'd', gen_random_uuid()", (stand.organisation.id,))


@pytest.mark.requirement("GO-029", "FL-075")
@pytest.mark.parametrize("role", ["opsflux_app", "opsflux_relay", "opsflux_owner", "postgres"])
@pytest.mark.parametrize("table", TABLES)
def test_sql_changes_and_removes_nothing(own: Own, role: str, table: str) -> None:
    database, stand = own
    _filled(database, stand)
    for statement in (f"UPDATE {table} SET organisation_id = organisation_id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with database.connect(role) as connection, pytest.raises(psycopg.Error, match=r"append-only|permission denied"):
            connection.execute("SELECT set_config('app.organisation', %s, true)", (str(stand.organisation.id),))
            connection.execute(statement)  # type: ignore[arg-type]
    assert [entry.record_reference for entry in stand.entries(action="organisation.site.create")]


@pytest.mark.requirement("GO-029")
def test_it_is_a_trigger_that_refuses_whoever_has_every_right(own: Own) -> None:
    database, stand = own
    _filled(database, stand)
    for statement in ("UPDATE audit_entry SET result = 'x'", "DELETE FROM audit_entry"):
        with database.connect("postgres") as connection, pytest.raises(psycopg.Error, match="append-only") as refused:
            connection.execute(statement)
        assert "audit_stays" in str(refused.value.diag.context)


@pytest.mark.requirement("FL-075")
def test_no_method_of_page_or_api_changes_an_entry(own: Own) -> None:
    database, stand = own
    with stand.work():
        stand.site("Rowan")
    (entry,) = stand.entries(action="organisation.site.create")
    owner, page = signed_in(database.app, stand, "owner"), f"/{stand.organisation.slug}/audit/"
    token = token_of(owner, page)
    for address in (f"{page}{entry.id}/", f"{page}{entry.id}", f"/api/v1{page}entries/{entry.id}/", f"/api/v1{page}entries/"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = owner.open(address, method=method, data={"csrf_token": token, "result": "x"}, headers=SAME)
            assert answer.status_code in (308, 404, 405), (method, address)
    (after,) = stand.entries(action="organisation.site.create")
    assert (after.digest, after.result, after.changes) == (entry.digest, entry.result, entry.changes)


@pytest.mark.requirement("FL-075")
def test_a_copy_that_was_touched_fails_the_check(own: Own, tmp_path: Path) -> None:
    database, stand = own
    _filled(database, stand)
    whole, bent = tmp_path / "whole.zip", tmp_path / "bent.zip"
    with stand.work("auditor"), whole.open("wb") as target:
        write("json", Filters(), {}, target)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(bent, "w") as target_zip:
        for name in source.namelist():
            target_zip.writestr(name, source.read(name).replace(b"Rowan", b"Raven") if name == "trail.json" else source.read(name))
    assert outside(database.app, whole).stdout.startswith("WHOLE")
    assert outside(database.app, bent).returncode == 1
    with database.tampering() as connection:
        connection.execute("UPDATE audit_entry SET record_reference = 'RAVEN' WHERE action = 'organisation.site.create'")
    (chain,) = audit.verify([stand.organisation.id], patience=0)
    assert "was changed" in chain.problem
