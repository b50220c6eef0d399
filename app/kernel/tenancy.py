"""What PostgreSQL itself says of the second wall: every table, who owns it, who may pass, which functions stand above it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import MetaData

from app.kernel.schema import APP, FUNCTIONS, GATE, OWNER, RELAY

ROLES = [OWNER, APP, RELAY, GATE]
OUTSIDE = {"alembic_version": "which migrations were applied; holds nothing of any organisation"}
GLOBAL_UNIQUE = {"uq_organisation_slug_slug": "an address is public and one for the whole installation",
                 "uq_sso_domain_confirmed": "a mail domain, once its mailbox has answered, leads to one organisation"}

_TABLES = """
SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner), EXISTS (SELECT 1 FROM pg_attribute a
  WHERE a.attrelid = c.oid AND a.attname = 'organisation_id' AND NOT a.attisdropped)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY c.relname"""
_POLICIES = """
SELECT p.polname, p.polcmd, p.polroles::regrole[]::text[], pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
FROM pg_policy p WHERE p.polrelid = %s"""
_NULLABLE = "SELECT NOT attnotnull FROM pg_attribute WHERE attrelid = %s AND attname = %s"
_UNIQUE = """
SELECT i.indexrelid::regclass::text, (SELECT attname FROM pg_attribute WHERE attrelid = i.indrelid AND attnum = i.indkey[0])
FROM pg_index i WHERE i.indrelid = %s AND i.indisunique"""
_FOREIGN = """
SELECT k.conname, k.confrelid::regclass::text, (SELECT array_agg(a.attname::text) FROM pg_attribute a
  WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) FROM pg_constraint k WHERE k.conrelid = %s AND k.contype = 'f'"""
_RIGHTS = """
SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END, g.privilege_type
FROM pg_class c, LATERAL aclexplode(c.relacl) g WHERE c.oid = %s ORDER BY 1, 2"""
_BYPASS = """
SELECT DISTINCT b.rolname FROM pg_roles r JOIN pg_roles b ON b.oid = r.oid OR (r.rolsuper IS FALSE AND pg_has_role(r.oid, b.oid, 'MEMBER'))
WHERE r.rolname = ANY (%s) AND (b.rolbypassrls OR b.rolsuper) ORDER BY 1"""
_DEFINERS = """
SELECT p.oid, p.oid::regprocedure::text, pg_get_userbyid(p.proowner), coalesce(p.proconfig::text LIKE '%%search_path=%%', false),
       has_function_privilege('public', p.oid, 'EXECUTE')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' AND p.prosecdef ORDER BY 2"""
_VIEWS = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('v', 'm')
AND NOT coalesce(c.reloptions::text LIKE '%%security_invoker=%%', false)"""


@dataclass
class TableReport:
    """One table: protected, or an exception with its reason; `problems` say what is missing."""

    name: str
    exception: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def protected(self) -> bool:
        """Whether nothing is missing."""
        return not self.problems

    def shown(self) -> dict[str, Any]:
        """For `--json`."""
        said = {"name": self.name, "protected": self.protected and not self.exception, "exception": self.exception or None}
        return {**said, "problems": self.problems} if self.problems else said


@dataclass
class Report:
    """The whole database."""

    tables: list[TableReport]
    owned_by_app_role: int
    bypass_roles: list[str]
    definer_functions: list[str]
    open_views: list[str]

    @property
    def whole(self) -> bool:
        """Whether both walls stand everywhere."""
        return not (self.owned_by_app_role or self.bypass_roles or self.definer_functions or self.open_views
                    or any(table.problems for table in self.tables))

    def shown(self) -> dict[str, Any]:
        """For `--json`."""
        said = {"tables": [table.shown() for table in self.tables], "owned_by_app_role": self.owned_by_app_role,
                "bypass_roles": self.bypass_roles, "definer_functions": self.definer_functions}
        return {**said, "open_views": self.open_views} if self.open_views else said


def check(connection: psycopg.Connection[Any], metadata: MetaData) -> Report:
    """Compare the database with what the tables' marks promise; reads the catalogue only."""
    rows = connection.execute(_TABLES).fetchall()
    apart = {name for name, table in metadata.tables.items() if table.info.get("exception")}
    tenants = {row[1] for row in rows if row[5] and row[1] not in apart} | {"organisation"}
    return Report(
        tables=[_table(connection, metadata, row, tenants) for row in rows],
        owned_by_app_role=sum(row[4] in (APP, RELAY) for row in rows),
        bypass_roles=[row[0] for row in connection.execute(_BYPASS, (ROLES,))],
        definer_functions=_functions(connection),
        open_views=[row[0] for row in connection.execute(_VIEWS)])


def _table(connection: psycopg.Connection[Any], metadata: MetaData, row: Sequence[Any], tenants: set[str]) -> TableReport:
    oid, name, secured, forced, _owner, has_organisation = row
    mapped = metadata.tables.get(name)
    marks = mapped.info if mapped is not None else {}
    report = TableReport(name, exception=OUTSIDE.get(name) or str(marks.get("exception") or ""))
    if name in OUTSIDE:
        return report
    if not secured or not forced:
        report.problems.append("row security is not enabled and forced")
    report.problems += _rights(connection, oid, marks)
    if report.exception:
        return report
    if not (has_organisation or marks.get("tenanted")):
        report.problems.append("has no organisation, and nothing says why")
        return report
    column = str(marks.get("column", "organisation_id"))
    report.problems += [*_policies(connection, oid), *_keys(connection, oid, column, tenants)]
    return report


def _policies(connection: psycopg.Connection[Any], oid: int) -> Iterator[str]:
    """Every way in of the application, and of everybody, must look at the organisation, both reading and writing."""
    verbs = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "*": "ALL"}
    found = set()
    for name, command, roles, using, checked in connection.execute(_POLICIES, (oid,)):
        verb = verbs[command.decode() if isinstance(command, bytes) else command]
        if not {APP, OWNER, "-"} & set(roles):
            continue
        found |= {verb} if APP in roles else set()
        for part, expression in (("USING", using), ("WITH CHECK", checked)):
            needed = (part == "USING" and verb != "INSERT") or (part == "WITH CHECK" and verb in ("INSERT", "UPDATE", "ALL"))
            if needed and "app.organisation" not in (expression or ""):
                yield f"policy {name} ({verb}) has no {part} on the organisation"
    if not {"SELECT", "INSERT"} <= found and "ALL" not in found:
        yield "has no policy for reading or for adding"


def _keys(connection: psycopg.Connection[Any], oid: int, column: str, tenants: set[str]) -> Iterator[str]:
    nullable = connection.execute(_NULLABLE, (oid, column)).fetchone()
    if nullable is None or nullable[0]:
        yield f"{column} may be empty"
    for name, leading in connection.execute(_UNIQUE, (oid,)):
        if leading != column and name not in GLOBAL_UNIQUE:
            yield f"unique index {name} does not lead with the organisation"
    for name, other, columns in connection.execute(_FOREIGN, (oid,)):
        if other in tenants and "organisation_id" not in columns:
            yield f"foreign key {name} can point into another organisation"


def _rights(connection: psycopg.Connection[Any], oid: int, marks: Any) -> Iterator[str]:
    never = {"TRUNCATE", "REFERENCES", "TRIGGER"} | ({"UPDATE", "DELETE"} if marks.get("append_only") else set())
    for role, right in connection.execute(_RIGHTS, (oid,)):
        if role == "PUBLIC" or (role in (APP, RELAY) and right in never):
            yield f"{role} holds {right}"


def _functions(connection: psycopg.Connection[Any]) -> list[str]:
    """The definer functions that are not on the exact list, or not as they must be."""
    listed = {row[0] for signature in FUNCTIONS for row in connection.execute("SELECT to_regprocedure(%s)::oid", (signature,))}
    return [signature for oid, signature, owner, pinned, public in connection.execute(_DEFINERS)
            if oid not in listed or owner != GATE or not pinned or public]
