"""Many changed records of one model are written by one statement: since each has a version, the session would send one UPDATE per row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Table, event, inspect
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.kernel.bulk import MANY
from app.kernel.records import Record, refresh_keys

Feed = Callable[[Sequence[Any]], None]
_feeds: list[Feed] = []


def feed_of_many(feed: Feed) -> None:
    """Show `feed` the changed records before they are written, while what they were is still known."""
    if feed not in _feeds:
        _feeds.append(feed)


@event.listens_for(Session, "before_flush")
def _write_many(work: Session, _context: Any, _instances: Any) -> None:
    if len(work.dirty) <= MANY:
        return
    by_model: dict[type, list[Any]] = defaultdict(list)
    for record in work.dirty:
        if isinstance(record, Record) and record not in work.deleted and work.is_modified(record):
            by_model[type(record)].append(record)
    for records in by_model.values():
        if len(records) > MANY:
            update_many(work, records)


def update_many(work: Session, records: Sequence[Any]) -> None:
    """Write the changes of persistent records of one model. Raises `StaleDataError` when somebody else changed one in between."""
    for record in records:
        refresh_keys(record)
    for feed in _feeds:
        feed(records)
    mapper = type(records[0]).__mapper__
    names = _changed(records)
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if column.onupdate is not None and attribute.key not in names:
            names.append(attribute.key)
            for record in records:
                setattr(record, attribute.key, column.onupdate.arg(None))
    _send(work, mapper.local_table, names, records)
    for record in records:
        record.version += 1
        state = inspect(record)
        state._commit_all(state.dict, work.identity_map)  # what a flush does with each state; there is no public word for it


def _changed(records: Iterable[Any]) -> list[str]:
    """The attributes that differ on any of the records."""
    found: dict[str, None] = {}
    for record in records:
        state = inspect(record)
        for name in state.committed_state:
            if name not in found and state.attrs[name].history.has_changes():
                found[name] = None
    return list(found)


def _send(work: Session, table: Table, names: Sequence[str], records: Sequence[Any]) -> None:
    """COPY what changed into a temporary twin and update from there, the version of each row being what it was when read."""
    connection = work.connection()
    columns = [type(records[0]).__mapper__.attrs[name].columns[0] for name in names]
    twin, keys = f"change_{table.name}"[:60], ("organisation_id", "id", "version")
    listed = ", ".join(f'"{name}"' for name in (*keys, *(c.name for c in columns)))
    bind = [c.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for c in columns]
    connection.exec_driver_sql(f"CREATE TEMP TABLE {twin} ON COMMIT DROP AS SELECT {listed} FROM {table.name} WITH NO DATA")
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        with cursor.copy(f"COPY {twin} ({listed}) FROM STDIN") as stream:
            for record in records:
                values = (getattr(record, name) for name in names)
                stream.write_row([record.organisation_id, record.id, record.version, *(
                    value if process is None or value is None else process(value) for process, value in zip(bind, values, strict=True))])
        cursor.execute(f"CREATE UNIQUE INDEX ON {twin} (id)")
        cursor.execute(f"ANALYZE {twin}")
        changes = ", ".join(f'"{c.name}" = s."{c.name}"' for c in columns)
        cursor.execute(f"UPDATE {table.name} t SET {changes}, version = t.version + 1 FROM {twin} s "
                       "WHERE t.organisation_id = s.organisation_id AND t.id = s.id AND t.version = s.version")
        written = cursor.rowcount
        cursor.execute(f"DROP TABLE {twin}")
    if written != len(records):
        raise StaleDataError(f"{len(records) - written} of {len(records)} rows of {table.name} were changed by somebody else.")
