"""Where the bench is taken: servers of its own with the product's real settings, the demo and 100,000 payments, running copies."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import text

from app.core import auth
from app.core.auth.sessions import open_session
from app.kernel import embedded
from app.kernel.config import PROJECT
from app.kernel.current import Organisation, acting
from app.kernel.db import session, unit_of_work
from app.running.ports import free_ports
from tests.bench.wire import Client
from tests.infra import home
from tests.infra.databases import Database, database_of_its_own, environ_for
from tests.infra.serving import COMMANDS, LiveServer, wait_for

DATA = "bench"


@contextmanager
def servers(payments: int) -> Iterator[embedded.Servers]:
    """PostgreSQL (durable, as in use) and Valkey, with a database `bench` that holds the demo and so many payments.

    They live in a folder that is thrown away, unless OPSFLUX_TEST_HOME names one: there the data is kept for the next bench.
    """
    try:
        with embedded.acquire(home.home()) as running:
            home.make_template(running.place)
            with home.one_at_a_time(DATA) as done:
                if not done.exists():
                    _fill(running.place, payments)
                    done.touch()
            yield running
    finally:
        home.remove_home()


def _fill(place: embedded.Place, payments: int) -> None:
    home.clone(place, DATA)
    for command in (["demo", "seed"], ["demo", "scale", "--payments", str(payments)]):
        _flask(os.environ | environ_for(place, DATA, 7), command)
    tidy(place, DATA)


def _flask(environ: dict[str, str], command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "flask", *command], cwd=PROJECT, env=environ, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def tidy(place: embedded.Place, name: str) -> None:
    """Do at once what autovacuum would do within minutes of a load."""
    with psycopg.connect(place.url("opsflux_owner", name), autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")


@dataclass
class House:
    """A running copy on a database of its own that was copied from the data."""

    server: LiveServer
    database: Database

    def client(self, email: str) -> Client:
        """A person's own connection, signed in by a session opened for it."""
        return Client(self.server.port, self.cookie(email))

    def cookie(self, email: str) -> str:
        """The cookie of a new session of somebody."""
        with self.database.app.app_context(), unit_of_work():
            identity = auth.identity_of(email)
            assert identity is not None, email
            secret = open_session(identity)
        return f"session_{self.server.port}={secret}"

    def organisation(self, slug: str) -> Organisation:
        """An organisation by its slug; call inside an application context."""
        from app.core import organisations

        with unit_of_work():
            found = organisations.load_organisation(organisations.place_of(slug))  # type: ignore[arg-type]
        assert found is not None, slug
        return found

    def addresses(self, slug: str) -> list[str]:
        """The e-mail addresses of an organisation's people."""
        with self.database.app.app_context(), acting(self.organisation(slug)), unit_of_work():
            return list(session().execute(text("SELECT email FROM member WHERE email IS NOT NULL ORDER BY id")).scalars())

    def processes(self, part: str) -> list[int]:
        """A part's process and all below it."""
        found, waiting = [], [self.server.processes[part].pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return found


@contextmanager
def copy(running: embedded.Servers, *parts: str) -> Iterator[House]:
    """A copy of the product with these parts running (`web`, `worker`, `scheduler`, `catcher`)."""
    with contextmanager(database_of_its_own)(running, DATA) as database:
        server = LiveServer(database)
        server.environ["WEB_CONCURRENCY"] = str(database.settings.web_concurrency)
        try:
            yield House(server.start(*parts), database)
        finally:
            server.stop()


@contextmanager
def floor(house: House, organisation: str) -> Iterator[Client]:
    """The floor, served from the same database by the same server with the same settings."""
    environ = house.server.environ | {"PORT": str(free_ports()), "FLOOR_ORGANISATION": organisation}
    command = [sys.executable, *COMMANDS["web"][:-1], "tests.bench.floor:app"]
    with open(house.server.log, "ab") as log:
        process = subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=log, stderr=log, start_new_session=True)
    client = Client(int(environ["PORT"]))
    try:
        wait_for(lambda: _answers(client), 60, "the floor")
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait(30)


def _answers(client: Client) -> bool:
    try:
        return client.get("/healthz").status == 200
    except OSError:
        client.close()
        return False


def memory(pids: list[int], name: str = "VmRSS") -> float:
    """The largest of these processes, in MB: now (VmRSS) or at its largest (VmHWM)."""
    sizes = [0]
    for pid in pids:
        with contextlib.suppress(OSError):
            said = Path(f"/proc/{pid}/status").read_text()
            sizes += [int(line.split()[1]) for line in said.splitlines() if line.startswith(f"{name}:")]
    return max(sizes) / 1024
