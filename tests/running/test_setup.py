"""`.ci/setup` and `.ci/need-browser` on machines that lack something: one line with the remedy."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.kernel.config import PROJECT

TOOLS = ("sh", "dirname", "sha256sum", "head", "grep", "tail", "mktemp", "rm", "cat", "cut", "flock", "id")
OLD = '#!/bin/sh\ncase "$*" in *version_info*3,\\ 11*) exit 1;; *) exit 0;; esac\n'
NO_VENV = '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; *version_info\\[*) echo python3.11-venv;; *) exit 0;; esac\n'


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs that stands for a machine with nothing else, and a copy of the scripts beside it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found, name
        (programs / name).symlink_to(found)
    shutil.copytree(PROJECT / ".ci", tmp_path / ".ci")
    return tmp_path


def program(machine: Path, name: str, text: str) -> None:
    path = machine / "bin" / name
    path.write_text(text)
    path.chmod(0o755)


def run(machine: Path, script: str) -> subprocess.CompletedProcess[str]:
    command = [str(machine / "bin" / "sh"), str(machine / ".ci" / script)]
    return subprocess.run(command, env={"PATH": str(machine / "bin")}, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("text", ["", OLD], ids=["none", "old"])
def test_python_is_too_old_or_not_there(machine: Path, text: str) -> None:
    if text:
        program(machine, "python3", text)
    done = run(machine, "setup")
    assert done.returncode == 1
    assert done.stderr == ("Error: Python 3.11 or later is needed: install it (Debian: apt install python3 python3-venv), "
                           "or set PYTHON to it\n")
    assert not (machine / ".venv").exists()


def test_venv_is_missing(machine: Path) -> None:
    program(machine, "python3", NO_VENV)
    done = run(machine, "setup")
    assert done.returncode == 1
    assert done.stderr == "Error: python3-venv is missing: run `apt install python3-venv` (or python3.11-venv)\n"
    assert not (machine / ".venv").exists()


def test_nothing_is_fetched_when_nothing_changed() -> None:
    environ = os.environ | {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_INDEX": "1"}
    done = subprocess.run([PROJECT / ".ci" / "setup", "tests"], env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_browser_and_nobody_who_could_install_it(machine: Path) -> None:
    done = run(machine, "need-browser")
    assert done.returncode == 1
    assert done.stderr == "Error: the browser tests need Chromium: run `sudo apt install chromium` and try again\n"


def test_a_browser_that_cannot_be_installed(machine: Path) -> None:
    (machine / "bin" / "id").unlink()
    program(machine, "id", "#!/bin/sh\necho 0\n")
    program(machine, "apt-get", "#!/bin/sh\nexit 100\n")
    done = run(machine, "need-browser")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: chromium could not be installed: check the network")


def test_a_browser_that_is_there_is_enough(machine: Path) -> None:
    program(machine, "chromium", "#!/bin/sh\n")
    done = run(machine, "need-browser")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
