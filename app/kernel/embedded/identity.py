"""The system user that PostgreSQL runs as when this process is root, which PostgreSQL refuses to be."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.kernel.embedded.place import EmbeddedError

NAME = "opsflux"


@dataclass(frozen=True)
class Identity:
    """Who a server process runs as; nobody in particular means this process's own user."""

    uid: int | None = None
    gid: int | None = None

    def popen(self) -> dict[str, Any]:
        """Arguments for `subprocess` that make a child run as this identity."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give one file or folder to this identity."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def folder(self, path: Path) -> Path:
        """Make a private folder of this identity's."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        self.own(path)
        return path


def for_postgres() -> Identity:
    """The identity to run PostgreSQL as; as root a system user, made when the machine has none."""
    if os.geteuid() != 0:
        return Identity()
    entry = _entry(NAME) or _make_user() or _entry("postgres") or _entry("nobody")
    if entry is None:
        raise EmbeddedError(f"no system user to run PostgreSQL as: run `useradd --system {NAME}`, or set DATABASE_URL")
    return Identity(entry.pw_uid, entry.pw_gid)


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _make_user() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    if not useradd:
        return None
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    subprocess.run([*command, "--shell", "/usr/sbin/nologin", NAME], capture_output=True, check=False)
    return _entry(NAME)
