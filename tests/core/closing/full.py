"""Organisations full of data: records with their trail, files, keys, what waits in Redis; and a row in every table there is."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import redis
from flask import Flask
from sqlalchemy import ARRAY, Boolean, CheckConstraint, Date, DateTime, Integer, LargeBinary, Numeric, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from app.core import files, people
from app.core.audit.sealing import seal
from app.core.closing.erasing import tables
from app.kernel import jobs, limits
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.registry import registry
from tests.contract import samples
from tests.core.stand import Stand
from tests.infra.databases import Database

UNMADE = ("people.member", "access.role", "access.request")  # there already, or made by asking
WHERE = {"agency_link": "agency_id = %(here)s OR client_id = %(here)s", "organisation": "id = %(here)s"}


def fill(stand: Stand, database: Database) -> None:
    """Make two records of each kind by the door, a file, a token and a chain; then a row in each table that is still empty."""
    with acting(stand.organisation, SYSTEM), unit_of_work():
        for role in ("admin", "manager"):
            people.enrol(f"{role.title()} Prüfer", f"{role}@{stand.organisation.slug}.example", role)
    with stand.work():
        for resource in registry:
            if resource.form and resource.creatable and resource.key not in UNMADE:
                samples.make(resource, 2, 40)
        files.store(io.BytesIO(b"%PDF-1.4 " + stand.organisation.slug.encode()), "plan.pdf", "application/pdf", purpose="export")
        jobs.enqueue("tests.core.closing.full:nothing", title="Waits")
    with acting(stand.organisation, SYSTEM), unit_of_work():
        above = perform_one("organisation.department", "create", None, {"name": "Above", "manager": str(stand.actors["owner"].id)}).record
        perform_one("organisation.department", "create", None, {"name": "Below", "parent": str(above.id)})
        limits.take(limits.API, stand.actors["member"].id)
    seal(stand.organisation.id)
    with database.connect("postgres", autocommit=True) as power:
        power.execute("SET session_replication_role = replica")  # rows of every shape, whatever they refer to
        for table in tables():
            if not count(power, table.name, stand.organisation.id):
                insert(power, table, stand.organisation.id)
        power.execute("UPDATE audit_hold SET lifted_at = now()")  # one that stands keeps everything


def nothing() -> None:
    """A job that does nothing."""


def count(power: psycopg.Connection[Any], table: str, here: UUID) -> int:
    """How many rows of an organisation a table holds, whoever asks."""
    where = WHERE.get(table, "organisation_id = %(here)s")
    row = power.execute(f'SELECT count(*) FROM "{table}" WHERE {where}', {"here": here}).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def marks(power: psycopg.Connection[Any], here: UUID) -> dict[str, str]:
    """A checksum of an organisation's rows, by table."""
    found = {}
    for name in [table.name for table in tables()] + ["organisation", "organisation_slug"]:
        where = WHERE.get(name, "organisation_id = %(here)s")
        query = f"SELECT count(*) || ':' || md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{name}\" t WHERE {where}"
        row = power.execute(query, {"here": here}).fetchone()  # type: ignore[arg-type]
        assert row is not None
        found[name] = str(row[0])
    return found


def stored(app: Flask, here: UUID) -> dict[str, str]:
    """The files of an organisation in the folder of this copy, with their hashes."""
    root = Path(app.extensions["settings"].storage_url.removeprefix("file://")) / str(here)
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()}


def in_redis(client: redis.Redis, ids: set[str]) -> dict[str, bytes]:
    """The entries in Redis that name one of these ids."""
    found = {}
    for key in client.scan_iter():
        shown = client.dump(key) or b""
        if any(each in key.decode() or each.encode() in shown for each in ids):
            found[key.decode()] = shown
    return found


def insert(power: psycopg.Connection[Any], table: Table, here: UUID, **said: Any) -> None:
    """One row of a table, with what is `said` and something in every other column that needs it."""
    values = {column.name: _value(column) for column in table.columns
              if not column.nullable and column.server_default is None and column.computed is None and column.identity is None}
    values[table.info.get("between", ("organisation_id",))[0]] = here
    values |= said
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f"%({name})s" for name in values)
    power.execute(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', values)  # type: ignore[arg-type]


def _value(column: Any) -> Any:
    described = column.info.get("field")
    if described is not None and described.choices:
        return next(iter(described.choices)).value
    for rule in column.table.constraints:
        if isinstance(rule, CheckConstraint) and (found := re.search(rf"{column.name} IN \('([^']*)'", str(rule.sqltext))):
            return found.group(1)
    kinds: list[tuple[Any, Any]] = [
        (Uuid, uuid4()), (Boolean, False), (DateTime, datetime.now(UTC)), (Date, datetime.now(UTC).date()), (Integer, 1), (Numeric, 1),
        (LargeBinary, b"bytes"), (JSONB, "{}"), (ARRAY, []), (TSVECTOR, "")]
    return next((value for kind, value in kinds if isinstance(column.type, kind)), f"text {uuid4().hex[:8]}")


