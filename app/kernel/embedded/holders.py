"""Who uses the embedded servers: one locked file per process, which the kernel frees when the process dies."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO


class Holder:
    """This process's claim on the servers of one `var/`; the last one to leave stops them."""

    def __init__(self, var: Path) -> None:
        self._folder = var / "holders"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._file: IO[str] = open(self._path, "w", encoding="ascii")  # noqa: SIM115 - held until leave()
        self._process = os.getpid()
        fcntl.flock(self._file, fcntl.LOCK_EX)

    @property
    def inherited(self) -> bool:
        """Whether this is a fork's copy of somebody else's claim, which must not end it."""
        return os.getpid() != self._process

    def leave(self) -> None:
        """Give the claim back."""
        self._path.unlink(missing_ok=True)
        self._file.close()

    def others(self) -> int:
        """How many other processes hold a claim; what dead ones left behind is removed."""
        return sum(_alive(path) for path in self._folder.iterdir() if path != self._path)


def _alive(path: Path) -> bool:
    try:
        with open(path, encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
