"""`make run` as people meet it: start, stop, a second signal, a kill, a second copy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.kernel import embedded
from app.kernel.config import PROJECT
from app.kernel.embedded import postgres, valkey
from app.kernel.embedded.remove import remove
from app.running.ports import free_ports
from tests.infra.serving import listens, wait_for

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(600)]


class Copy:
    """One `make run`, without the demo so that it starts in seconds."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_ports()
        (home / "var").mkdir(mode=0o711, exist_ok=True)
        (home / "var" / "demo.seeded").touch()
        self.log = home / "run.log"
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "REDIS_"))}
        self.environ |= {"OPSFLUX_HOME": str(home), "PORT": str(self.port)}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """Start it and wait until it says so."""
        self.launch()
        wait_for(lambda: "Started in" in self.said() or self.process.poll() is not None, 120, f"a start ({self.said()})")
        assert self.process.poll() is None, self.said()
        return self.process

    def launch(self) -> subprocess.Popen[bytes]:
        with open(self.log, "wb") as log:
            command = [sys.executable, "-m", "app.running.supervisor"]
            self.process = subprocess.Popen(command, cwd=PROJECT, env=self.environ, stdout=log, stderr=log, start_new_session=True)
        return self.process

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def family(self) -> list[psutil.Process]:
        """All processes of this copy, found by its OPSFLUX_HOME and by the servers' arguments."""
        return [each for each in psutil.process_iter() if self._is_of_this_copy(each)]

    @staticmethod
    def runs(program: str, process: psutil.Process) -> bool:
        """Whether a process runs this program; one that has just ended runs nothing."""
        try:
            return program in " ".join(process.cmdline())
        except psutil.Error:
            return False

    def _is_of_this_copy(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("OPSFLUX_HOME") == str(self.home) or str(self.home) in " ".join(process.cmdline())
        except psutil.Error:
            return False


@pytest.fixture
def copy() -> Iterator[Copy]:
    yield from _made()


@pytest.fixture
def another() -> Iterator[Copy]:
    yield from _made()


def _made() -> Iterator[Copy]:
    folder = Path(tempfile.mkdtemp(prefix="opsflux-run-"))
    folder.chmod(0o755)
    running = Copy(folder)
    yield running
    for process in running.family():
        process.kill()
    time.sleep(0.2)
    remove(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_and_a_second_one_is_taken_calmly(copy: Copy, number: int) -> None:
    process = copy.start()
    place = embedded.find(copy.home)
    servers = [postgres.process(place), valkey.process(place)]
    process.send_signal(number)
    time.sleep(0.3)
    process.send_signal(number)

    assert process.wait(90) == 0
    assert "Already stopping" in copy.said()
    assert "Traceback" not in copy.said()
    assert postgres.process(place) is None
    assert valkey.process(place) is None
    assert copy.family() == []
    assert [pid for pid in servers if Path(f"/proc/{pid}").exists()] == [], "no zombie either"
    assert not listens(copy.port)


def _connections(process: psutil.Process) -> list[Any]:
    """What a process has open; one that ended meanwhile has nothing."""
    try:
        return list(process.net_connections("inet"))
    except psutil.NoSuchProcess:
        return []


def test_it_listens_on_this_machine_only(copy: Copy) -> None:
    copy.start()

    children = {child for process in copy.family() for child in (process, *process.children(recursive=True))}
    listening = [c for child in children for c in _connections(child) if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
    assert {connection.laddr.port for connection in listening} == {copy.port, copy.port + 1, copy.port + 2}
    assert f"http://localhost:{copy.port}" in copy.said()


def test_after_a_kill_of_everything_the_next_start_recovers(copy: Copy) -> None:
    copy.start()
    for process in copy.family():
        process.kill()
    wait_for(lambda: copy.family() == [], 20, "the end of all processes")

    copy.start()
    assert copy.process
    copy.process.terminate()
    assert copy.process.wait(90) == 0


def test_children_do_not_outlive_a_killed_supervisor(copy: Copy) -> None:
    copy.start()
    assert copy.process
    copy.process.kill()

    wait_for(lambda: not listens(copy.port), 60, "the end of the web server")
    copy.start()


def test_a_part_that_dies_is_started_again(copy: Copy) -> None:
    copy.start()
    place = embedded.find(copy.home)
    before = postgres.process(place)
    assert before
    for process in copy.family():
        if process.pid == before or copy.runs("worker.py", process):
            process.kill()

    wait_for(lambda: postgres.process(place) not in (None, before), 60, "PostgreSQL again")
    wait_for(lambda: any(copy.runs("worker.py", process) for process in copy.family()), 60, "the worker again")
    wait_for(lambda: "worker had ended and was started again." in copy.said(), 10, "a word about it")


def test_a_second_copy_of_the_same_home_is_refused_in_one_line(copy: Copy) -> None:
    copy.start()
    other = Copy(copy.home)
    other.log = copy.home / "second.log"
    process = other.launch()

    assert process.wait(60) == 1
    assert other.said().startswith("Error: OPSFLUX_HOME: ")
    assert other.said().count("\n") == 1


def test_two_copies_run_side_by_side(copy: Copy, another: Copy) -> None:
    copy.start()
    another.start()

    for each in (copy, another):
        with urllib.request.urlopen(f"http://localhost:{each.port}/readyz", timeout=10) as answer:
            assert answer.status == 200
    assert copy.process
    copy.process.terminate()
    assert copy.process.wait(90) == 0
    assert listens(another.port)
    assert copy.family() == []


def test_a_taken_port_is_said_in_one_line(copy: Copy) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", copy.port))
        taken.listen()
        assert copy.launch().wait(60) == 1
    assert copy.said().startswith(f"Error: PORT: {copy.port} is in use")


def test_a_wrong_setting_is_said_in_one_line(copy: Copy) -> None:
    copy.environ["BASE_URL"] = "http://ops.example.org"

    assert copy.launch().wait(60) == 1
    assert copy.said() == "Error: BASE_URL: plain http is for localhost only; use https://ops.example.org\n"
