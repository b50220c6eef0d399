"""The OPSFLUX_HOME of one test run: shared by all xdist workers, thrown away at its end."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.kernel import embedded, migrations
from app.kernel.embedded import postgres
from app.kernel.embedded.remove import remove

VARIABLE = "OPSFLUX_TEST_HOME"
TEMPLATE = "opsflux"


def home() -> Path:
    """The folder of this run; the first process of the run makes it and tells the others through the environment."""
    if VARIABLE not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="opsflux-tests-"))
        folder.chmod(0o711)
        os.environ[VARIABLE] = str(folder)
        os.environ[f"{VARIABLE}_OWNER"] = str(os.getpid())
    return Path(os.environ[VARIABLE])


def remove_home() -> None:
    """Throw the folder away, if this process made it."""
    if os.environ.get(f"{VARIABLE}_OWNER") != str(os.getpid()):
        return
    remove(Path(os.environ[VARIABLE]))


@contextmanager
def one_at_a_time(name: str) -> Iterator[Path]:
    """Hold a lock of this run; gives the file that says, once it exists, that the work is done."""
    with open(home() / f"{name}.lock", "a+", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield home() / f"{name}.done"


@contextmanager
def redis_number() -> Iterator[int]:
    """A database of Redis that nobody else of this run has meanwhile; those below 8 belong to the workers and the templates."""
    for number in range(8, 16):
        with open(home() / f"redis-{number}.lock", "a+", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield number
            return
    raise AssertionError("all databases of Redis are taken: more copies live at once than there are")


def make_template(place: embedded.Place) -> None:
    """Migrate the database that all others of this run are copied from, once."""
    with one_at_a_time("template") as done:
        if not done.exists():
            migrations.upgrade(place.url("opsflux_owner", TEMPLATE))
            done.touch()


def clone(place: embedded.Place, name: str, template: str = TEMPLATE) -> None:
    """Copy a database; a leftover of that name goes first."""
    with one_at_a_time(f"clone-{template}"):
        postgres.drop_database(place, name)
        postgres.create_database(place, name, template=template)
