"""`make run`: one process that starts everything, watches it, and stops it in order."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from types import FrameType

from app.kernel import embedded, migrations
from app.kernel.config import PROJECT, ConfigError, Settings
from app.running.children import Child
from app.running.welcome import welcome

WATCH = 1.0  # seconds between looks at the children
READY_LIMIT = 60.0


class Supervisor:
    """The servers and child processes of one running copy."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stopping = False
        self._servers: embedded.Servers | None = None
        python = sys.executable
        self._children = [
            Child("catcher", [python, "-m", "app.running.catcher"], limit=5),
            Child("scheduler", [python, "-m", "app.running.scheduler"], limit=15),
            Child("worker", [python, "worker.py"], limit=30),
            Child("effects", [python, "worker.py", "effects"], limit=30),
            Child("web", [python, "-m", "gunicorn", "-c", "python:app.running.web", "wsgi:app"], limit=30),
        ]

    def start(self) -> None:
        """Bring everything up, in the opposite order of `stop`."""
        self._servers = attach(self.settings)
        for step in (self._migrate, self._seed, *(child.start for child in self._children), self._wait_until_ready):
            if not self.stopping:
                step()

    def watch(self) -> None:
        """Start again whatever dies, until told to stop. Raises `ConfigError` for what will not stay up."""
        while not self.stopping:
            if self._servers and self._servers.ensure_alive():
                say("A database server had died and was started again.")
            for child in self._children:
                if child.check():
                    say(f"{child.name} had ended and was started again.")
            time.sleep(WATCH)

    def stop(self) -> None:
        """Stop web, worker, scheduler, catcher, Redis and PostgreSQL, in that order."""
        for child in reversed(self._children):
            child.stop()
        if self._servers:
            self._servers.release()

    def ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        """A signal came: stop soon; a second one changes nothing."""
        say("Already stopping; everything is being put away." if self.stopping else "Stopping …")
        self.stopping = True

    def _migrate(self) -> None:
        migrations.make_current(self.settings)

    def _seed(self) -> None:
        """Fill an empty database with the demo, once."""
        mark = self.settings.var / "demo.seeded"
        if mark.exists() or not self.settings.local:
            return
        say("Filling the empty database with the demo …")
        seeding = Child("demo", [sys.executable, "-m", "flask", "demo", "seed", "--if-empty"], limit=10)
        if seeding.run(until=lambda: self.stopping):
            mark.touch()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_LIMIT
        while not self.stopping and not _listens(self.settings.port):
            if time.monotonic() > deadline:
                raise ConfigError(f"PORT: nothing answers on {self.settings.port} after {READY_LIMIT:.0f} s; see the lines above")
            for child in self._children:
                child.check()
            time.sleep(0.05)
        if not self.stopping:
            say(welcome(self.settings))


def attach(settings: Settings) -> embedded.Servers | None:
    """The embedded servers that these settings need, if any."""
    if not settings.embedded_database and not settings.embedded_redis:
        return None
    return embedded.acquire(settings.home, database=settings.embedded_database, redis=settings.embedded_redis)


def main() -> int:
    """Run until told to stop. Exit 0 after a stop, 1 when something cannot run."""
    os.chdir(PROJECT)
    try:
        settings = Settings.load()
        _refuse_servers(settings)
        with _alone(settings):
            return _run(Supervisor(settings))
    except (ConfigError, embedded.EmbeddedError) as error:
        say(f"Error: {error}", to=sys.stderr)
        return 1


def _refuse_servers(settings: Settings) -> None:
    if not settings.local:
        raise ConfigError("BASE_URL: `make run` is for one's own machine; use compose.yaml or deploy/systemd for a server")


def _run(supervisor: Supervisor) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, supervisor.ask_to_stop)
    began = time.monotonic()
    try:
        supervisor.start()
        if not supervisor.stopping:
            say(f"Started in {time.monotonic() - began:.1f} s. Ctrl-C stops everything.")
        supervisor.watch()
    finally:
        supervisor.stopping = True
        supervisor.stop()
        say("Stopped.")
    return 0


@contextlib.contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Hold the lock that keeps a second supervisor off the same OPSFLUX_HOME, and make sure that the ports are free."""
    settings.var.mkdir(parents=True, exist_ok=True)
    with open(settings.var / "supervisor.lock", "a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"OPSFLUX_HOME: {settings.home} is running already; stop that one, or set another") from None
        for port in (settings.port, settings.mail_port, settings.mail_port + 1):
            if not _within(5.0, lambda port=port: _is_free(port)):  # type: ignore[misc]
                raise ConfigError(f"PORT: {port} is in use (three in a row are needed from {settings.port}); set PORT to another")
        yield


def _within(limit: float, condition: Callable[[], bool]) -> bool:
    """Wait a moment: the children of a killed supervisor need one to go."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def say(text: str, to: object = None) -> None:
    """One message to whoever started this."""
    print(text, file=to or sys.stdout, flush=True)  # type: ignore[call-overload]


if __name__ == "__main__":
    sys.exit(main())
