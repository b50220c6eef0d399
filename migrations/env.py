"""Runs the migrations as the owner of the tables, one process at a time, and never waits long for a lock."""

from __future__ import annotations

from alembic import context
from sqlalchemy import NullPool, create_engine, text

from app.kernel import migrations
from app.kernel.config import Settings

LOCK = 7_205_759_403  # any constant: the number under which migrating processes queue up


def run() -> None:
    """Migrate the database that the configuration names."""
    url = context.config.attributes.get("owner_url") or Settings.load().database_owner_url
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.execute(text("SET statement_timeout = '15min'"))
        connection.commit()
        context.configure(connection=connection, transaction_per_migration=True, **migrations.comparison())
        with context.begin_transaction():
            context.run_migrations()
        migrations.let_the_product_read_versions(connection)
        connection.commit()
    engine.dispose()


run()
