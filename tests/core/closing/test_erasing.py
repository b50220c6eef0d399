"""A deleted organisation leaves no row, file, key or entry behind, and nothing of another one changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import redis
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app.core import auth, closing, organisations
from app.core.audit.models import AuditEntry, AuditHold
from app.core.closing import erasing
from app.kernel import jobs
from app.kernel.current import PLATFORM_ID, SYSTEM, Organisation, acting
from app.kernel.db import as_identity, session, unit_of_work
from app.kernel.delivery import bare
from app.kernel.jobs import Job
from app.kernel.references import assign
from tests.core.closing import full
from tests.core.stand import Stand
from tests.infra.databases import Database

PLATFORM = bare(PLATFORM_ID)
REASON = "The company was sold."


@pytest.fixture
def app(fresh_database: Database) -> Iterator[Flask]:
    """The application on a database of the test's own: what is erased must have been committed."""
    with fresh_database.app.app_context():
        yield fresh_database.app


@pytest.fixture
def power(fresh_database: Database) -> Iterator[psycopg.Connection[Any]]:
    """Somebody who sees every row."""
    with fresh_database.connect("postgres", autocommit=True) as connection:
        yield connection


def ask(stand: Stand) -> datetime:
    """What the owner does."""
    with stand.work():
        return closing.ask(REASON, stand.organisation.name, days=30, by="Owner")


def let_time_pass(power: psycopg.Connection[Any], here: UUID) -> None:
    """The holding period is over: the moment lies in the past, and its job is due."""
    past = datetime.now(UTC) - timedelta(minutes=1)
    power.execute("UPDATE organisation SET erase_after = %s WHERE id = %s", (past, here))
    power.execute("UPDATE job SET due_at = %s WHERE key = %s", (past, f"erase:{here}"))


def job_of(here: UUID) -> UUID:
    """The job that waits to erase."""
    with acting(PLATFORM, SYSTEM), unit_of_work() as work:
        return work.scalars(select(Job.id).where(Job.key == f"erase:{here}")).one()


def seat_elsewhere(stand: Stand, other: Stand) -> UUID:
    """Somebody of one organisation who belongs to the other too; gives their identity."""
    with acting(other.organisation, SYSTEM), unit_of_work():
        from app.core import people

        member = people.enrol("Both Sides", f"member@{stand.organisation.slug.rpartition('-')[0]}.example", "member")
        assert member.identity_id
        return member.identity_id


def test_nothing_is_left_and_nothing_else_is_gone(app: Flask, fresh_database: Database, power: psycopg.Connection[Any]) -> None:
    gone, stays = Stand("gone"), Stand("stays")
    for stand in (gone, stays):
        full.fill(stand, fresh_database)
    both = seat_elsewhere(gone, stays)
    alone = gone.actors["owner"].identity_id
    assert alone
    with as_identity(both), unit_of_work():
        auth.open_session(both, confined_to=gone.organisation.id)
        kept_session = auth.open_session(both)
    ask(gone)
    let_time_pass(power, gone.organisation.id)
    client = redis.Redis.from_url(app.extensions["settings"].redis_url)
    ids = {str(stays.organisation.id), *(str(actor.id) for actor in stays.actors.values())}
    before = (full.marks(power, stays.organisation.id), full.stored(app, stays.organisation.id), full.in_redis(client, ids))
    assert all(not mark.startswith("0:") for name, mark in before[0].items()), [n for n, m in before[0].items() if m.startswith("0:")]
    assert before[1]
    assert before[2]
    here, job = gone.organisation.id, job_of(gone.organisation.id)
    of_gone = {str(here), *(str(actor.id) for actor in gone.actors.values())}
    assert full.stored(app, here)
    assert full.in_redis(client, of_gone)

    assert jobs.run(job, PLATFORM_ID)

    left = {name: number for name in full.marks(power, here) if (number := full.count(power, name, here))}
    assert left == {}
    assert full.stored(app, here) == {}
    assert full.in_redis(client, of_gone) == {}
    after = (full.marks(power, stays.organisation.id), full.stored(app, stays.organisation.id), full.in_redis(client, ids))
    assert after == before
    _nobody_but_who_belongs_elsewhere(power, alone, both, kept_session)
    _the_platform_says_how_much(here, gone.organisation.slug)
    assert not jobs.run(job, PLATFORM_ID)


def _nobody_but_who_belongs_elsewhere(power: psycopg.Connection[Any], alone: UUID, both: UUID, kept: str) -> None:
    assert power.execute("SELECT count(*) FROM identity WHERE id = %s", (alone,)).fetchone() == (0,)
    assert power.execute("SELECT count(*) FROM identity WHERE id = %s", (both,)).fetchone() == (1,)
    sessions = power.execute("SELECT secret_hash FROM user_session WHERE identity_id = %s", (both,)).fetchall()
    assert sessions == [(auth.hash_secret(kept),)]


def _the_platform_says_how_much(here: UUID, slug: str) -> None:
    with acting(Organisation(PLATFORM_ID, "", ""), SYSTEM), unit_of_work() as work:
        entry = work.scalars(select(AuditEntry).where(AuditEntry.organisation_id == PLATFORM_ID, AuditEntry.record_id == here,
                                                      AuditEntry.action == "platform.organisation.erase")).one()
        counts = entry.context["counts"]
        assert entry.record_reference == slug
        assert counts["member"] == 5
        assert counts["hse_incident"] >= 2
        assert counts["files"] >= 1
        assert entry.context["rows"] == sum(n for name, n in counts.items() if name not in ("files", "people", "redis"))
        assert work.scalars(select(Job).where(Job.key == f"erase:{here}")).first() is None


def test_a_job_that_was_stopped_goes_on_where_it_was(app: Flask, fresh_database: Database, power: psycopg.Connection[Any],
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Stand("gone")
    full.fill(gone, fresh_database)
    ask(gone)
    here, job = gone.organisation.id, job_of(gone.organisation.id)
    let_time_pass(power, here)
    whole = {name: full.count(power, name, here) for name in full.marks(power, here)}
    emptied, original = list[str](), erasing._empty

    def stumble(table: Any, *arguments: Any) -> None:
        original(table, *arguments)
        emptied.append(table.name)
        if table.name in ("hse_incident", "audit_entry") and emptied.count(table.name) == 1:
            raise RuntimeError("the power went")

    monkeypatch.setattr(erasing, "_empty", stumble)
    for _attempt in range(2):
        assert not jobs.run(job, PLATFORM_ID)
        power.execute("UPDATE job SET due_at = now() - interval '1 second' WHERE id = %s", (job,))
    assert full.count(power, "organisation", here) == 1
    assert jobs.run(job, PLATFORM_ID)
    assert not any(full.count(power, name, here) for name in whole)
    with acting(PLATFORM, SYSTEM), unit_of_work() as work:
        counts = work.scalars(select(AuditEntry.context).where(AuditEntry.action == "platform.organisation.erase")).one()["counts"]
    for name in ("hse_incident", "member", "search_entry", "reference_counter", "procurement_requisition"):
        assert counts[name] == whole[name], name


def test_the_application_alone_can_neither_hasten_nor_begin_it(app: Flask, power: psycopg.Connection[Any]) -> None:
    stand = Stand("fence")
    here = stand.organisation.id

    def attempt(statement: str, **values: Any) -> None:
        with pytest.raises(DBAPIError), stand.work():
            session().execute(text(statement), {"here": here, **values})

    attempt("UPDATE organisation SET erase_after = now() WHERE id = :here")
    attempt("SELECT organisation_erase('audit_entry', 10)")
    attempt("DELETE FROM audit_entry WHERE organisation_id = :here")
    attempt("INSERT INTO organisation (id, slug, name, currency, timezone, language, created_at, erase_after) "
            "VALUES (:here, 'x', 'X', 'EUR', 'UTC', 'en', now(), now())")
    with stand.work():
        moment = session().execute(text("SELECT organisation_close(0)")).scalar()
    assert moment - datetime.now(UTC) > timedelta(days=6)
    attempt("SELECT organisation_erase('audit_entry', 10)")
    let_time_pass(power, here)
    with stand.work():
        assert session().execute(text("SELECT organisation_reopen()")).scalar() is False
    attempt("SELECT organisation_erase('member', 10)")


def test_a_hold_that_was_set_since_stops_it(app: Flask, power: psycopg.Connection[Any]) -> None:
    stand = Stand("held")
    ask(stand)
    here = stand.organisation.id
    with stand.work() as work:
        hold = AuditHold(reason="A case before the court", record="INC-2026-00001")
        assign([hold])
        work.add(hold)
    let_time_pass(power, here)
    jobs.run(job_of(here), PLATFORM_ID)
    assert full.count(power, "member", here) == 3
    power.execute("UPDATE audit_hold SET lifted_at = now() WHERE organisation_id = %s", (here,))
    power.execute("UPDATE job SET due_at = now() - interval '1 minute' WHERE key = %s", (f"erase:{here}",))
    assert jobs.run(job_of(here), PLATFORM_ID)
    assert full.count(power, "member", here) == 0


def test_before_its_moment_the_job_does_nothing(app: Flask, power: psycopg.Connection[Any]) -> None:
    stand = Stand("early")
    ask(stand)
    here, job = stand.organisation.id, job_of(stand.organisation.id)
    power.execute("UPDATE job SET due_at = now() - interval '1 minute' WHERE id = %s", (job,))
    assert jobs.run(job, PLATFORM_ID)
    assert full.count(power, "member", here) == 3
    with unit_of_work():
        assert organisations.load_organisation(here) is not None
