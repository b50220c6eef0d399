"""Migrations: the core's in `migrations/versions`, each module's own in its folder as a branch of its name."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.operations import ops
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection, NullPool, Table, create_engine, text

from app.kernel.config import PROJECT, ConfigError, Settings
from app.kernel.fields import ChoiceType

FOLDER = PROJECT / "migrations"
MODULES = PROJECT / "app" / "modules"
READERS = ("opsflux_app", "opsflux_relay")


def locations() -> list[Path]:
    """The folders that hold versions: the core's first."""
    return [FOLDER / "versions", *sorted(path for path in MODULES.glob("*/migrations") if any(path.glob("*.py")))]


def configuration(owner_url: str | None = None) -> Config:
    """Alembic's configuration with every place of versions."""
    config = Config(str(FOLDER / "alembic.ini"), stdout=sys.stderr)
    config.set_main_option("script_location", str(FOLDER))
    _set_locations(config)
    config.attributes["owner_url"] = owner_url
    return config


def install(app: Flask, db: Any) -> None:
    """Make Flask-Migrate's commands know every place of versions."""
    from flask_migrate import Migrate

    migrate = Migrate(app, db, directory=str(FOLDER))
    migrate.configure(_set_locations)


def heads() -> set[str]:
    """The newest version of each branch, as the code has it."""
    return set(ScriptDirectory.from_config(configuration()).get_heads())


def applied(url: str) -> set[str]:
    """The versions that a database says it has; empty for a new one."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        there = connection.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL").fetchone()
        if not there or not there[0]:
            return set()
        return {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}


def behind(url: str) -> bool:
    """Whether the database lacks something that the code expects."""
    return not heads() <= reached(applied(url))


def reached(versions: set[str]) -> set[str]:
    """The versions with all that they stand on: a branch that depends on another hides that one's version in the table."""
    script = ScriptDirectory.from_config(configuration())
    known = {revision.revision: revision for revision in script.walk_revisions()}
    found: set[str] = set()
    waiting = [version for version in versions if version in known]
    while waiting:
        version = waiting.pop()
        if version not in found:
            found.add(version)
            revision = known[version]
            waiting += [*_listed(revision.down_revision), *_listed(revision.dependencies)]
    return found


def upgrade(owner_url: str, target: str = "heads") -> None:
    """Bring a database to `target`, as its owner; a second process waits for the first."""
    with contextlib.redirect_stdout(io.StringIO()):
        command.upgrade(configuration(owner_url), target)


def downgrade(owner_url: str, target: str) -> None:
    """Take a database back to `target`, as its owner."""
    command.downgrade(configuration(owner_url), target)


def make_current(settings: Settings, *, say: bool = True) -> bool:
    """Migrate when the database is behind, saying so on stderr; returns whether it did."""
    if not behind(settings.database_url):
        return False
    if settings.database_owner_url is None:
        raise ConfigError("DATABASE_OWNER_URL: unset while the database is behind; set it and run `flask db upgrade`")
    if say:
        print("The database is behind: migrating …", file=sys.stderr, flush=True)  # noqa: T201 - promised to the operator
    upgrade(settings.database_owner_url)
    return True


def write_version(message: str, *, module: str | None = None, owner_url: str | None = None) -> Path | None:
    """Compare the mapped tables with the database and write what is missing as a new version."""
    config = configuration(owner_url)
    script = ScriptDirectory.from_config(config)
    label = module or "core"
    folder = MODULES / module / "migrations" if module else FOLDER / "versions"
    folder.mkdir(parents=True, exist_ok=True)
    first = not any(label in (revision.branch_labels or ()) for revision in script.walk_revisions())
    config.set_main_option("version_locations", os.pathsep.join(map(str, dict.fromkeys([*locations(), folder]))))
    number = _next_number(folder)
    config.set_main_option("file_template", f"{number}_%%(slug)s")
    config.attributes["module"] = label
    made = command.revision(
        config, message, autogenerate=True, head="base" if first else f"{label}@head", splice=first,
        branch_label=label if first else None, version_path=str(folder) if first else None,
        depends_on=_needs(script, module) if first and module else None,  # type: ignore[arg-type]  # Alembic takes lists
        rev_id=f"{label}_{number}",
    )  # fmt: skip
    return Path(made.path) if made and not isinstance(made, list) else None


def differences(owner_url: str) -> list[str]:
    """How a migrated database differs from the mapped tables; empty when it does not."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from app.kernel.db import Base

    engine = create_engine(owner_url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)
    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": lambda _thing, name, *_rest: name != "alembic_version"}
        return [str(found) for found in compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)]


def comparison() -> dict[str, Any]:
    """What the comparison of tables with the database needs to know; used by migrations/env.py."""
    from alembic import context

    from app.kernel.db import Base

    module = context.config.attributes.get("module")
    return {
        "target_metadata": Base.metadata,
        "compare_type": True,
        "include_object": lambda _thing, name, kind, _reflected, _other: _concerns(name, kind, module),
        "process_revision_directives": _protect_new_tables,
        "render_item": _render,
    }


def let_the_product_read_versions(connection: Connection) -> None:
    """Let web and workers see which version the database has: they refuse to serve an older one."""
    connection.execute(text(f"GRANT SELECT ON alembic_version TO {', '.join(READERS)}"))


def modules_of_tables() -> dict[str, str]:
    """The module whose folder maps each table, or `core`."""
    from app.kernel.db import Base

    found = dict.fromkeys(Base.metadata.tables, "core")
    for mapper in Base.registry.mappers:
        parts = mapper.class_.__module__.split(".")
        if parts[:2] == ["app", "modules"] and isinstance(mapper.local_table, Table):
            found[mapper.local_table.name] = parts[2]
    return found


def _listed(versions: Any) -> list[str]:
    return [versions] if isinstance(versions, str) else list(versions or ())


def _set_locations(config: Config, *_: object) -> Config:
    config.set_main_option("version_locations", os.pathsep.join(map(str, locations())))
    return config


def _needs(script: ScriptDirectory, module: str) -> list[str] | None:
    """The newest versions of the core and of each module whose tables this module's tables refer to."""
    from app.kernel.db import Base

    owners = modules_of_tables()
    mine = [Base.metadata.tables[name] for name, owner in owners.items() if owner == module]
    wanted = {"core", *(owners[key.column.table.name] for table in mine for key in table.foreign_keys)} - {module}
    labels = {head: script.get_revision(head).branch_labels or set() for head in script.get_heads()}
    return sorted(head for head, names in labels.items() if wanted & set(names)) or None


def _next_number(folder: Path) -> str:
    return f"{len(list(folder.glob('0*.py'))) + 1:04d}"


def _concerns(name: str | None, kind: str, module: str | None) -> bool:
    """Whether a version of `module` speaks about this table; without a module every table counts."""
    if name == "alembic_version":
        return False
    if kind != "table" or module is None:
        return True
    return modules_of_tables().get(str(name)) == module


def _render(kind: str, thing: Any, _context: Any) -> str | bool:
    """Versions name only what SQLAlchemy knows, so that they outlive the code they were made from."""
    return "sa.Text()" if kind == "type" and isinstance(thing, ChoiceType) else False


def _protect_new_tables(_context: Any, _revision: Any, directives: Sequence[Any]) -> None:
    """Write what Alembic leaves out of each new table into the version that makes it: the second wall, keys in a circle."""
    from app.kernel import schema
    from app.kernel.db import Base

    for directive in directives:
        operations = directive.upgrade_ops.ops
        made = [operation.table_name for operation in operations if isinstance(operation, ops.CreateTableOp)]
        for name in made:
            table = Base.metadata.tables[name]
            late = [key for key in table.foreign_key_constraints if key.use_alter]  # Alembic leaves those of a circle out
            operations.extend(ops.CreateForeignKeyOp.from_constraint(key) for key in late)
            directive.downgrade_ops.ops[:0] = [ops.DropConstraintOp.from_constraint(key) for key in late]
            statements = schema.statements_for(table)
            operations.extend(ops.ExecuteSQLOp(statement) for statement in statements)
        if "identity" in made:
            operations.extend(ops.ExecuteSQLOp(statement) for statement in schema.function_statements())
