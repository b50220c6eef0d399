"""Writing many rows at once: COPY into a temporary table, then one INSERT … SELECT that row security checks.

PostgreSQL refuses COPY straight into a table with row security, so this is the one way in for more than `MANY` rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, insert

from app.kernel.db import session

MANY = 500


def write_rows(table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows (column name → value), by COPY when there are many; every row has the same columns."""
    if not rows:
        return
    if len(rows) <= MANY:
        session().execute(insert(table), list(rows))
        return
    names = list(rows[0])
    copy_rows(table, names, ([row[name] for name in names] for row in rows))


def copy_rows(table: Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY rows into a temporary twin of the table and insert from there, in this transaction."""
    connection = session().connection()
    listed = ", ".join(f'"{name}"' for name in names)
    twin = f"copy_{table.name}"[:60]
    bind = [table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for name in names]
    connection.exec_driver_sql(f"CREATE TEMP TABLE IF NOT EXISTS {twin} ON COMMIT DROP AS SELECT {listed} FROM {table.name} WITH NO DATA")
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        with cursor.copy(f"COPY {twin} ({listed}) FROM STDIN") as stream:
            for row in rows:
                stream.write_row(
                    [value if process is None or value is None else process(value) for process, value in zip(bind, row, strict=True)]
                )
        cursor.execute(f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {twin}")
        cursor.execute(f"DROP TABLE {twin}")


def record_rows(records: Sequence[Any]) -> tuple[list[str], Iterable[list[Any]]]:
    """The columns of transient records and their values, column defaults filled in on the records themselves."""
    mapper = type(records[0]).__mapper__
    columns = [(attribute.key, attribute.columns[0]) for attribute in mapper.column_attrs]
    for record in records:
        for attribute, column in columns:
            if record.__dict__.get(attribute) is None and column.default is not None:
                setattr(record, attribute, column.default.arg(None) if column.default.is_callable else column.default.arg)
    return [c.name for _a, c in columns], ([r.__dict__.get(a) for a, _c in columns] for r in records)


def copy_records(records: Sequence[Any]) -> None:
    """Insert transient records of one model; they stay outside the session."""
    names, rows = record_rows(records)
    copy_rows(type(records[0]).__table__, names, rows)
