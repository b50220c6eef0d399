"""Every declared filter and sort is served by an index, under row security, on an organisation with many rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Boolean, CheckConstraint, Column, Date, DateTime, Integer, LargeBinary, Table, Text, Uuid, inspect, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.sqltypes import Numeric, String
from werkzeug.datastructures import MultiDict

from app import declare
from app.kernel import embedded
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.explain import Explain
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.paging import _ordered
from app.resources.querying import Wanted, filter_fields, narrowed, read, sortable
from tests.core.visitors import found
from tests.infra import home
from tests.infra.databases import Database, database_of_its_own

declare()
MANY, FEW = 5_000, 500
WHY_NOT = {  # operator: why no index serves it
    "ic": "what is contained anywhere in a text has no order; lists are searched by the search index instead",
    "n": "what is left out is everything but a few rows: reading past those is the plan",
}
PLAIN = {
    Uuid: "md5('x' || :first + g)::uuid", Boolean: "g % 2 = 0", Date: "date '2026-01-01' + g % 300", JSONB: "'{}'::jsonb", ARRAY: "'{}'",
    DateTime: "timestamptz '2026-01-01' + g * interval '1 minute'", LargeBinary: "'\\x00'::bytea", Integer: "1 + g % 5000",
    Numeric: "1 + g % 5000",
}
RESOURCES = list(registry)


def _filled(column: Column[Any], resource: Resource, fields: dict[str, Field]) -> str:
    """The SQL of a believable value for row `g`."""
    field = next((f for f in fields.values() if f.attribute == column.name), None)
    kind: Any = column.type
    if column.name == "id":
        return f"md5('{resource.model.__tablename__}' || :first + g)::uuid"  # type: ignore[attr-defined]
    if field is not None and field.kind == "reference":
        return f"md5('{field.reference}' || :first + g)::uuid"
    if field is not None and field.choices:
        values = ", ".join(f"'{entry.value}'" for entry in field.choices)
        return f"(ARRAY[{values}])[1 + g % {len(list(field.choices))}]"
    for known, sql in PLAIN.items():
        if isinstance(kind, known):
            return sql
    if isinstance(kind, (Text, String)) or hasattr(kind, "choices"):
        length = min(getattr(kind, "length", 0) or 30, 30)
        return "'EUR'" if "currency" in column.name else f"substr(md5((:first + g) || '{column.name}'), 1, {length})"
    return "NULL"


def _fill(connection: psycopg.Connection[Any], resource: Resource, place: Organisation, first: int, count: int) -> None:
    table: Table = resource.model.__table__  # type: ignore[attr-defined]
    fields = fields_of(resource.model)
    names, values = [], []
    for column in table.columns:
        if column.computed is not None or column.identity is not None or column.name == "archived_at":
            continue
        sql = f"'{place.id}'::uuid" if column.name == "organisation_id" else _filled(column, resource, fields)
        names.append(f'"{column.name}"')
        values.append("1" if column.name == "version" else sql.replace(":first", str(first)))
    connection.execute(f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(values)} FROM generate_series(1, {count}) g")  # type: ignore[arg-type]


def _drop_checks(connection: psycopg.Connection[Any], resource: Resource) -> None:
    """Forget what several columns must say together: they are filled one by one."""
    table: Table = resource.model.__table__  # type: ignore[attr-defined]
    own = {f"ck_{table.name}_{column.name}" for column in table.columns}
    for check in table.constraints:
        if isinstance(check, CheckConstraint) and check.name not in own:
            connection.execute(f"ALTER TABLE {table.name} DROP CONSTRAINT {check.name!s}")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def big(servers: embedded.Servers) -> Iterator[tuple[Database, Organisation]]:
    """An organisation that owns nine tenths of the rows of every table; and its database."""
    for database in database_of_its_own(servers, home.TEMPLATE):
        with database.app.app_context():
            place, other = found("big"), found("small")
        with database.connect("postgres", autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            for resource in RESOURCES:
                _drop_checks(connection, resource)
                _fill(connection, resource, place, 0, MANY)
                _fill(connection, resource, other, 100_000, FEW)
                connection.execute(f"ANALYZE {resource.model.__tablename__}")  # type: ignore[attr-defined, arg-type]
        yield database, place


def _plans(database: Database, place: Organisation, queries: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The nodes of the plan of each query, as the app role asks it."""
    nodes = {}
    with database.app.app_context(), acting(place, SYSTEM), unit_of_work() as work:
        work.execute(text("SET LOCAL enable_seqscan = off"))
        for name, query in queries.items():
            plan = work.execute(Explain(query())).scalar_one()
            nodes[name] = list(_walk((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
    return nodes


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _walk(inner)


def _raw(field: Field, value: Any) -> str:
    if field.kind == "reference":
        return str(value)
    if field.kind == "money":
        return "12.50"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return {True: "true", False: "false"}.get(value, str(getattr(value, "value", value))) if isinstance(value, bool) else str(
        getattr(value, "value", value))


def _wanted(resource: Resource, parameter: str, field: Field) -> Wanted:
    operator = parameter.partition("__")[2]
    model: Any = resource.model
    column = getattr(model, field.attribute)
    few = column.desc() if operator in ("gt", "gte") else column  # a comparison that keeps most rows is no reason for an index
    value = session().query(column).filter(column.isnot(None)).order_by(few).limit(1).scalar()
    return read(resource, MultiDict({parameter: "1" if operator == "empty" else _raw(field, value)}))


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.key)
def test_every_filter_is_an_index_condition(resource: Resource, big: tuple[Database, Organisation]) -> None:
    model: Any = resource.model
    asked = {
        f"{name}__{operator}".removesuffix("__"): field
        for name, field in filter_fields(resource).items() for operator in ("", *field.behaviour.operators) if operator not in WHY_NOT
    }
    queries = {
        parameter: lambda p=parameter, f=field: narrowed(_wanted(resource, p, f)).with_only_columns(model.id)
        for parameter, field in asked.items()
    }
    wrong = {}
    for parameter, nodes in _plans(*big, queries).items():
        column = _column(model, asked[parameter], parameter)
        if not _served(column, nodes, _partial(model, column)):
            wrong[parameter] = [{k: n[k] for k in ("Node Type", "Index Name", "Index Cond", "Filter") if k in n} for n in nodes]
    assert wrong == {}


def _served(column: str, nodes: list[dict[str, Any]], partial: frozenset[str] = frozenset()) -> bool:
    """Whether a column is in an index condition, and in no filter that rows are read for; or nothing has to be read at all.

    `partial` names the indexes that hold only the rows of one value of the column: to read one of them is to filter by it.
    """
    if not any("Scan" in node["Node Type"] for node in nodes):
        return True
    conditions = " ".join(str(node.get("Index Cond", "")) for node in nodes)
    asked = column in conditions or any(node.get("Index Name") in partial for node in nodes)
    return asked and not any(column in str(node.get("Filter", "")) for node in nodes)


def _partial(model: Any, column: str) -> frozenset[str]:
    wheres = ((index.name, index.dialect_options["postgresql"]["where"]) for index in model.__table__.indexes)
    return frozenset(str(name) for name, where in wheres if where is not None and str(where).startswith(f"{column} = "))


def _column(model: Any, field: Field, parameter: str) -> str:
    textual = field.kind in ("text", "email") or parameter.endswith("__empty")
    attribute = field.key_attribute if textual else field.attribute
    return str(inspect(model).columns[attribute].name)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.key)
def test_every_sort_is_read_from_an_index(resource: Resource, big: tuple[Database, Organisation]) -> None:
    model: Any = resource.model
    queries = {
        sort: lambda s=sort, a=attribute: _ordered(narrowed(Wanted(resource, sort=s)), getattr(model, a), model.id, s.startswith("-"))
        .with_only_columns(model.id).limit(51)
        for name, attribute in sortable(resource).items() for sort in (name, f"-{name}")
    }
    assert {sort for sort, nodes in _plans(*big, queries).items() if any(node["Node Type"] == "Sort" for node in nodes)} == set()


def test_a_condition_without_an_index_is_noticed(big: tuple[Database, Organisation]) -> None:
    """The comparison that row security keeps out of indexes, and a column that has none."""
    resource = registry.resource("hse.incident")
    model: Any = resource.model
    faults = {"like": model.title_key.like("a%"), "account": model.narrative == "x"}
    nodes = _plans(*big, {
        name: lambda fault=fault: narrowed(Wanted(resource, sort="-occurred_at")).with_only_columns(model.id).where(fault)
        for name, fault in faults.items()
    })
    assert not _served("title_key", nodes["like"])
    assert not _served("narrative", nodes["account"])
    assert all(WHY_NOT.values())


