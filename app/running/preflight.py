"""`flask preflight`: may this installation serve people? It looks at roles, both walls, the trail, secrets and addresses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

import click
import psycopg
from flask import current_app
from sqlalchemy.exc import DBAPIError

from app.core import audit, impersonation, organisations
from app.core.audit.anchors import path as anchors_path
from app.core.audit.chains import chains
from app.kernel import attach, migrations, tenancy
from app.kernel.commands import json_option, show, without_migrating
from app.kernel.config import LOCAL_HOSTS, SHORTEST_KEY, ConfigError, Settings
from app.kernel.current import PLATFORM_ID, SYSTEM, acting
from app.kernel.db import db, unit_of_work

PATIENCE = 5
_APPEND_ONLY = ("audit_entry", "audit_link", "audit_checkpoint", "audit_purged")
_MAY_CHANGE = """SELECT t.name FROM unnest(%s::text[]) AS t(name)
WHERE has_table_privilege(current_user, t.name, 'UPDATE') OR has_table_privilege(current_user, t.name, 'DELETE')
OR has_table_privilege(current_user, t.name, 'TRUNCATE')"""
_UNKEPT = """SELECT t.name FROM unnest(%s::text[]) AS t(name) WHERE 2 > (SELECT count(*) FROM pg_trigger g
WHERE g.tgrelid = t.name::regclass AND g.tgenabled = 'O' AND g.tgname IN ('audit_stays', 'audit_stays_whole'))"""
_MAY_ADD = "SELECT has_table_privilege(current_user, 'audit_entry', 'INSERT')"


@dataclass(frozen=True)
class Check:
    """One thing looked at; `fault` is empty when it is well."""

    name: str
    fault: str = ""


@click.command("preflight")
@json_option
@without_migrating
def preflight(as_json: bool) -> None:
    """Check roles, walls, the trail, secrets and TLS settings. Exit codes: 0 fit to serve, 1 not, with the fault named."""
    checks = examine(current_app.extensions["settings"])
    faults = [check for check in checks if check.fault]
    lines = [f"{'BAD' if check.fault else 'ok '} {check.name:14} {check.fault}".rstrip() for check in checks]
    show({"ok": not faults, "checks": [asdict(check) for check in checks]}, as_json=as_json, lines=lines)
    sys.exit(1 if faults else 0)


def examine(settings: Settings) -> list[Check]:
    """Everything, each by itself: one that cannot be looked at is a fault."""
    looks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("secrets", _secrets), ("address", _address), ("roles", _roles), ("versions", _versions), ("walls", _walls),
        ("append-only", _append_only), ("audit sink", _sink), ("audit chains", _chains), ("anchors", _anchors),
        ("impersonation", _impersonation))
    return [Check(name, _looked(look, settings)) for name, look in looks]


def _looked(look: Callable[[Settings], str], settings: Settings) -> str:
    try:
        return look(settings)
    except (ConfigError, OSError, psycopg.Error, DBAPIError) as error:
        return " ".join(str(error).split()) or type(error).__name__


def _secrets(settings: Settings) -> str:
    keys = {"SECRET_KEY": settings.secret_key, "AUDIT_KEY": settings.audit_key}
    short = [name for name, value in keys.items() if len(value) < SHORTEST_KEY or (len(set(value)) < 8 and not settings.local)]
    if short:
        return f"{', '.join(short)}: shorter than {SHORTEST_KEY} characters or too plain; use `openssl rand -hex 32`"
    return "SECRET_KEY and AUDIT_KEY are the same; give each its own" if settings.secret_key == settings.audit_key else ""


def _address(settings: Settings) -> str:
    """Cookies are Secure and HSTS is sent by the address; over plain HTTP only on one's own machine."""
    said = urlsplit(str(settings.base_url))
    if said.scheme == "https" or said.hostname in LOCAL_HOSTS:
        return ""
    return f"BASE_URL is {said.scheme}://{said.hostname}: people sign in over TLS only"


def _roles(settings: Settings) -> str:
    attach.refuse_wide_rights(settings)
    return ""


def _versions(settings: Settings) -> str:
    return "the database is behind the code: run `flask db upgrade`" if migrations.behind(settings.database_url) else ""


def _walls(settings: Settings) -> str:
    with psycopg.connect(settings.database_owner_url or settings.database_url, connect_timeout=PATIENCE) as connection:
        report = tenancy.check(connection, db.metadata)
    bad = [f"{table.name}: {table.problems[0]}" for table in report.tables if table.problems]
    if bad:
        return "; ".join(bad[:3])
    return "" if report.whole else "definer functions, views or roles are not as they must be: `flask tenancy check`"


def _append_only(settings: Settings) -> str:
    with psycopg.connect(settings.database_url, connect_timeout=PATIENCE) as connection:
        found = [row[0] for row in connection.execute(_MAY_CHANGE, (list(_APPEND_ONLY),))]
        unkept = [row[0] for row in connection.execute(_UNKEPT, (list(_APPEND_ONLY),))]
    if found:
        return f"the application may change or remove {', '.join(found)}"
    return f"no trigger keeps {', '.join(unkept)}" if unkept else ""


def _sink(settings: Settings) -> str:
    with psycopg.connect(settings.database_url, connect_timeout=PATIENCE) as connection:
        row = connection.execute(_MAY_ADD).fetchone()
    return "" if row and row[0] else "the application may not add to audit_entry: every change will be refused"


def _chains(_settings: Settings) -> str:
    named = chains()
    broken = [f"{named[chain.organisation_id]}, entry {chain.seq or chain.entry_id}: {chain.problem}"
              for chain in audit.verify(list(named)) if chain.problem]
    return "; ".join(broken[:3])


def _anchors(_settings: Settings) -> str:
    folder = anchors_path().parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mode = folder.stat().st_mode & 0o077
    return f"{folder} can be read by others (mode {oct(folder.stat().st_mode & 0o777)}): chmod 700" if mode else ""


def _impersonation(_settings: Settings) -> str:
    """In no organisation does somebody take another's place for too long, without the consent needed, or may too many do so."""
    found: list[str] = []
    for organisation_id, slug in chains().items():
        organisation = organisations.load_organisation(organisation_id) if organisation_id != PLATFORM_ID else None
        if organisation is not None:
            with acting(organisation, SYSTEM, channel="command"), unit_of_work():
                found += [f"{slug}: {fault}" for fault in impersonation.faults()]
    return "; ".join(found[:3])
