"""`flask openapi` and `flask module …`: what follows from the declarations, written down."""

from __future__ import annotations

import json
import re

import click
from flask import current_app

from app.core import access
from app.core.translations import catalogues
from app.kernel import clock, migrations
from app.kernel.commands import starts_nothing
from app.kernel.config import ConfigError
from app.kernel.errors import DeclarationError
from app.kernel.registry import known, registry
from app.resources.openapi import document
from app.resources.portal import changes as portal


@click.command("openapi")
@starts_nothing
def openapi() -> None:
    """Print the OpenAPI description of the API as JSON."""
    click.echo(json.dumps(document(), indent=1, ensure_ascii=False))


@click.group("api")
def api() -> None:
    """The API: what changed in it."""


@api.command("changes")
@starts_nothing
def changes() -> None:
    """Print what came (+) and went (-) since the last version; exits with 1 where a program could stumble over it."""
    added, removed = portal.since()
    for line in (*(f"+ {each}" for each in added), *(f"- {each}" for each in removed)):
        click.echo(line)
    if portal.breaking():
        raise SystemExit(1)


@api.command("release")
@click.argument("version")
@starts_nothing
def release(version: str) -> None:
    """Keep the API as it is now under VERSION, with the day and what changed since the one before."""
    if version in {each["version"] for each in portal.versions()}:
        raise ConfigError(f"{version} is there already")
    portal.release(version, clock.now().date().isoformat())


@click.group("module")
def module() -> None:
    """Modules: what follows from their declaration."""


@module.command("build")
@click.argument("name")
def build(name: str) -> None:
    """Generate what follows from the declaration of NAME: its migration and its catalogue entries."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigError(f"{name!r} cannot name a module; use lower case letters, digits and underscores")
    try:
        known(name, registry.modules, "module")
    except DeclarationError as error:
        raise ConfigError(str(error)) from None
    url = current_app.extensions["settings"].database_owner_url
    written = migrations.write_version(f"Tables of {name}", module=name, owner_url=url)
    click.echo(f"migration: {written or 'nothing changed'}")
    if written:
        migrations.upgrade(url)
    access.write_matrix(current_app)
    missing = catalogues.update_all()
    catalogues.compile_all()
    click.echo("catalogues: " + ", ".join(f"{language} {count} missing" for language, count in missing.items()))


COMMANDS = (openapi, api, module)
