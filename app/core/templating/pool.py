"""Children that render people's templates: a few per process, started when first needed, replaced after any that misbehaved."""

from __future__ import annotations

import json
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

CHILD = Path(__file__).with_name("child.py")
CHILDREN, WAIT, MOST_BYTES = 2, 20.0, 8 * 1024 * 1024
PATIENCE = 20.0  # seconds on the wall: a child ends by its own processor time long before, unless the machine gives it none
SLOW = {"wrong": {"code": "slow", "about": "", "line": 0, "nearest": "", "part": ""}}


class Busy(Exception):
    """No child became free in time."""


class Child:
    """One process that answers one question at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-I", str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL, env={"LANG": "C.UTF-8"}, cwd="/")
        assert self._process.stdin  # noqa: S101 -- asked for above
        assert self._process.stdout  # noqa: S101 -- asked for above
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, question: bytes) -> dict[str, Any]:
        """Its answer; that it was too slow, when it dies of that. After too much it ends. Raises `Busy` when nothing comes in time."""
        until = time.monotonic() + PATIENCE
        try:
            self._write(question, until)
            said = dict(json.loads(self._read(until)))
        except TimeoutError:
            self.end()
            raise Busy from None
        except (OSError, EOFError, ValueError):
            said = SLOW
        if said.get("wrong", {}).get("code") in ("slow", "big"):
            self.end()
        return said

    def end(self) -> None:
        """Be rid of it."""
        self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Close this process's ends of the pipes: with the last of them the child ends."""
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]

    def _write(self, question: bytes, until: float) -> None:
        left = memoryview(question)
        while left:
            self._wait([], [self._in], until)
            left = left[os.write(self._in, left):]

    def _read(self, until: float) -> bytes:
        pieces, size = [], 0
        while not pieces or not pieces[-1].endswith(b"\n"):
            self._wait([self._out], [], until)
            piece = os.read(self._out, 65_536)
            size += len(piece)
            if not piece or size > MOST_BYTES:
                raise EOFError
            pieces.append(piece)
        return b"".join(pieces)

    @staticmethod
    def _wait(readable: list[int], writable: list[int], until: float) -> None:
        ready = select.poll()
        for number in readable:
            ready.register(number, select.POLLIN)
        for number in writable:
            ready.register(number, select.POLLOUT)
        if not ready.poll(max(0.0, until - time.monotonic()) * 1000):
            raise TimeoutError


class Pool:
    """The children of one process."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._free: queue.LifoQueue[Child | None] = queue.LifoQueue()
        for _each in range(CHILDREN):
            self._free.put(None)

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of the next free child. Raises `Busy`."""
        try:
            child = self._free.get(timeout=WAIT)
        except queue.Empty:
            raise Busy from None
        try:
            if child is None or not child.alive:
                if child is not None:
                    child.end()
                child = Child()
            return child.ask(json.dumps(question).encode() + b"\n")
        finally:
            self._free.put(child if child is not None and child.alive else None)

    def forget(self) -> None:
        """Let go of children that belong to the process that this one was forked from."""
        with suppress(queue.Empty):
            while True:
                child = self._free.get_nowait()
                if child is not None:
                    child.forget()


_pools: list[Pool] = []
_making = threading.Lock()


def ask(question: Mapping[str, Any]) -> dict[str, Any]:
    """Ask a child of this process. Raises `Busy`."""
    return _pool().ask(question)


def _pool() -> Pool:
    """The pool of this very process: a fork must not share its parent's pipes."""
    if _pools and _pools[0].owner == os.getpid():
        return _pools[0]
    with _making:
        if not _pools or _pools[0].owner != os.getpid():
            if _pools:
                _pools[0].forget()
            _pools[:] = [Pool()]
    return _pools[0]
