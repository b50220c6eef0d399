"""Fresh demo data: everything of this copy goes, then the demo is made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from flask import current_app
from psycopg import sql

from app.demo import seed as seeding
from app.kernel.db import db

TRAIL = ("audit_entry", "audit_link", "audit_checkpoint", "audit_purged")


def reset(say: Callable[[str], object]) -> None:
    """Empty every table as their owner and seed."""
    settings = current_app.extensions["settings"]
    with psycopg.connect(settings.database_owner_url) as connection:
        names = sql.SQL(", ").join(sql.Identifier(table.name) for table in db.metadata.sorted_tables)
        _guard(connection, sql.SQL("DISABLE"))  # the trail stays but for its owner's word, and this is a demo's
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))
        _guard(connection, sql.SQL("ENABLE"))
    for mail in (settings.var / "mail").glob("*.eml"):
        mail.unlink()
    seeding.seed(say)


def _guard(connection: psycopg.Connection[Any], act: sql.SQL) -> None:
    for table in TRAIL:
        connection.execute(sql.SQL("ALTER TABLE {} {} TRIGGER audit_stays_whole").format(sql.Identifier(table), act))
