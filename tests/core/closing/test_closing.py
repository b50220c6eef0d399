"""Asking for the deletion, the time in between, taking everything along, and taking it back."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, auth, closing, files, organisations
from app.core.audit.models import AuditEntry
from app.core.closing import leaving
from app.core.mail.models import MailMessage
from app.core.organisations import Organisation as Row
from app.core.people import Member
from app.core.scheduler.ticks import rests, schedules
from app.kernel import jobs
from app.kernel.current import PLATFORM_ID, SYSTEM, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.delivery import bare, organisation_of
from app.kernel.door import perform_one
from app.kernel.errors import Conflict
from app.kernel.i18n import reading
from app.kernel.jobs import Job
from tests.core.platform.test_console import KEEPER, console_of, make_keeper
from tests.core.visitors import PASSWORD, Visitor, actor_of, enrol, found
from tests.infra.databases import Database

PAGE = "/tenant/settings/deletion"
REASON = "The company was sold to another."


@pytest.fixture
def app(fresh_database: Database) -> Iterator[Flask]:
    """The application on a database of the test's own: keepers are made by the owner of the tables."""
    with fresh_database.app.app_context(), reading("en"):
        yield fresh_database.app


class Cast:
    """An organisation with an owner, an administrator and a viewer, each at a browser."""

    def __init__(self, app: Flask) -> None:
        self.place = found("tenant")
        self.members = {role: enrol(self.place, f"{role}@tenant.example", role) for role in ("owner", "admin", "viewer")}
        self.browsers = {role: Visitor(app) for role in self.members}
        for role, browser in self.browsers.items():
            browser.sign_in(f"{role}@tenant.example")

    def ask(self, **said: str) -> Any:
        """What the owner sends."""
        return self.browsers["owner"].send(PAGE, **{"reason": REASON, "typed": "Tenant", **said})

    def row(self) -> Row:
        """The organisation as it is now."""
        with acting(self.place, SYSTEM), unit_of_work() as work:
            row = work.get_one(Row, self.place.id)
            work.expunge(row)
        return row


@pytest.fixture
def cast(app: Flask) -> Cast:
    """They are there."""
    return Cast(app)


def of_platform(model: Any, *wanted: Any) -> list[Any]:
    """Rows of the platform."""
    with acting(bare(PLATFORM_ID), SYSTEM), unit_of_work() as work:
        rows = list(work.scalars(select(model).where(model.organisation_id == PLATFORM_ID, *wanted)))
        work.expunge_all()
    return rows


def test_only_an_owner_opens_it_and_only_with_reason_and_name(cast: Cast) -> None:
    assert cast.browsers["owner"].get(PAGE).status_code == 200
    for role in ("admin", "viewer"):
        assert cast.browsers[role].get(PAGE).status_code == 403
        assert cast.browsers[role].send(PAGE, form="/tenant/settings/", reason=REASON, typed="Tenant").status_code == 403
    for wrong in ({"reason": "short"}, {"typed": "tenant"}, {"typed": ""}):
        assert cast.ask(**wrong).status_code == 422
    assert cast.row().erase_after is None
    assert cast.ask().status_code == 303
    days = (cast.row().erase_after or datetime.now(UTC)) - datetime.now(UTC)
    assert timedelta(days=29, hours=23) < days <= timedelta(days=30)
    assert cast.ask().status_code == 409


def test_whoever_has_not_proved_lately_who_they_are_is_asked(cast: Cast, fresh_database: Database) -> None:
    with fresh_database.connect("postgres", autocommit=True) as power:
        power.execute("UPDATE user_session SET proved_at = now() - interval '1 hour'")
    asked = cast.ask()
    assert asked.status_code == 200
    assert 'name="proof_of_you"' in asked.text
    assert cast.row().erase_after is None
    assert cast.ask(proof_of_you="1", proof="a wrong guess").status_code == 422
    assert cast.row().erase_after is None
    assert cast.ask(proof_of_you="1", proof=PASSWORD).status_code == 303
    assert cast.row().erase_after is not None


def test_meanwhile_it_is_closed_for_work_on_every_door(cast: Cast, app: Flask) -> None:
    with acting(cast.place, actor_of(cast.place, cast.members["owner"])), unit_of_work():
        _token, secret = auth.make_token("script")
    machine = {"Authorization": f"Bearer {secret}"}
    owner, admin = cast.browsers["owner"], cast.browsers["admin"]
    token = owner.token("/tenant/settings/")
    assert Visitor(app).get("/api/v1/tenant/hse/incidents/", headers=machine).status_code == 200
    cast.ask()
    assert owner.get("/tenant/hse/incidents/").headers["Location"] == PAGE
    assert owner.client.post("/tenant/organisation/sites/new", data={"csrf_token": token, "name": "X", "kind": "rig"}).status_code == 403
    assert admin.get("/tenant/hse/incidents/").status_code == 403
    assert admin.get(PAGE).status_code == 403
    assert Visitor(app).get("/api/v1/tenant/hse/incidents/", headers=machine).status_code == 403
    with unit_of_work():
        place = organisations.load_organisation(cast.place.id)
    assert place is not None
    with pytest.raises(Conflict), acting(place, actor_of(place, cast.members["owner"])), unit_of_work():
        perform_one("organisation.site", "create", None, {"name": "Late", "kind": "rig"})
    going_on = [schedule.name for schedule in schedules() if not rests(schedule, organisation_of(place.id) or place)]
    assert going_on == ["app.core.audit.sealing.seal_all"]


def test_taken_back_it_is_as_before_and_the_job_is_gone(cast: Cast) -> None:
    cast.ask()
    owner = cast.browsers["owner"]
    assert [job.state for job in of_platform(Job, Job.key == f"erase:{cast.place.id}")] == [jobs.WAITING]
    assert owner.send(f"{PAGE}/withdraw", form=PAGE).status_code == 303
    row = cast.row()
    assert (row.erase_after, row.erase_reason, row.erase_asked_by) == (None, "", "")
    assert owner.get("/tenant/hse/incidents/").status_code == 200
    assert cast.browsers["admin"].get("/tenant/hse/incidents/").status_code == 200
    assert [job.state for job in of_platform(Job, Job.key == f"erase:{cast.place.id}")] == [jobs.CANCELLED]
    actions = {entry.action for entry in of_platform(AuditEntry, AuditEntry.record_id == cast.place.id)}
    assert {"platform.organisation.close", "platform.organisation.reopen"} <= actions


def test_a_legal_hold_keeps_everything(cast: Cast) -> None:
    with acting(cast.place, actor_of(cast.place, cast.members["owner"]), channel="page"), unit_of_work():
        perform_one("audit.hold", "create", None, {"reason": "A case before the court.", "record": "INC-2026-00001"})
    assert cast.ask().status_code == 409
    assert cast.row().erase_after is None


def test_a_hold_that_stands_is_not_put_away(cast: Cast) -> None:
    owner = actor_of(cast.place, cast.members["owner"])
    with acting(cast.place, owner, channel="page"), unit_of_work():
        hold = perform_one("audit.hold", "create", None, {"reason": "A case before the court.", "record": "INC-2026-00001"}).record
        with pytest.raises(Conflict):
            perform_one("audit.hold", "archive", hold)
        perform_one("audit.hold", "lift", hold, {"lift_reason": "The case is over."})
        perform_one("audit.hold", "archive", hold)


def test_the_owners_are_told_when_it_is_asked_and_before_the_day(cast: Cast, fresh_database: Database) -> None:
    cast.ask()
    moment = cast.row().erase_after
    assert moment is not None
    with acting(cast.place, SYSTEM), unit_of_work() as work:
        planned = {(moment - job.due_at).days: job.id for job in work.scalars(select(Job).where(Job.key.like("closing:%")))}
    assert sorted(planned) == [1, 7]
    with fresh_database.connect("postgres", autocommit=True) as power:
        power.execute("UPDATE job SET due_at = now() - interval '1 second' WHERE key LIKE 'closing:%%'")
    assert jobs.run(planned[7], cast.place.id)
    with acting(cast.place, SYSTEM), unit_of_work() as work:
        mails = list(work.scalars(select(MailMessage).where(MailMessage.template == "closing").order_by(MailMessage.created_at)))
        assert [mail.to_address for mail in mails] == ["owner@tenant.example"] * 2
        assert REASON in mails[0].text
        assert PAGE in mails[0].text
    cast.browsers["owner"].send(f"{PAGE}/withdraw", form=PAGE)
    assert jobs.run(planned[1], cast.place.id)
    with acting(cast.place, SYSTEM), unit_of_work() as work:
        assert len(list(work.scalars(select(MailMessage).where(MailMessage.template == "closing")))) == 3


def test_everything_can_be_taken_along_meanwhile(cast: Cast) -> None:
    with acting(cast.place, actor_of(cast.place, cast.members["owner"]), channel="page"), unit_of_work():
        perform_one("organisation.site", "create", None, {"name": "Rowan", "kind": "rig"})
        files.store(io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"0" * 40), "plan.png", "image/png", purpose="attachment")
        auth.make_token("script")
    cast.ask()
    owner = cast.browsers["owner"]
    assert owner.get(f"{PAGE}/export").status_code == 404
    assert owner.send(f"{PAGE}/export", form=PAGE).status_code == 303
    with acting(cast.place, SYSTEM), unit_of_work():
        job = leaving.latest()
        assert job is not None
        job_id = job.id
    assert jobs.run(job_id, cast.place.id)
    assert cast.browsers["admin"].get(f"{PAGE}/export").status_code == 403
    answer = owner.get(f"{PAGE}/export")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        for each in manifest["files"]:
            content = archive.read(each["path"])
            assert hashlib.sha256(content).hexdigest() == each["sha256"], each["path"]
            assert each["path"].startswith("files/") or content.count(b"\n") == each["rows"]
        names = {each["path"] for each in manifest["files"]}
        sites = [json.loads(line) for line in archive.read("records/organisation.site.jsonl").splitlines()]
        text = b"".join(archive.read(name) for name in names if name.endswith(".jsonl"))
    assert [site["name"] for site in sites] == ["Rowan"]
    assert any(name.endswith("/plan.png") for name in names)
    assert {"records/people.member.jsonl", "tables/audit_entry.jsonl", "organisation.jsonl"} <= names
    assert b"secret_hash" not in text


def test_everything_is_for_who_is_an_owner_when_it_is_read(cast: Cast) -> None:
    """Whoever asked for it, and is an owner no more, is refused, by the address of the file too."""
    cast.ask()
    cast.browsers["owner"].send(f"{PAGE}/export", form=PAGE)
    with acting(cast.place, SYSTEM), unit_of_work():
        job = leaving.latest()
        assert job
        job_id = job.id
    assert jobs.run(job_id, cast.place.id)
    with acting(cast.place, SYSTEM), unit_of_work() as work:
        file_id, address = leaving.ready().id, f"/tenant/files/{leaving.ready().id}/all.zip"
        admin = work.get_one(Member, (cast.place.id, cast.members["admin"].id))
        admin.role_id = access.role_named("owner").id
        work.flush()
        work.get_one(Member, (cast.place.id, cast.members["owner"].id)).role_id = access.role_named("viewer").id
    was, now = (actor_of(cast.place, cast.members[name]) for name in ("owner", "admin"))
    for actor, may in ((was, False), (now, True)):
        with acting(cast.place, actor), unit_of_work():
            assert files.readable(session().get_one(files.StoredFile, (cast.place.id, file_id))) is may
    assert cast.browsers["owner"].get(f"{PAGE}/export").status_code == 403
    assert cast.browsers["owner"].get(address).status_code in (403, 404)
    assert cast.browsers["admin"].get(f"{PAGE}/export").status_code == 200


def test_the_platform_asks_with_its_own_proof_and_can_take_it_back(cast: Cast, app: Flask, fresh_database: Database) -> None:
    with psycopg.connect(fresh_database.environ["DATABASE_OWNER_URL"]) as owner:
        make_keeper(owner, KEEPER, "Kim Keeper")
    kim = Visitor(app)
    kim.sign_in(KEEPER)
    page, said = console_of(kim, "tenant"), {"reason": REASON, "typed": "Tenant", "proof": PASSWORD}
    assert kim.send("/platform/settings", form="/platform/", holding="3").status_code == 422
    assert kim.send("/platform/settings", form="/platform/", holding="60").status_code == 303
    for wrong in ({"proof": "a wrong guess"}, {"typed": "Other"}, {"reason": ""}):
        assert kim.send(f"{page}/delete", form=page, **{**said, **wrong}).status_code == 422
    assert cast.row().erase_after is None
    assert kim.send(f"{page}/delete", form=page, **said).status_code == 303
    row = cast.row()
    assert row.erase_asked_by == "Kim Keeper"
    assert row.erase_after is not None
    assert row.erase_after - datetime.now(UTC) > timedelta(days=59)
    assert "Waits to be deleted" in kim.get(page).text
    assert REASON not in str([entry.context for entry in of_platform(AuditEntry, AuditEntry.record_id == cast.place.id)])
    assert cast.browsers["owner"].get(PAGE).status_code == 200
    assert kim.send(f"{page}/reopen", form=page).status_code == 303
    assert cast.browsers["admin"].get("/tenant/hse/incidents/").status_code == 200


def test_once_the_moment_has_passed_nobody_comes_in_or_takes_it_back(cast: Cast, fresh_database: Database) -> None:
    cast.ask()
    with fresh_database.connect("postgres", autocommit=True) as power:
        power.execute("UPDATE organisation SET erase_after = now() - interval '1 second' WHERE id = %s", (cast.place.id,))
    assert cast.browsers["owner"].get(PAGE).status_code == 404
    with unit_of_work():
        assert organisations.load_organisation(cast.place.id) is None
    late = Organisation(cast.place.id, "tenant", "Tenant")
    with pytest.raises(Conflict), acting(late, SYSTEM), unit_of_work():
        closing.withdraw("Owner")
