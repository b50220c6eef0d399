"""Tampering is found, and the first bad row named: inside the database, from outside, and with no code of the product."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import audit
from app.core.audit import anchors
from app.core.audit.canonical import GENESIS, derived, link
from app.core.audit.exporting import export
from app.core.audit.models import AuditLink
from app.core.audit.verifying import Chain
from app.kernel import clock
from tests.core.stand import Stand
from tests.infra.databases import Database

SCRIPT = Path(__file__).parents[3] / "docs" / "audit" / "verify_audit.py"
Own = tuple[Database, Stand]


@pytest.fixture
def sealed(own: Own) -> Own:
    """A chain of a dozen entries with a checkpoint at its end."""
    _database, stand = own
    with stand.work():
        for number in range(12):
            stand.site(f"Site {number}")
    audit.seal(stand.organisation.id)
    return own


def _tamper(database: Database, statement: str, *values: object) -> None:
    with database.tampering() as connection:
        assert connection.execute(statement, values).rowcount > 0


def _verify(stand: Stand) -> Chain:
    (chain,) = audit.verify([stand.organisation.id], patience=0)
    return chain


def test_an_untouched_chain_is_whole(sealed: Own) -> None:
    chain = _verify(sealed[1])
    assert (chain.problem, chain.unsealed, chain.sealed) == ("", 0, len(sealed[1].entries()))


@pytest.mark.parametrize("column", ["result = 'refused'", "changes = '{\"name\": [null, \"other\"]}'", "actor_id = gen_random_uuid()",
                                    "at = at - interval '1 day'", "record_reference = 'SITE-2020-00001'", "context = '{\"a\": 1}'"])
def test_a_changed_entry_is_named(sealed: Own, column: str) -> None:
    database, stand = sealed
    victim = stand.entries()[4]
    _tamper(database, f"UPDATE audit_entry SET {column} WHERE id = %s", victim.id)
    chain = _verify(stand)
    assert chain.entry_id == victim.id
    assert "digest" in chain.problem


def test_a_removed_entry_is_named(sealed: Own) -> None:
    database, stand = sealed
    victim = stand.entries()[4]
    _tamper(database, "DELETE FROM audit_entry WHERE id = %s", victim.id)
    chain = _verify(stand)
    assert (chain.entry_id, chain.problem) == (victim.id, "the entry was removed")


def test_an_entry_removed_with_its_link_leaves_a_gap(sealed: Own) -> None:
    database, stand = sealed
    _tamper(database, "DELETE FROM audit_entry WHERE id = (SELECT id FROM audit_link WHERE organisation_id = %s AND seq = 5)",
            stand.organisation.id)
    _tamper(database, "DELETE FROM audit_link WHERE organisation_id = %s AND seq = 5", stand.organisation.id)
    chain = _verify(stand)
    assert (chain.seq, chain.problem) == (5, "link 5 is missing")


def test_an_entry_of_ones_own_is_not_taken(sealed: Own) -> None:
    database, stand = sealed
    _tamper(database, "INSERT INTO audit_entry (organisation_id, id, at, channel, action, resource, record_reference, changes, context, "
            "request_id, result, digest) SELECT organisation_id, gen_random_uuid(), at, channel, action, resource, record_reference, "
            "changes, context, request_id, result, digest FROM audit_entry WHERE organisation_id = %s LIMIT 1", stand.organisation.id)
    assert "digest" in _verify(stand).problem


def test_a_tail_that_was_cut_is_seen_by_the_anchor_outside(sealed: Own) -> None:
    database, stand = sealed
    for table in ("audit_checkpoint", "audit_link", "audit_entry"):
        _tamper(database, f"DELETE FROM {table} WHERE organisation_id = %s" + (
            " AND seq > 3" if table != "audit_entry" else " AND id NOT IN (SELECT id FROM audit_link)"), stand.organisation.id)
    chain = _verify(stand)
    assert "kept outside the database" in chain.problem


def test_a_forged_checkpoint_is_named(sealed: Own) -> None:
    database, stand = sealed
    _tamper(database, "UPDATE audit_checkpoint SET seq = 3 WHERE organisation_id = %s", stand.organisation.id)
    assert "signature" in _verify(stand).problem


def test_an_entry_that_nobody_seals_is_a_failure(sealed: Own) -> None:
    _database, stand = sealed
    with clock.at(clock.now() - timedelta(seconds=90)), stand.work():
        record_id = stand.site("Late").id
    chain = _verify(stand)
    assert "60 s" in chain.problem
    assert chain.entry_id == stand.entries(record_id=record_id)[0].id
    audit.seal(stand.organisation.id)
    assert _verify(stand).problem == ""


def _offline(app: Flask, file: Path, *more: str) -> subprocess.CompletedProcess[str]:
    environ = {"AUDIT_KEY": app.extensions["settings"].audit_key, "PATH": os.environ["PATH"]}
    return subprocess.run([sys.executable, "-I", str(SCRIPT), str(file), *more], env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def exported(sealed: Own, tmp_path: Path) -> tuple[Database, Path]:
    """The chain as a file."""
    database, stand = sealed
    file = tmp_path / "trail.jsonl"
    file.write_bytes(b"".join(export(stand.organisation.id)))
    return database, file


def test_a_script_without_our_code_finds_an_export_whole(exported: tuple[Database, Path]) -> None:
    database, file = exported
    answer = _offline(database.app, file, "--anchors", str(anchors.path()))
    assert (answer.returncode, answer.stdout[:6]) == (0, "WHOLE:"), answer.stderr
    assert "app" not in {line.split()[1].split(".")[0] for line in SCRIPT.read_text().splitlines() if line.startswith(("import", "from"))}


def _keyless(file: Path) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"]}
    return subprocess.run([sys.executable, "-I", str(SCRIPT), str(file)], env=environ, capture_output=True, text=True, check=False)


def test_without_the_key_the_script_checks_the_rest_and_calls_nothing_whole(exported: tuple[Database, Path]) -> None:
    _database, file = exported
    answer = _keyless(file)
    assert (answer.returncode, answer.stdout[:11]) == (3, "NOT PROVED:"), answer.stderr
    assert "were not checked" in answer.stdout
    assert "audit_key" in answer.stdout
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:4] + lines[5:]))
    assert (_keyless(file).returncode, _keyless(file).stdout[:7]) == (1, "BROKEN:")
    told = subprocess.run([sys.executable, "-I", str(SCRIPT), "--help"], capture_output=True, text=True, check=False)
    assert "var/audit_key" in told.stdout
    assert "AUDIT_KEY_FILE" in told.stdout


@pytest.mark.parametrize("change", ["cut line", "cut tail", "edit", "swap", "cut and close"])
def test_the_script_finds_an_export_that_was_touched(exported: tuple[Database, Path], change: str) -> None:
    database, file = exported
    lines = file.read_text().splitlines(keepends=True)
    if change == "cut line":
        del lines[4]
    elif change == "cut tail":
        del lines[8:]
    elif change == "edit":
        lines[4] = lines[4].replace('"result":"ok"', '"result":"no"')
    elif change == "swap":
        lines[4], lines[5] = lines[5], lines[4]
    else:
        del lines[8:-1]
    file.write_text("".join(lines))
    answer = _offline(database.app, file)
    assert (answer.returncode, answer.stdout[:7]) == (1, "BROKEN:")


def test_the_script_wants_the_head_that_a_digest_mail_carried(exported: tuple[Database, Path]) -> None:
    database, file = exported
    head = json.loads(file.read_text().splitlines()[-1])["end"]["head"]
    assert _offline(database.app, file, "--head", head).returncode == 0
    assert _offline(database.app, file, "--head", "0" * 64).returncode == 1


def test_the_command_says_it_in_json_and_by_its_exit_code(sealed: Own) -> None:
    database, stand = sealed
    environ = {**os.environ, **database.environ, "FLASK_APP": "wsgi"}
    command = [sys.executable, "-m", "flask", "audit", "verify", "--json", "--org", stand.organisation.slug]
    whole = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert whole.returncode == 0, whole.stderr
    assert json.loads(whole.stdout)["ok"] is True
    _tamper(database, "UPDATE audit_entry SET result = 'x' WHERE organisation_id = %s", stand.organisation.id)
    broken = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert broken.returncode == 1
    assert json.loads(broken.stdout)["chains"][0]["seq"] == 1


@pytest.mark.requirement("LG-315")
@pytest.mark.requirement("OF-228")
def test_two_entries_that_changed_places_are_named(sealed: Own) -> None:
    database, stand = sealed
    first, second = stand.entries()[4:6]
    places = {each.id: _seq(stand, each.id) for each in (first, second)}
    for seq, entry_id in ((places[first.id], uuid4()), (places[second.id], first.id), (places[first.id], second.id)):
        _tamper(database, "UPDATE audit_link SET id = %s WHERE organisation_id = %s AND seq = %s", entry_id, stand.organisation.id, seq)
    chain = _verify(stand)
    assert chain.entry_id in (first.id, second.id)
    assert "does not follow" in chain.problem


def test_a_chain_that_was_linked_anew_without_the_key_is_named(sealed: Own) -> None:
    """Whoever edits an entry and computes digests and links again lacks the keys, which are outside the database."""
    database, stand = sealed
    entries = {entry.id: entry for entry in stand.entries()}
    false_key, previous = derived("a key of one's own, long enough", "link"), GENESIS
    with stand.work() as work:
        links = work.execute(select(AuditLink.seq, AuditLink.id).order_by(AuditLink.seq)).all()
    for row in links:
        previous = link(false_key, previous, row.seq, row.id, entries[row.id].digest)
        _tamper(database, "UPDATE audit_link SET hash = %s WHERE organisation_id = %s AND seq = %s",
                previous, stand.organisation.id, row.seq)
    chain = _verify(stand)
    assert (chain.seq, "link was changed" in chain.problem) == (1, True)


def test_an_older_dump_that_was_put_back_is_seen_from_outside(sealed: Own) -> None:
    database, stand = sealed
    tables = ("audit_entry", "audit_link", "audit_checkpoint")
    with database.connect("postgres", autocommit=True) as connection:
        for table in tables:
            connection.execute(f"CREATE TABLE old_{table} AS SELECT * FROM {table}")
    with stand.work():
        audit.note("probe.incriminating")
    with clock.at(clock.now() + timedelta(seconds=61)):
        audit.seal(stand.organisation.id)
    assert _verify(stand).problem == ""
    with database.tampering() as connection:
        for table in tables:
            connection.execute(f"DELETE FROM {table}")
            connection.execute(f"INSERT INTO {table} SELECT * FROM old_{table}")
            connection.execute(f"DROP TABLE old_{table}")
    assert "kept outside the database" in _verify(stand).problem


def _seq(stand: Stand, entry_id: object) -> int:
    with stand.work() as work:
        return int(work.execute(select(AuditLink.seq).where(AuditLink.id == entry_id)).scalar_one())
