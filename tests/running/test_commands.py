"""`flask` as an operator meets it: what starts servers, what does not, and what wrong settings say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kernel import embedded
from app.kernel.config import PROJECT
from app.kernel.embedded import postgres, valkey
from app.kernel.embedded.remove import remove

FLASK = [sys.executable, "-m", "flask"]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="opsflux-commands-"))
    folder.chmod(0o755)
    yield folder
    remove(folder)


def run(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    environ |= {"OPSFLUX_HOME": str(home)} | variables
    return subprocess.run([*FLASK, *arguments], cwd=PROJECT, env=environ, capture_output=True, text=True, timeout=120, check=False)


def is_running(home: Path) -> bool:
    place = embedded.find(home)
    return postgres.process(place) is not None or valkey.process(place) is not None


@pytest.mark.parametrize("command", [["--help"], ["map", "incident"], ["openapi"], ["config", "check"], ["db", "roles"]])
def test_what_needs_no_database_starts_none(home: Path, command: list[str]) -> None:
    done = run(home, *command)

    assert done.returncode == 0, done.stderr
    assert not (home / "var" / "postgres").exists()


def test_map_prints_where_a_word_lives(home: Path) -> None:
    found = json.loads(run(home, "map", "incident", "--json").stdout)

    assert found["module"] == ["app/modules/hse"]
    assert "GET /<org>/hse/incidents/" in found["routes"]
    assert any(path.startswith("templates/hse/incident/") for path in found["templates"])
    assert any(path.startswith("tests/modules/hse/") for path in found["tests"])


def test_map_names_the_nearest_word(home: Path) -> None:
    done = run(home, "map", "incidnt")

    assert done.returncode == 1
    assert "Did you mean incident" in done.stderr
    assert "Traceback" not in done.stderr


def test_config_check_hides_secrets(home: Path) -> None:
    shown = json.loads(run(home, "config", "check", "--json", SECRET_KEY="k" * 40).stdout)

    assert shown["SECRET_KEY"] == "set, 40 characters"
    assert ":***@" in shown["DATABASE_URL"]


def test_a_wrong_setting_is_one_line_and_exit_1(home: Path) -> None:
    done = run(home, "config", "check", PORT="eighty")

    assert done.returncode == 1
    assert done.stderr.strip() == "Error: PORT: 'eighty' is not a whole number from 1 to 65533; set it to one"


def test_a_command_starts_migrates_and_stops_what_it_needs() -> None:
    folder = Path(tempfile.mkdtemp(prefix="opsflux-commands-"))
    folder.chmod(0o755)
    try:
        first, second = run(folder, "scheduler", "sweep", "--json"), run(folder, "doctor", "--json")
        assert first.returncode == 0, first.stderr
        assert "migrating" in first.stderr
        assert json.loads(first.stdout) == {"calls": 0}
        assert second.stderr == ""
        assert json.loads(second.stdout)["ok"]
        assert not is_running(folder)
    finally:
        remove(folder)


def test_two_commands_at_once(home: Path) -> None:
    environ = os.environ | {"OPSFLUX_HOME": str(home)}
    both = [
        subprocess.Popen([*FLASK, "doctor", "--json"], cwd=PROJECT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for each in both:
        out, err = each.communicate(timeout=120)
        assert json.loads(out)["findings"], err
    assert not is_running(home)


def test_a_command_leaves_running_what_it_found_running(home: Path) -> None:
    with embedded.acquire(home):
        assert run(home, "db", "upgrade").returncode == 0
        assert run(home, "db", "status").returncode == 0
        assert is_running(home)
    assert not is_running(home)


def test_importing_the_application_starts_nothing(tmp_path: Path) -> None:
    environ = os.environ | {"OPSFLUX_HOME": str(tmp_path)}
    heavy = "import sys, wsgi; print([name for name in ('pandas', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", heavy], cwd=PROJECT, env=environ, check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "var" / "postgres").exists()
