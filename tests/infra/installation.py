"""The product installed as an operator installs it: what the image holds, the shipped units and settings, servers of the operator's own."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from app.core.translations import compile_all
from app.kernel.config import PROJECT
from app.running.ports import free_ports
from tests.infra import home
from tests.infra.outside import OutsidePostgres, OutsideRedis, need
from tests.infra.serving import LiveServer

UNITS = PROJECT / "deploy" / "systemd"
PARTS = ("web", "worker", "effects", "scheduler")
PREFIX = "/srv/opsflux/app"
URL = re.compile(r"^-- (DATABASE\w*_URL)=(\S+)$", re.MULTILINE)


def image(folder: Path) -> Path:
    """A folder with what the Dockerfile copies and nothing else, beside the packages that it installs."""
    tree = folder / "app"
    tree.mkdir(mode=0o755, parents=True)
    compile_all()
    for line in (PROJECT / "Dockerfile").read_text(encoding="utf-8").splitlines():
        if line.startswith("COPY "):
            *sources, target = line.split()[1:]
            for source in map(PROJECT.joinpath, sources):
                if source.is_dir():
                    shutil.copytree(source, tree / target, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
                else:
                    shutil.copy2(source, tree)
    (tree / ".venv").symlink_to(PROJECT / ".venv")
    return tree


def folder() -> Path:
    """A new folder of this run, which the system user of a database server can pass through."""
    made = Path(tempfile.mkdtemp(dir=home.home()))
    made.chmod(0o711)
    return made


def settings_of(text: str) -> dict[str, str]:
    """An environment file, as systemd reads it."""
    lines = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: value for name, _mark, value in lines}


class Installation(LiveServer):
    """One installation in a folder: PostgreSQL, Redis, and the parts that the units start, from `tree` (as in the image by default)."""

    def __init__(self, tree: Path | None = None, **settings: str) -> None:
        self.home = place = folder()
        self.tree = tree or image(place)
        self.postgres, self.redis = OutsidePostgres(place), OutsideRedis(place)
        self.port, self.https = free_ports(), free_ports(1)
        self.url, self.log, self.processes = f"http://127.0.0.1:{self.port}", place / "live.log", {}
        (place / "var").mkdir(mode=0o711)
        shipped = settings_of((UNITS / "environment").read_text(encoding="utf-8"))
        self.settings = shipped | {
            "OPSFLUX_HOME": str(place), "PORT": str(self.port), "BASE_URL": f"https://localhost:{self.https}", "REDIS_URL": self.redis.url,
            "SECRET_KEY": secrets.token_hex(32), "AUDIT_KEY": secrets.token_hex(32), "SMTP_URL": f"smtp://127.0.0.1:{self.port + 1}",
            **settings}
        self.environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | self.settings

    def prepare(self) -> None:
        """Start the servers, make roles and database by the printed script, and migrate as the owner."""
        self.postgres.start()
        self.redis.start()
        script = self.flask("db", "roles", DATABASE_URL="", DATABASE_RELAY_URL="")
        said = subprocess.run([need("psql", "postgresql-client"), "-qv", "ON_ERROR_STOP=1", self.postgres.url()], input=script, text=True,
                              capture_output=True, check=False)
        assert said.returncode == 0, said.stderr
        urls = {name: url.replace("@HOST/", f"@127.0.0.1:{self.postgres.port}/") for name, url in URL.findall(script)}
        self.owner_url = urls.pop("DATABASE_OWNER_URL")
        self.settings |= urls
        self.environ |= urls
        self.run(self.unit("migrate"), DATABASE_OWNER_URL=self.owner_url)

    def unit(self, part: str) -> list[str]:
        """The command of a shipped unit, in this installation's folder."""
        text = (UNITS / f"opsflux-{part}.service").read_text(encoding="utf-8")
        (command,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
        (place,) = re.findall(r"^WorkingDirectory=(.+)$", text, re.MULTILINE)
        assert place == PREFIX
        expanded = re.sub(r"\$\{(\w+)\}", lambda found: self.settings[found[1]], command.replace(PREFIX, str(self.tree)))
        return shlex.split(expanded)

    def run(self, command: list[str], **more: str) -> str:
        """Run a command of this installation to its end and give what it prints; fails with what it says."""
        done = subprocess.run(command, cwd=self.tree, env=self.environ | more, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}"
        return done.stdout

    def flask(self, *arguments: str, **more: str) -> str:
        """Run a `flask` command of this installation."""
        return self.run([str(self.tree / ".venv/bin/flask"), *arguments], **more)

    def owned(self, question: str) -> list[tuple[object, ...]]:
        """Ask the database as its superuser."""
        with psycopg.connect(self.postgres.url(database="opsflux")) as connection:
            return connection.execute(question).fetchall()  # type: ignore[call-overload,no-any-return]

    def command(self, part: str) -> list[str]:
        """What starts a part: its unit; the mail catcher has none."""
        return [str(self.tree / ".venv/bin/python"), "-m", "app.running.catcher"] if part == "catcher" else self.unit(part)

    def close(self) -> None:
        """End everything."""
        self.stop()
        self.redis.kill()
        self.postgres.stop()
