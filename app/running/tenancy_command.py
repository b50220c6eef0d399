"""`flask tenancy check`: proof that both walls stand on every table."""

from __future__ import annotations

import sys

import click
import psycopg
from flask import current_app

from app.kernel import tenancy as walls
from app.kernel.commands import json_option, show
from app.kernel.db import db

BROKEN = 1


@click.group()
def tenancy() -> None:
    """The walls between organisations."""


@tenancy.command()
@json_option
def check(as_json: bool) -> None:
    """Look at every table, role and definer function. Exit codes: 0 protected, 1 something is open, 2 wrong usage."""
    with psycopg.connect(current_app.extensions["settings"].database_url, connect_timeout=5) as connection:
        report = walls.check(connection, db.metadata)
    lines = [f"{table.name}: {'; '.join(table.problems) or table.exception or 'protected'}" for table in report.tables]
    lines += [f"role {name} is above row security" for name in report.bypass_roles]
    lines += [f"function {name} is not on the list of definer functions" for name in report.definer_functions]
    lines += [f"view {name} does not ask as its reader" for name in report.open_views]
    show(report.shown(), as_json=as_json, lines=[*lines, "Every table is protected." if report.whole else "Not every table is protected."])
    if not report.whole:
        sys.exit(BROKEN)
