"""`flask doctor`: what is well and what is not, each with its remedy."""

from __future__ import annotations

import contextlib
import shutil
import smtplib
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

import click
import psycopg
import redis
from flask import current_app

from app.kernel import attach, migrations
from app.kernel.commands import json_option, show, without_migrating
from app.kernel.config import ConfigError, Settings

LEAST_SPACE = 1024**3
PATIENCE = 5


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `remedy` says what to do when it is not well."""

    what: str
    well: bool
    said: str
    remedy: str = ""


@click.command("doctor")
@json_option
@without_migrating
def doctor(as_json: bool) -> None:
    """Look at settings, database, roles, versions, Redis, mail and disk; exit 1 when something is not well."""
    findings = examine(current_app.extensions["settings"])
    lines = [f"{'ok ' if each.well else 'BAD'} {each.what:10} {each.said}{'' if each.well else f'; {each.remedy}'}" for each in findings]
    well = all(each.well for each in findings)
    show({"ok": well, "findings": [asdict(each) for each in findings]}, as_json=as_json, lines=lines)
    sys.exit(0 if well else 1)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; what cannot be asked is a finding too."""
    looks: dict[str, tuple[Callable[[Settings], str], str]] = {
        "python": (_python, "use Python 3.11 or later"),
        "database": (_database, "start it, or check DATABASE_URL"),
        "roles": (_roles, "use the roles that `flask db roles` prints"),
        "versions": (_versions, "run `flask db upgrade`"),
        "redis": (_redis, "start it, or check REDIS_URL; work goes on, later"),
        "mail": (_mail, "check SMTP_URL; mail waits in the queue"),
        "disk": (_disk, "free some space"),
    }
    return [_look(what, look, remedy, settings) for what, (look, remedy) in looks.items()]


def _look(what: str, look: Callable[[Settings], str], remedy: str, settings: Settings) -> Finding:
    try:
        return Finding(what, well=True, said=look(settings))
    except (ConfigError, OSError, psycopg.Error, redis.RedisError, smtplib.SMTPException) as error:
        return Finding(what, well=False, said=" ".join(str(error).split()), remedy=remedy)


def _python(_settings: Settings) -> str:
    return sys.version.split()[0]


def _database(settings: Settings) -> str:
    with psycopg.connect(settings.database_url, connect_timeout=PATIENCE) as connection:
        version = connection.info.server_version // 10000
    if version < 15:
        raise ConfigError(f"PostgreSQL {version} is too old; 15 is needed")
    return f"PostgreSQL {version}{' (embedded)' if settings.embedded_database else ''}"


def _roles(settings: Settings) -> str:
    attach.refuse_wide_rights(settings)
    return "as narrow as they must be"


def _versions(settings: Settings) -> str:
    if migrations.behind(settings.database_url):
        raise ConfigError("the database is behind the code")
    return "up to date"


def _redis(settings: Settings) -> str:
    with contextlib.closing(redis.Redis.from_url(settings.redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)) as client:
        info = client.info("server")
    return f"{info.get('server_name', 'redis')} {info.get('valkey_version') or info['redis_version']}"


def _mail(settings: Settings) -> str:
    if settings.smtp_url is None:
        raise ConfigError("SMTP_URL is unset: nothing is sent")
    parts = urlsplit(settings.smtp_url)
    if settings.local and parts.port == settings.mail_port:
        return "goes to the local catcher while `make run` runs"
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    with kind(parts.hostname or "", parts.port or 0, timeout=PATIENCE) as server:
        server.noop()
    return f"{parts.hostname} answers"


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.home).free
    if free < LEAST_SPACE:
        raise ConfigError(f"only {free / 1024**2:.0f} MB are free in {settings.home}")
    return f"{free / 1024**3:.0f} GB free in {settings.home}"
