"""`flask db …`: the commands that know the module branches and the database roles."""

from __future__ import annotations

import click
from flask import current_app

from app.kernel import migrations, roles
from app.kernel.commands import json_option, show, starts_nothing, without_migrating
from app.kernel.config import ConfigError, Settings


@click.command("upgrade")
@click.argument("target", default="heads")
@without_migrating
def upgrade(target: str) -> None:
    """Bring the database to TARGET (default: the newest version of every branch), as its owner."""
    migrations.upgrade(_owner_url(), target)


@click.command("downgrade")
@click.argument("target")
@without_migrating
def downgrade(target: str) -> None:
    """Take the database back to TARGET, such as `hse@base`."""
    migrations.downgrade(_owner_url(), target)


@click.command("status")
@json_option
@without_migrating
def status(as_json: bool) -> None:
    """Show which versions the database has and which the code expects; exit 1 when it is behind."""
    applied, expected = migrations.reached(migrations.applied(_settings().database_url)), migrations.heads()
    behind = not expected <= applied
    data = {"applied": sorted(applied), "expected": sorted(expected), "behind": behind}
    show(data, as_json=as_json, lines=[f"{name}: {value}" for name, value in data.items()])
    raise SystemExit(int(behind))


@click.command("migrate")
@click.option("-m", "--message", required=True, help="What the version does, in a few words.")
@click.option("--module", help="The module whose tables changed; without it, the core's.")
def migrate(message: str, module: str | None) -> None:
    """Write a new version from the difference between the mapped tables and the database."""
    path = migrations.write_version(message, module=module, owner_url=_owner_url())
    click.echo(path or "Nothing changed.")


@click.command("check")
def check() -> None:
    """Exit 1 when the mapped tables differ from what the versions make."""
    differences = migrations.differences(_owner_url())
    for difference in differences:
        click.echo(difference, err=True)
    raise SystemExit(int(bool(differences)))


@click.command("roles")
@click.option("--database", default=roles.DATABASE, show_default=True)
@starts_nothing
def show_roles(database: str) -> None:
    """Print the SQL that makes the four roles and the database on a server of your own, with new passwords."""
    click.echo(roles.script(roles.make_passwords(), database))


COMMANDS = (upgrade, downgrade, status, migrate, check, show_roles)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _owner_url() -> str:
    url = _settings().database_owner_url
    if url is None:
        raise ConfigError("DATABASE_OWNER_URL: unset; set it to the URL of the role that owns the tables")
    return url
