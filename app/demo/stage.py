"""The whole product running for a while: its own servers, web, worker, scheduler and mail catcher, in this OPSFLUX_HOME."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from email import message_from_binary_file
from pathlib import Path
from types import TracebackType
from typing import Self

from flask import current_app

from app.kernel.config import PROJECT
from app.kernel.errors import Unavailable
from app.running.ports import free_ports

READY_WITHIN, STOPPED_WITHIN = 240.0, 90.0


class Stage:
    """Starts what is not running yet, and stops only that."""

    def __init__(self) -> None:
        settings = current_app.extensions["settings"]
        self.var: Path = settings.var
        self.port = settings.port if os.environ.get("PORT") else free_ports()
        self.base = f"http://localhost:{self.port}"
        self.log = self.var / "main-job.log"
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.var.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            environ = {key: value for key, value in os.environ.items() if key != "BASE_URL"} | {"PORT": str(self.port)}
            self._running = subprocess.Popen([sys.executable, "-m", "app.running.supervisor"], cwd=PROJECT, env=environ, stdout=log,
                                             stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._running and self._running.poll() is None:
            self._running.send_signal(signal.SIGTERM)
            try:
                self._running.wait(STOPPED_WITHIN)
            except subprocess.TimeoutExpired:
                self._running.kill()

    def effects(self, seen: dict[str, str]) -> dict[str, str]:
        """The `X-Effect-Id` of each caught mail by file name; `seen` is filled in, so that each file is read once."""
        for path in (self.var / "mail").glob("*.eml"):
            if path.name not in seen:
                with open(path, "rb") as file:
                    seen[path.name] = str(message_from_binary_file(file).get("X-Effect-Id", ""))
        return seen

    def caught(self, message_ids: set[str]) -> int:
        """How many of these mails, by their Message-ID, are in the catcher."""
        found = set()
        for path in (self.var / "mail").glob("*.eml"):
            with open(path, "rb") as file:
                found.add(str(message_from_binary_file(file).get("Message-ID", "")).strip())
        return len(message_ids & found)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not self._answers():
            if (self._running is not None and self._running.poll() is not None) or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace").strip().splitlines()[-1:]
                raise Unavailable(f"The product did not come up: {' '.join(said)} (see {self.log})")
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base}/readyz", timeout=5) as answer:  # noqa: S310 -- its own address
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False
