"""A real copy of the product for tests: web server, worker, scheduler and mail catcher as processes of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

import pytest

from app.kernel import embedded
from app.kernel.config import PROJECT
from app.running import catcher
from app.running.ports import free_ports
from tests.infra import home
from tests.infra.databases import Database, database_of_its_own

COMMANDS = {
    "web": ["-m", "gunicorn", "-c", "python:app.running.web", "wsgi:app"],
    "worker": ["worker.py"],
    "scheduler": ["-m", "app.running.scheduler"],
    "catcher": ["-m", "app.running.catcher"],
}


class LiveServer:
    """A running copy on a database of its own. `start` and `kill` its parts at will; all end with the test."""

    tree = PROJECT

    def __init__(self, database: Database) -> None:
        self.database = database
        self.port = free_ports()
        self.url = f"http://localhost:{self.port}"
        self.environ = os.environ | database.environ | {"PORT": str(self.port), "WEB_CONCURRENCY": "1"}
        self.home = Path(database.environ["OPSFLUX_HOME"])
        self.log = self.home / "live.log"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def command(self, part: str) -> list[str]:
        """What starts a part."""
        return [sys.executable, *COMMANDS[part]]

    def start(self, *parts: str) -> Self:
        """Start parts (`web`, `worker`, `scheduler`, `catcher`), and wait until web answers."""
        for part in parts:
            with open(self.log, "ab") as log:
                self.processes[part] = subprocess.Popen(
                    self.command(part), cwd=self.tree, env=self.environ, stdout=log, stderr=log, start_new_session=True
                )
        if "web" in parts:
            wait_for(lambda: self.status("/healthz") == 200 or self._dead("web"), 120, f"the web server ({self.log})")
        if "catcher" in parts:
            wait_for(lambda: listens(self.port + 1), 60, "the mail catcher")
        return self

    def kill(self, part: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to a part and, for SIGKILL, to all that it started."""
        process = self.processes[part]
        if number == signal.SIGKILL:
            os.killpg(process.pid, number)
            process.wait()
        else:
            process.send_signal(number)

    def stop(self) -> None:
        """End every part."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def mails(self) -> list[EmailMessage]:
        """What the catcher caught, newest first."""
        return [message for _, message in catcher.messages(self.home / "var" / "mail")]

    def status(self, path: str) -> int:
        """The HTTP status of a GET, 0 when nothing answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def _dead(self, part: str) -> bool:
        if self.processes[part].poll() is None:
            return False
        raise AssertionError(f"{part} ended: {self.log.read_text(errors='replace')[-2000:]}")


@pytest.fixture
def live_server(fresh_database: Database) -> Iterator[LiveServer]:
    """A running web server on an empty migrated database; `live_server.start("worker", "scheduler", "catcher")` adds the rest."""
    yield from _running(fresh_database)


@pytest.fixture(scope="session")
def demo_template(servers: embedded.Servers) -> str:
    """The name of a database that holds the demo, made once per run and copied from then on."""
    name = "demo_template"
    with home.one_at_a_time(name) as done:
        if not done.exists():
            from tests.infra.databases import environ_for

            home.clone(servers.place, name)
            environ = os.environ | environ_for(servers.place, name, 7)
            command = [sys.executable, "-m", "flask", "demo", "seed"]
            seeded = subprocess.run(command, cwd=PROJECT, env=environ, check=False, capture_output=True, text=True)
            assert seeded.returncode == 0, seeded.stderr[-2000:]
            done.touch()
    return name


@pytest.fixture
def demo_database(servers: embedded.Servers, demo_template: str) -> Iterator[Database]:
    """A database of the test's own that holds the demo."""
    yield from database_of_its_own(servers, demo_template)


@pytest.fixture
def demo_server(demo_database: Database) -> Iterator[LiveServer]:
    """A running web server on the demo."""
    yield from _running(demo_database)


def _running(database: Database) -> Iterator[LiveServer]:
    server = LiveServer(database)
    try:
        yield server.start("web")
    finally:
        server.stop()


def wait_for(condition: Callable[[], Any], limit: float, what: str) -> Any:
    """Look every 50 ms until `condition` gives something true; fails after `limit` seconds, naming `what`."""
    deadline = time.monotonic() + limit
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come within {limit:.0f} s"
        time.sleep(0.05)
    return found


def listens(port: int) -> bool:
    """Whether something accepts connections on a local port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
