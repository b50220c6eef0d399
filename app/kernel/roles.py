"""The database roles: the SQL that makes them, and the check that refuses wider rights than theirs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

OWNER, APP, RELAY, GATE = "opsflux_owner", "opsflux_app", "opsflux_relay", "opsflux_gate"
LOGIN_ROLES = (OWNER, APP, RELAY)
DATABASE = "opsflux"

_PATIENCE = {APP: "30s", RELAY: "10s"}  # also where a pooler drops what a connection asks for at its start
_NARROW = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"

_RIGHTS = f"""
SELECT kind, thing FROM (
  SELECT 'is ' || attribute AS kind, '' AS thing FROM pg_roles,
    LATERAL (VALUES (rolsuper, 'a superuser'), (rolbypassrls, 'free of row security (BYPASSRLS)'),
      (rolcreaterole, 'allowed to make roles'), (rolcreatedb, 'allowed to make databases'),
      (rolreplication, 'allowed to replicate')) AS a(held, attribute)
    WHERE rolname = current_user AND held
  UNION ALL
  SELECT 'is a member of', r.rolname FROM pg_roles r WHERE r.rolname <> current_user
    AND pg_has_role(current_user, r.oid, 'MEMBER') AND r.rolname <> ALL (%(allowed)s)
    AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
  UNION ALL
  SELECT 'owns the table', c.oid::regclass::text FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
    WHERE r.rolname = current_user AND c.relkind IN ('r', 'p') AND NOT c.relname LIKE 'pg_toast%%'
    AND c.relpersistence <> 't' AND current_user <> '{OWNER}'
  UNION ALL
  SELECT 'may create in the schema', nspname FROM pg_namespace
    WHERE nspname = 'public' AND has_schema_privilege(current_user, oid, 'CREATE') AND current_user <> '{OWNER}'
  UNION ALL
  SELECT 'may truncate, reference or put triggers on', c.oid::regclass::text FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND current_user <> '{OWNER}'
    AND has_table_privilege(current_user, c.oid, 'TRUNCATE, REFERENCES, TRIGGER')
) AS wide ORDER BY 1, 2 LIMIT 5
"""


def make_passwords() -> dict[str, str]:
    """A new random password for each role that signs in."""
    return {role: secrets.token_urlsafe(24) for role in LOGIN_ROLES}


def cluster_statements(passwords: Mapping[str, str]) -> list[sql.Composed]:
    """Statements that make the four roles, or set them right when they exist."""
    statements = [_make_role(role, "LOGIN", passwords[role]) for role in LOGIN_ROLES]
    statements.append(_make_role(GATE, "NOLOGIN", None))
    statements.append(sql.SQL("GRANT {} TO {}").format(sql.Identifier(GATE), sql.Identifier(OWNER)))
    statements += [sql.SQL("ALTER ROLE {} SET statement_timeout = {}").format(sql.Identifier(role), sql.Literal(limit))
                   for role, limit in _PATIENCE.items()]
    return statements


def create_database_statement(database: str = DATABASE, *, builtin_locale: bool = False, template: str | None = None) -> sql.Composed:
    """The statement that makes a database; not allowed inside a transaction."""
    locale = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'" if builtin_locale else "LOCALE 'C.UTF-8'"
    options = "" if template else f" ENCODING 'UTF8' {locale}"
    return sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}" + options).format(
        sql.Identifier(database), sql.Identifier(OWNER), sql.Identifier(template or "template0")
    )


def database_statements(database: str = DATABASE) -> list[sql.Composed]:
    """Statements run inside a new database: who may connect, and who may make things in it."""
    names = {"database": sql.Identifier(database), "owner": sql.Identifier(OWNER), "app": sql.Identifier(APP)}
    names |= {"relay": sql.Identifier(RELAY), "gate": sql.Identifier(GATE)}
    lines = (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "GRANT CONNECT ON DATABASE {database} TO {owner}, {app}, {relay}",
        "GRANT TEMPORARY ON DATABASE {database} TO {owner}, {app}",
        "ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {app}, {relay}",
        "GRANT USAGE ON SCHEMA public TO {gate}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    )
    return [sql.SQL(line).format(**names) for line in lines]


def script(passwords: Mapping[str, str], database: str = DATABASE) -> str:
    """The whole as one psql script, for an operator's own server (PostgreSQL 15 or later)."""
    create = create_database_statement(database).as_string(None)
    lines = ["-- Run as a superuser: flask db roles | psql -v ON_ERROR_STOP=1 -d postgres", ""]
    lines += [statement.as_string(None) + ";" for statement in cluster_statements(passwords)]
    quoted = sql.Literal(create).as_string(None)
    name = sql.Literal(database).as_string(None)
    lines.append(f"SELECT {quoted} WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {name}) \\gexec")
    lines.append(f"\\connect {database}")
    lines += [statement.as_string(None) + ";" for statement in database_statements(database)]
    lines += ["", "-- The settings that go with it (put your server's name for HOST):"]
    for variable, role in _URL_OF.items():
        lines.append(f"-- {variable}=postgresql://{role}:{passwords[role]}@HOST/{database}")
    return "\n".join(lines)


_URL_OF = {"DATABASE_URL": APP, "DATABASE_OWNER_URL": OWNER, "DATABASE_RELAY_URL": RELAY}


def wider_rights(connection: psycopg.Connection[Any]) -> list[str]:
    """What this connection's role may do beyond its part; empty when it is as narrow as it must be."""
    owner = connection.execute("SELECT current_user = %s", [OWNER]).fetchone()
    allowed = [GATE, "pg_database_owner"] if owner and owner[0] else []
    rows = connection.execute(_RIGHTS, {"allowed": allowed}).fetchall()
    return [f"{kind} {thing}".rstrip() for kind, thing in rows]


def refusal(variable: str, url: str, *, timeout: int = 5) -> str | None:
    """One line that refuses a start because of the rights behind `url`, or None when they are right.

    Raises `psycopg.OperationalError` when the server cannot be asked.
    """
    with psycopg.connect(url, connect_timeout=timeout, autocommit=True) as connection:
        found = wider_rights(connection)
        user = connection.info.user
    if not found:
        return None
    return f"{variable}: the role {user} {', '.join(found)}; use the roles that `flask db roles` prints"


def _make_role(role: str, login: str, password: str | None) -> sql.Composed:
    """An idempotent DO block, since CREATE ROLE has no IF NOT EXISTS."""
    inherit = " NOINHERIT" if role == OWNER else ""
    secret = sql.SQL(" PASSWORD {}").format(sql.Literal(password)) if password else sql.SQL("")
    body = sql.SQL(
        "DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {name}) THEN CREATE ROLE {role}; END IF; "
        "ALTER ROLE {role} {rights}{secret}; END $do$"
    )
    return body.format(
        name=sql.Literal(role),
        role=sql.Identifier(role),
        rights=sql.SQL(f"{login}{inherit} {_NARROW}"),
        secret=secret,
    )
