"""Fresh demo data: everything of this copy goes, then the demo is made again."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from flask import current_app
from psycopg import sql

from app.demo import seed as seeding
from app.kernel.db import db


def reset(say: Callable[[str], object]) -> None:
    """Empty every table as their owner and seed."""
    settings = current_app.extensions["settings"]
    with psycopg.connect(settings.database_owner_url) as connection:
        names = sql.SQL(", ").join(sql.Identifier(table.name) for table in db.metadata.sorted_tables)
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))
    for mail in (settings.var / "mail").glob("*.eml"):
        mail.unlink()
    seeding.seed(say)
