"""The runbooks, walked through: each incident is made to happen, its steps end it, and the trail holds the result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from app.core import alerts, audit, people
from app.core.access import role_named
from app.core.alerts.models import Alert, Kind, Status
from app.core.people import services
from app.kernel import clock, jobs
from app.kernel.config import PROJECT
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.audit.house import SCRIPT, outside, signed_in, token_of
from tests.core.stand import Stand
from tests.infra.databases import Database

Own = tuple[Database, Stand]
RUNBOOKS = PROJECT / "docs" / "runbooks"
SAME = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}


def _preflight(database: Database) -> tuple[int, dict[str, str]]:
    """Exit code and faults by name."""
    done = subprocess.run([sys.executable, "-m", "flask", "preflight", "--json"], cwd=PROJECT, capture_output=True, text=True, check=False,
                          env={**os.environ, **database.environ, "FLASK_APP": "wsgi"})
    said = json.loads(done.stdout)
    return done.returncode, {check["name"]: check["fault"] for check in said["checks"] if check["fault"]}


@pytest.mark.requirement("PK-051")
def test_preflight_passes_on_a_sound_house_and_names_what_is_broken(own: Own) -> None:
    database, stand = own
    audit.seal(stand.organisation.id)
    assert _preflight(database) == (0, {})
    with database.tampering() as connection:
        connection.execute("GRANT UPDATE ON audit_entry TO opsflux_app")
        connection.execute("ALTER TABLE site NO FORCE ROW LEVEL SECURITY")
        connection.execute("UPDATE audit_entry SET result = 'x' WHERE organisation_id = %s", (stand.organisation.id,))
    code, faults = _preflight(database)
    assert code == 1
    assert {"append-only", "walls", "audit chains"} <= faults.keys()
    assert "audit_entry" in faults["append-only"]
    assert stand.organisation.slug in faults["audit chains"]


@pytest.mark.requirement("PK-047")
@pytest.mark.requirement("PK-053")
def test_the_runbook_of_a_wrong_permission_reaches_its_remedy(own: Own) -> None:
    database, stand = own
    assert "Deactivate" in (RUNBOOKS / "wrong-permission.md").read_text()
    member_id, viewer = stand.actors["member"].id, role_named
    with stand.work() as work:  # the incident: somebody is made an admin by mistake, and looks around
        member = work.get_one(people.Member, (stand.organisation.id, member_id))
        was = member.role_id
        member.role_id = viewer("admin").id
    intruder, trail = signed_in(database.app, stand, "member"), f"/{stand.organisation.slug}/audit/"
    assert intruder.get(trail).status_code == 200
    with acting(stand.organisation, SYSTEM, channel="schedule"), unit_of_work():
        assert alerts.watch() == 1
    owner = signed_in(database.app, stand, "owner")  # step 1: the alert leads to the entry
    with stand.work() as work:
        alert = work.query(Alert).filter_by(kind=Kind.ESCALATION).one()
        evidence, reference = alert.evidence, alert.reference
    assert "people.member.edit" in owner.get(f"/{stand.organisation.slug}/{evidence}").text
    with stand.work() as work:  # steps 2 and 4: closed, and put right
        member = work.get_one(people.Member, (stand.organisation.id, member_id))
        services.deactivate(member)
        member.role_id = was
    assert intruder.get(trail).status_code in (302, 303, 404)
    with stand.work() as work:
        services.activate(work.get_one(people.Member, (stand.organisation.id, member_id)))
    assert signed_in(database.app, stand, "member").get(trail).status_code == 403  # step 5
    assert stand.entries(action="audit.entry.view", actor_id=member_id)  # step 6
    seen = owner.post(f"/{stand.organisation.slug}/alerts/alerts/{reference}/acknowledge",  # step 7
                      data={"csrf_token": token_of(owner, f"/{stand.organisation.slug}/alerts/alerts/{reference}/")}, headers=SAME)
    assert seen.status_code == 303
    with stand.work() as work:
        assert work.query(Alert).filter_by(reference=reference).one().status == Status.SEEN


@pytest.mark.requirement("PK-048")
@pytest.mark.requirement("PK-053")
def test_the_runbook_of_a_missing_entry_reaches_its_remedy(own: Own, tmp_path: Path) -> None:
    database, stand = own
    text = (RUNBOOKS / "missing-entry.md").read_text()
    with database.connect("postgres", autocommit=True) as connection:  # the incident: the right to write was lost
        connection.execute("REVOKE INSERT ON audit_entry FROM opsflux_app")
    with pytest.raises(Exception, match="nothing was changed"), stand.work():
        stand.site("Rowan")
    code, faults = _preflight(database)  # step 1
    assert code == 1
    assert "audit sink" in faults
    grant = text.split("`GRANT", 1)[1].split("`", 1)[0]  # step 3, as it is written
    with database.connect("opsflux_owner", autocommit=True) as connection:
        connection.execute("GRANT" + grant)  # type: ignore[arg-type]
    with stand.work():
        stand.site("Rowan")
    assert stand.entries(action="organisation.site.create")
    client, trail = signed_in(database.app, stand, "auditor"), f"/{stand.organisation.slug}/audit/"  # step 5
    client.post(f"{trail}export", data={"csrf_token": token_of(client, trail), "format": "json"}, headers=SAME)
    with stand.work() as work:
        job_id = work.query(jobs.Job.id).filter(jobs.Job.function.like("%outgoing:run")).scalar()
        jobs.cancel(job_id)
    with stand.work():
        assert jobs.retry(job_id)
    assert jobs.run(job_id, stand.organisation.id)
    with stand.work():
        from app.core import files

        job = jobs.find(job_id)
        assert job is not None
        assert job.file_id is not None
        with files.open_file(files.find(job.file_id)) as stream:
            (tmp_path / "trail.zip").write_bytes(stream.read())
    assert outside(database.app, tmp_path / "trail.zip").stdout.startswith("WHOLE")
    with zipfile.ZipFile(tmp_path / "trail.zip") as packed:
        assert packed.read("verify_audit.py") == SCRIPT.read_bytes()


@pytest.mark.requirement("PK-053")
def test_the_runbook_of_a_trail_that_falls_behind_reaches_its_remedy(own: Own) -> None:
    _database, stand = own
    assert "flask audit seal" in (RUNBOOKS / "missing-entry.md").read_text()
    with clock.at(clock.now() - timedelta(minutes=5)), stand.work():
        audit.note("probe.waits")
    with acting(stand.organisation, SYSTEM, channel="schedule"), unit_of_work():
        assert alerts.watch() == 1
    audit.seal(stand.organisation.id)
    with acting(stand.organisation, SYSTEM, channel="schedule"), unit_of_work():
        assert alerts.watch() == 0
    (chain,) = audit.verify([stand.organisation.id], patience=0)
    assert (chain.problem, chain.unsealed) == ("", len(stand.entries()) - chain.sealed)
