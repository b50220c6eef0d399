"""Where the embedded servers of one OPSFLUX_HOME keep their data, sockets and secrets."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.kernel import roles

SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET = 107
SYSTEM_FOLDER = Path("/var/lib/opsflux")


class EmbeddedError(Exception):
    """An embedded server cannot be prepared or started; the message is one line with a remedy."""


@dataclass(frozen=True)
class Place:
    """The folders and secrets of one pair of embedded servers."""

    home: Path
    data: Path
    run: Path
    secrets: dict[str, str]

    @property
    def var(self) -> Path:
        """The folder of everything this copy keeps."""
        return self.home / "var"

    @property
    def log(self) -> Path:
        """The folder of the servers' own logs."""
        return self.var / "log"

    @property
    def postgres_data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.data / "postgres"

    @property
    def postgres_run(self) -> Path:
        """The folder of PostgreSQL's socket."""
        return self.run / "pg"

    @property
    def valkey_socket(self) -> Path:
        """Valkey's socket."""
        return self.run / "kv" / "s"

    @property
    def valkey_data(self) -> Path:
        """The folder of Valkey's append-only file."""
        return self.var / "valkey"

    def url(self, role: str, database: str = roles.DATABASE) -> str:
        """The connection URL of one role."""
        return f"postgresql://{role}:{self.secrets[role]}@/{database}?host={self.postgres_run}"

    @property
    def redis_url(self) -> str:
        """The connection URL of the embedded Valkey."""
        return f"unix://{self.valkey_socket}?db=0"


def find(home: Path) -> Place:
    """The place of `home`, made up and written down (0600) when it has none yet; starts nothing."""
    home = home.resolve()
    record = home / "var" / "embedded.json"
    if not record.exists():
        with writing(home):
            if not record.exists():
                _write_private(record, json.dumps(_new_place(home), indent=1))
    held = json.loads(record.read_text())
    return Place(
        home=home,
        data=Path(held["data"] or home / "var"),
        run=Path(held["run"] or home / "var" / "run"),
        secrets=held["secrets"],
    )


def new_secret(home: Path, name: str) -> str:
    """A key of this copy, made once and kept in `var/<name>` (0600)."""
    path = home / "var" / name
    if not path.exists():
        with writing(home):
            if not path.exists():
                _write_private(path, secrets.token_urlsafe(48))
    return path.read_text().strip()


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Hold the lock under which `var/` is prepared and its servers are started or stopped."""
    var = home / "var"
    make_var(var)
    with open(var / ".lock", "a+", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make_var(var: Path) -> None:
    """Make `var/`: private, or passable (not listable) where another system user must reach the database."""
    if var.is_dir():
        return
    try:
        var.mkdir(parents=True, exist_ok=True)
        var.chmod(0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise EmbeddedError(f"OPSFLUX_HOME: cannot write {var} ({error.strerror}); set it to a folder of yours") from None


def reachable_by_others(path: Path) -> bool:
    """Whether a user without rights of its own can pass through every folder down to `path`."""
    existing = path if path.exists() else path.parent
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (existing, *existing.parents))


def _new_place(home: Path) -> dict[str, object]:
    ident = secrets.token_hex(8)
    data: str | None = None
    run: str | None = None
    if os.geteuid() == 0 and not reachable_by_others(home):
        data, run = str(SYSTEM_FOLDER / ident), str(SYSTEM_FOLDER / ident / "run")
    elif len(str(home / "var" / "run" / "pg" / SOCKET_NAME).encode()) > LONGEST_SOCKET:
        run = str(Path(tempfile.gettempdir()) / f"opsflux-{ident}")
    passwords = roles.make_passwords() | {"postgres": secrets.token_urlsafe(24)}
    return {"data": data, "run": run, "secrets": passwords}


def _write_private(path: Path, text: str) -> None:
    """Write a file that only this user reads, whole or not at all."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(scratch, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
