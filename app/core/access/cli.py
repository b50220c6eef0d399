"""`flask access matrix`: who may ask which route, as the code says now and as it was checked in."""

from __future__ import annotations

import difflib

import click
from flask import current_app

from app.core.access.matrix import FILE, table, write_matrix
from app.kernel.commands import starts_nothing


@click.group()
def access() -> None:
    """Roles, permissions and routes."""


@access.command("matrix")
@click.option("--write", is_flag=True, help="Write the file that the tests compare with.")
@starts_nothing
def show_matrix(*, write: bool) -> None:
    """Compare role × route × method with the file that is checked in; exit code 1 when they differ."""
    now = table(current_app)
    before = FILE.read_text() if FILE.exists() else ""
    if write:
        click.echo(f"{FILE.name}: {write_matrix(current_app)} routes by method.")
        return
    for line in difflib.unified_diff(before.splitlines(), now.splitlines(), "checked in", "as declared", lineterm="", n=0):
        click.echo(line)
    if now != before:
        raise SystemExit(1)
