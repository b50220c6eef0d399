"""The second wall: row security and grants on every table, said by marks on the table and written by migrations.

`Table.info` may carry: `tenanted`, `append_only`, `relay` (columns that the relay role reads across organisations), `gate` (columns
that the sign-in functions read), `own` (the column that holds the identity whose own rows may be read), `exception` (why a table has
no organisation) `grants` (what the application role may do there) and `gate_writes` (the sign-in functions also write there).
`gate_adds` and `gate_removes` let a definer function add to, or take from, the rows of the organisation at hand; `gate_changes` names the
columns that one may change in any. From what is only ever added to nobody else takes. `gate_sets` names columns that the application
reads and a definer function alone writes. `between` names the two columns of what stands between two organisations: either of them
sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, Table, text

OWNER, APP, RELAY, GATE = "opsflux_owner", "opsflux_app", "opsflux_relay", "opsflux_gate"
ORGANISATION = "(SELECT nullif(current_setting('app.organisation', true), '')::uuid)"
IDENTITY = "(SELECT nullif(current_setting('app.identity', true), '')::uuid)"


@dataclass(frozen=True)
class Function:
    """A definer function: SQL that creates it, its signature, and who may call it. The exact list is `FUNCTIONS`."""

    signature: str
    sql: str
    caller: str = APP


FUNCTIONS: dict[str, Function] = {}


def define(signature: str, sql: str, caller: str = APP) -> None:
    """Put a definer function on the list; `sql` is the whole CREATE OR REPLACE FUNCTION … SECURITY DEFINER SET search_path = …"""
    FUNCTIONS[signature] = Function(signature, sql, caller)


def protect(
    name: str,
    *,
    append_only: bool = False,
    column: str = "organisation_id",
    relay: Sequence[str] = (),
    gate: Sequence[str] = (),
    own: str = "",
    platform: bool = False,
    gate_adds: bool = False,
    gate_removes: bool = False,
    gate_changes: Sequence[str] = (),
    gate_sets: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> list[str]:
    """The statements that put both policies and the grants on one tenant table; `columns` are all that it has."""
    mine = f"{column} = {ORGANISATION}"
    check = f"({mine} OR {column} = '00000000-0000-0000-0000-000000000000'::uuid)" if platform else mine
    read = f"({mine} OR {own} = {IDENTITY})" if own else mine
    written = f" ({', '.join(each for each in columns if each not in gate_sets)})" if gate_sets else ""
    statements = [
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        *_policy(name, "organisation_read", "SELECT", APP, using=read),
        *_policy(name, "organisation_add", "INSERT", APP, check=check),
        *_policy(name, "migration", "ALL", OWNER, using=mine, check=mine),
        f"REVOKE ALL ON {name} FROM {APP}, {RELAY}, PUBLIC",
        f"GRANT SELECT, INSERT{written} ON {name} TO {APP}",
    ]
    if not append_only:
        statements += [
            *_policy(name, "organisation_change", "UPDATE", APP, using=mine, check=mine),
            *_policy(name, "organisation_remove", "DELETE", APP, using=mine),
            f"GRANT UPDATE{written}, DELETE ON {name} TO {APP}",
        ]
    if gate_sets:
        statements += [*_policy(name, "gate_set", "UPDATE", GATE, using=mine, check=mine),
                       f"GRANT UPDATE ({', '.join(gate_sets)}) ON {name} TO {GATE}"]
    if gate_adds:
        statements += [*_policy(name, "gate_add", "INSERT", GATE, check=mine), f"GRANT INSERT ON {name} TO {GATE}"]
    if gate_removes or append_only:
        gate = list(dict.fromkeys((column, "id", *gate)))
        statements += [*_policy(name, "gate_remove", "DELETE", GATE, using=mine), f"GRANT DELETE ON {name} TO {GATE}"]
    if gate_changes:
        statements += [
            *_policy(name, "gate_change", "UPDATE", GATE, using="true", check="true"),
            f"GRANT UPDATE ({', '.join(gate_changes)}) ON {name} TO {GATE}",
        ]
    return statements + _narrow(name, RELAY, relay) + _narrow(name, GATE, gate)


def narrow(
    name: str, *, gate: Sequence[str] = (), relay: Sequence[str] = (), own: str = "", grants: str = "SELECT", gate_writes: bool = False,
    between: Sequence[str] = (),
) -> list[str]:
    """The statements for a table without organisation: closed by row security but for one's own rows, those that the organisation at hand
    has with another, and what the gate reads.
    """
    statements = [
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"REVOKE ALL ON {name} FROM {APP}, {RELAY}, PUBLIC",
        *_policy(name, "migration", "ALL", OWNER, using="true", check="true"),
    ]
    if own:
        mine = f"{own} = {IDENTITY}"
        statements += [*_policy(name, "own", "ALL", APP, using=mine, check=mine), f"GRANT {grants} ON {name} TO {APP}"]
    if between:
        mine = " OR ".join(f"{each} = {ORGANISATION}" for each in between)
        statements += [*_policy(name, "between", "ALL", APP, using=mine, check=mine), f"GRANT {grants} ON {name} TO {APP}"]
    if gate_writes:
        statements += [
            *_policy(name, "gate_change", "ALL", GATE, using="true", check="true"),
            f"GRANT INSERT, UPDATE, DELETE ON {name} TO {GATE}",
        ]
    return statements + _narrow(name, RELAY, relay) + _narrow(name, GATE, gate)


def _policy(name: str, policy: str, verb: str, role: str, *, using: str = "", check: str = "") -> list[str]:
    parts = (f" USING ({using})" if using else "") + (f" WITH CHECK ({check})" if check else "")
    return [f"DROP POLICY IF EXISTS {policy} ON {name}", f"CREATE POLICY {policy} ON {name} FOR {verb} TO {role}{parts}"]


def _narrow(name: str, role: str, columns: Sequence[str]) -> list[str]:
    if not columns:
        return []
    return [
        *_policy(name, role.removeprefix("opsflux_"), "SELECT", role, using="true"),
        f"GRANT SELECT ({', '.join(columns)}) ON {name} TO {role}",
    ]


def statements_for(table: Table) -> list[str]:
    """What protects a table, by its marks."""
    marks = table.info
    if marks.get("tenanted"):
        return protect(
            table.name,
            append_only=bool(marks.get("append_only")),
            column=marks.get("column", "organisation_id"),
            relay=marks.get("relay", ()),
            gate=marks.get("gate", ()),
            own=marks.get("own", ""),
            platform=bool(marks.get("platform")),
            gate_adds=bool(marks.get("gate_adds")),
            gate_removes=bool(marks.get("gate_removes")),
            gate_changes=marks.get("gate_changes", ()),
            gate_sets=marks.get("gate_sets", ()),
            columns=[each.name for each in table.columns],
        )
    if marks.get("exception"):
        return narrow(
            table.name,
            gate=marks.get("gate", ()),
            relay=marks.get("relay", ()),
            own=marks.get("own", ""),
            grants=marks.get("grants", "SELECT"),
            gate_writes=bool(marks.get("gate_writes")),
            between=marks.get("between", ()),
        )
    raise ValueError(f"Table {table.name} says neither “tenanted” nor why it is an exception.")


def function_statements() -> list[str]:
    """What makes the definer functions as the gate role, which owns them, and lets only their caller use them."""
    made: list[str] = [f"GRANT USAGE, CREATE ON SCHEMA public TO {GATE}", f"SET LOCAL ROLE {GATE}"]
    for function in FUNCTIONS.values():
        made += [
            function.sql,
            f"REVOKE ALL ON FUNCTION {function.signature} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {function.signature} TO {function.caller}",
        ]
    return [*made, "RESET ROLE", f"REVOKE CREATE ON SCHEMA public FROM {GATE}"]


def create_everything(connection: Connection, metadata: MetaData) -> None:
    """Make all tables with their walls, as the owner: what the migrations amount to."""
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {APP}, {RELAY}, {GATE}"))
    metadata.create_all(connection)
    for table in metadata.sorted_tables:
        for statement in statements_for(table):
            connection.exec_driver_sql(statement)
    for statement in function_statements():
        connection.exec_driver_sql(statement)
