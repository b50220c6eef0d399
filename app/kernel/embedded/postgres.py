"""The embedded PostgreSQL: initdb, start, recovery from a kill, stop."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from app.kernel import roles
from app.kernel.embedded import identity
from app.kernel.embedded.binaries import postgres_programs
from app.kernel.embedded.place import SOCKET_NAME, SYSTEM_FOLDER, EmbeddedError, Place
from app.kernel.embedded.reaping import reap

START_LIMIT = 60.0
STOP_LIMIT = 30.0

SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "'128MB'",
    "effective_cache_size": "'1GB'",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "max_wal_size": "'1GB'",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "password_encryption": "'scram-sha-256'",
}
IN_A_HURRY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}


def start(place: Place, *, durable: bool = True) -> bool:
    """Start PostgreSQL unless it runs; says whether it did. Call with the place's lock held."""
    runner = identity.for_postgres()
    programs = postgres_programs(runner)
    if is_running(place):
        return False
    _make_folders(place, runner)
    _clear_stale_pid(place)
    if not (place.postgres_data / "PG_VERSION").exists():
        _initialise(place, runner, programs, durable=durable)
    server = _launch(place, runner, programs, SETTINGS if durable else SETTINGS | IN_A_HURRY)
    _wait(place, server)
    _prepare(place)
    return True


def stop(place: Place) -> None:
    """Stop PostgreSQL, letting it write everything down. Call with the place's lock held."""
    for how, limit in ((signal.SIGINT, STOP_LIMIT), (signal.SIGQUIT, 5.0)):
        pid = process(place)
        if pid is None:
            return
        _signal(pid, how)
        _until(lambda: process(place) is None, limit)
        reap(pid)


def is_running(place: Place) -> bool:
    """Whether the server of this place answers (a starting or stopping one is waited for)."""
    deadline = time.monotonic() + START_LIMIT
    while process(place) is not None:
        if _answers(place):
            return True
        if time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL does not answer: {_last_line(place)} (see {_log(place)})")
        time.sleep(0.05)
    return False


def process(place: Place) -> int | None:
    """The process id of the server that really serves this place's data, if any."""
    try:
        pid = int((place.postgres_data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if _works_in(pid, place.postgres_data) else None


def admin_url(place: Place, database: str = "postgres") -> str:
    """The superuser's URL: for preparing databases, never for the product."""
    return place.url("postgres", database)


def create_database(place: Place, database: str, *, template: str | None = None) -> None:
    """Make a database with the roles' rights in it, unless it exists; `template` names one to copy."""
    with psycopg.connect(admin_url(place), autocommit=True) as admin:
        if admin.execute("SELECT FROM pg_database WHERE datname = %s", [database]).fetchone() is None:
            admin.execute(roles.create_database_statement(database, builtin_locale=True, template=template))
    with psycopg.connect(admin_url(place, database)) as inside:
        for statement in roles.database_statements(database):
            inside.execute(statement)


def drop_database(place: Place, database: str) -> None:
    """Remove a database, whoever is still connected to it."""
    with psycopg.connect(admin_url(place), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _prepare(place: Place) -> None:
    """Roles and database; once, and again when a kill came between."""
    done = place.var / "postgres.prepared"
    if done.exists():
        return
    with psycopg.connect(admin_url(place)) as admin:
        for statement in roles.cluster_statements(place.secrets):
            admin.execute(statement)
    create_database(place, roles.DATABASE)
    done.touch()


def _make_folders(place: Place, runner: identity.Identity) -> None:
    if place.data.parent == SYSTEM_FOLDER:
        SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        place.data.mkdir(mode=0o711, exist_ok=True)
    for folder in (place.run, place.postgres_run):
        if folder.is_symlink() or (folder.exists() and folder.stat().st_uid not in (os.geteuid(), runner.uid)):
            raise EmbeddedError(f"{folder} belongs to somebody else: remove it, or set OPSFLUX_HOME to a shorter path")
    place.run.mkdir(mode=0o711, parents=True, exist_ok=True)
    place.run.chmod(0o711 if runner.uid else 0o700)
    runner.folder(place.postgres_run)
    place.log.mkdir(mode=0o700, parents=True, exist_ok=True)


def _initialise(place: Place, runner: identity.Identity, programs: Path, *, durable: bool) -> None:
    """Run initdb beside the final folder and move it there, so that a kill leaves nothing half made."""
    (place.var / "postgres.prepared").unlink(missing_ok=True)
    scratch = place.postgres_data.with_name(".postgres.new")
    subprocess.run(["rm", "-rf", str(scratch), str(place.postgres_data)], check=True)
    runner.folder(scratch)
    with tempfile.NamedTemporaryFile("w", dir=place.postgres_run) as secret:
        secret.write(place.secrets["postgres"])
        secret.flush()
        runner.own(Path(secret.name))
        command = [str(programs / "initdb"), "--pgdata", str(scratch), "--username=postgres", "--auth=scram-sha-256"]
        command += [f"--pwfile={secret.name}", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
        command += ["--builtin-locale=C.UTF-8", "--no-instructions", *(() if durable else ("--no-sync",))]
        made = subprocess.run(command, capture_output=True, text=True, cwd="/", env=_environment(), check=False, **runner.popen())
    if made.returncode:
        lines = (made.stderr or made.stdout).strip().splitlines() or ["no message"]
        raise EmbeddedError(f"initdb failed: {lines[-1]} (free disk space, or set DATABASE_URL)")
    scratch.rename(place.postgres_data)


def _launch(place: Place, runner: identity.Identity, programs: Path, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [str(programs / "postgres"), "-D", str(place.postgres_data)]
    command += ["-c", f"unix_socket_directories={place.postgres_run}"]
    for name, value in settings.items():
        command += ["-c", f"{name}={value.strip(chr(39))}"]
    with open(_log(place), "ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=place.postgres_data,
            env=_environment(), start_new_session=True, **runner.popen(),
        )  # fmt: skip


def _wait(place: Place, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_LIMIT
    while not _answers(place):
        if server.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL did not start: {_last_line(place)} (see {_log(place)})")
        time.sleep(0.03)


def _clear_stale_pid(place: Place) -> None:
    """Remove the pid file of a killed server, once the last of its backends is gone.

    PostgreSQL does so itself, unless the number now belongs to another process of the same user.
    """
    if not _until(lambda: not any(_backends(place.postgres_data)), STOP_LIMIT):
        raise EmbeddedError(f"processes of a killed PostgreSQL still work in {place.postgres_data}: end them and retry")
    (place.postgres_data / "postmaster.pid").unlink(missing_ok=True)
    for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (place.postgres_run / name).unlink(missing_ok=True)


def _answers(place: Place) -> bool:
    try:
        psycopg.connect(admin_url(place), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").samefile(folder) and _state(pid) != "Z"
    except OSError:
        return False


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[-1].split()[0]


def _backends(folder: Path) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _works_in(int(entry.name), folder):
            yield int(entry.name)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _until(condition: Callable[[], bool], limit: float) -> bool:
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.03)
    return True


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _log(place: Place) -> Path:
    return place.log / "postgres.log"


def _last_line(place: Place) -> str:
    try:
        lines = _log(place).read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    telling = [line for line in lines[-20:] if "FATAL" in line or "HINT" in line or "PANIC" in line] or lines
    return telling[-1] if telling else "it wrote no log"
