"""`flask platform admin-add` and `admin-end`: who keeps the installation. Only here, with the rights of the tables' owner."""

from __future__ import annotations

import json

import click
import psycopg
from flask import current_app

from app.core import audit, auth
from app.kernel.config import ConfigError
from app.kernel.db import unit_of_work
from app.kernel.errors import NotFound

_ADD = """INSERT INTO platform_admin (identity_id, name, created_at) VALUES (%s, %s, now())
  ON CONFLICT (identity_id) DO UPDATE SET name = excluded.name, ended_at = NULL"""
_END = "UPDATE platform_admin SET ended_at = now() WHERE identity_id = %s AND ended_at IS NULL"


@click.group()
def platform() -> None:
    """The level above the organisations."""


@platform.command("admin-add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--json", "as_json", is_flag=True)
def admin_add(email: str, name: str, as_json: bool) -> None:
    """Let somebody keep the installation; prints a one-time link for a password when they have none."""
    email = email.strip().lower()
    with unit_of_work():
        identity = auth.identities_for([email])[email]
        secret = "" if auth.has_signed_in(identity) else auth.make_link(identity)
    _as_owner(_ADD, identity, name)
    with unit_of_work():
        audit.note("platform.admin.add", platform=True, record_id=identity)
    link = f"{current_app.extensions['settings'].base_url}/welcome/{secret}" if secret else ""
    if as_json:
        click.echo(json.dumps({"email": email, "name": name, "link": link}))
    else:
        click.echo(f"{email} keeps the installation." + (f" This link sets the password, once, within 7 days:\n{link}" if link else ""))


@platform.command("admin-end")
@click.argument("email")
def admin_end(email: str) -> None:
    """Take the console away from somebody, at once."""
    with unit_of_work():
        identity = auth.identity_of(email)
    if identity is None or not _as_owner(_END, identity):
        raise NotFound(f"{email} does not keep the installation.")
    with unit_of_work():
        audit.note("platform.admin.end", platform=True, record_id=identity)
    click.echo(f"{email} no longer keeps the installation.")


def _as_owner(statement: str, *values: object) -> int:
    url = current_app.extensions["settings"].database_owner_url
    if not url:
        raise ConfigError("DATABASE_OWNER_URL: unset; only the owner of the tables says who keeps the installation")
    with psycopg.connect(url, connect_timeout=5) as connection:
        return connection.execute(statement, values).rowcount
