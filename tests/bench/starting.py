"""`make run` on a folder that it has run in before: seconds until `/readyz` answers 200."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from app.kernel.config import PROJECT
from app.kernel.embedded.remove import remove
from app.running.ports import free_ports
from tests.infra.serving import wait_for

LIMIT = 240.0


def second_starts(runs: int) -> list[float]:
    """Start a fresh copy, stop it, and start it again so many times."""
    folder = Path(tempfile.mkdtemp(prefix="opsflux-bench-run-"))
    folder.chmod(0o711)
    try:
        _start(folder)
        return [_start(folder) for _ in range(runs)]
    finally:
        remove(folder)


def _start(folder: Path) -> float:
    port = free_ports()
    environ = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    environ |= {"OPSFLUX_HOME": str(folder), "PORT": str(port)}
    with open(folder / "bench.log", "ab") as log:
        began = time.monotonic()
        running = subprocess.Popen(["make", "run"], cwd=PROJECT, env=environ, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: _ready(port) or running.poll() is not None, LIMIT, "make run")
        assert running.poll() is None, (folder / "bench.log").read_text()[-2000:]
        return time.monotonic() - began
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(90)


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
