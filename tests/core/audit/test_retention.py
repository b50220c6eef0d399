"""What is older than the organisation keeps goes, but for what is held, and the chain stays whole."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.core import audit, settings
from app.core.audit import retention
from app.core.audit.exporting import export
from app.core.audit.models import AuditHold
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.errors import Invalid
from app.kernel.references import assign
from tests.core.audit.house import outside, write_at
from tests.core.stand import Stand
from tests.infra.databases import Database

Own = tuple[Database, Stand]
YEAR = timedelta(days=365.25)


def _purge(stand: Stand) -> int:
    with acting(stand.organisation, SYSTEM, channel="schedule"):
        return retention.purge()["entries"]


def _left(stand: Stand) -> set[str]:
    return {entry.action for entry in stand.entries() if entry.action.startswith("old.")}


def _hold(stand: Stand, **said: object) -> AuditHold:
    from app.core.audit.holds import before_save

    with stand.work() as work:
        hold = AuditHold(reason="Inquiry 7", **said)
        before_save(hold)
        assign([hold])
        work.add(hold)
        work.flush()
        work.refresh(hold)
        work.expunge(hold)
    return hold


@pytest.mark.requirement("OF-229")
@pytest.mark.requirement("PK-035")
def test_of_six_and_eight_years_only_the_eight_go_and_the_chain_is_whole(own: Own, tmp_path: Path) -> None:
    database, stand = own
    write_at(stand, clock.now() - 8 * YEAR, "old.eight", "old.eight.too")
    write_at(stand, clock.now() - 6 * YEAR, "old.six")
    audit.seal(stand.organisation.id)
    assert _purge(stand) == 2
    assert _left(stand) == {"old.six"}
    (event,) = stand.entries(action="audit.entry.purge")
    assert event.context["entries"] == 2
    audit.seal(stand.organisation.id)
    (chain,) = audit.verify([stand.organisation.id], patience=0)
    assert (chain.problem, chain.purges.count) == ("", 2)
    file = tmp_path / "trail.jsonl"
    file.write_bytes(b"".join(export(stand.organisation.id)))
    assert outside(database.app, file).stdout.startswith("WHOLE")
    lines = file.read_text().splitlines()
    again = [json.loads(line) for line in lines]
    place = next(i for i, line in enumerate(again) if line.get("entry", {}).get("action") == "audit.entry.purge")
    again[place]["entry"]["context"]["sha256"] = "0" * 64
    file.write_text("\n".join(json.dumps(line) for line in again))
    assert "BROKEN" in outside(database.app, file).stdout


@pytest.mark.requirement("FL-076")
def test_no_setting_makes_it_take_what_is_younger_than_a_year(own: Own) -> None:
    _database, stand = own
    with stand.work():
        settings.set("audit.retention_years", 1)
    write_at(stand, clock.now() - timedelta(days=364), "old.young")
    write_at(stand, clock.now() - timedelta(days=368), "old.over")
    audit.seal(stand.organisation.id)
    with clock.at(clock.now() + 5 * YEAR):  # a clock that is wrong takes nothing more: the database looks at its own
        assert _purge(stand) == 1
    assert _left(stand) == {"old.young"}
    with stand.work(), pytest.raises(Invalid):
        settings.set("audit.retention_years", 0)


def test_what_was_taken_without_a_purge_is_named(own: Own) -> None:
    database, stand = own
    write_at(stand, clock.now() - 8 * YEAR, "old.eight")
    audit.seal(stand.organisation.id)
    with database.tampering() as connection:
        connection.execute("WITH gone AS (DELETE FROM audit_entry WHERE action = 'old.eight' RETURNING organisation_id, id, digest) "
                           "INSERT INTO audit_purged SELECT organisation_id, id, digest, gen_random_uuid() FROM gone")
    (chain,) = audit.verify([stand.organisation.id], patience=0)
    assert "removed by no purge" in chain.problem


@pytest.mark.parametrize("by", ["person", "record", "period"])
def test_a_hold_keeps_what_it_covers_until_it_is_lifted(own: Own, by: str) -> None:
    _database, stand = own
    moment = datetime(2017, 5, 4, 10, tzinfo=UTC)
    with clock.at(moment), stand.work("member"):
        audit.note("old.held", record_reference="INC-2017-00001")
    with clock.at(moment + timedelta(days=2)), stand.work():
        audit.note("old.free", record_reference="INC-2017-00002")
    audit.seal(stand.organisation.id)
    hold = _hold(stand, **{"person": {"member_id": stand.actors["member"].id}, "record": {"record": "inc-2017-00001"},
                           "period": {"since": date(2017, 5, 3), "until": date(2017, 5, 4)}}[by])
    assert _purge(stand) == 1
    assert _left(stand) == {"old.held"}
    with stand.work() as work:
        from app.core.audit.holds import lift

        lift(work.get_one(AuditHold, (stand.organisation.id, hold.id)), lift_reason="Closed")
    lifted = [entry for entry in stand.entries(record_id=hold.id) if "lifted_at" in entry.changes]
    assert lifted[0].changes["lift_reason"][1] == "Closed"
    assert _purge(stand) == 1
    assert _left(stand) == set()
    audit.seal(stand.organisation.id)
    (chain,) = audit.verify([stand.organisation.id], patience=0)
    assert chain.problem == ""


def test_a_hold_says_what_it_covers(stand: Stand) -> None:
    with pytest.raises(Invalid):
        _hold(stand)
    with pytest.raises(Invalid):
        _hold(stand, since=date(2026, 2, 2), until=date(2026, 2, 1))
