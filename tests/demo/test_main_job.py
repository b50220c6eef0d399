"""The main job as a newcomer plays it: an empty OPSFLUX_HOME, nothing running, one command."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.kernel.config import PROJECT

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(900)]
ABSENT = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_RELAY_URL", "REDIS_URL", "PORT", "BASE_URL", "SMTP_URL", "STORAGE_URL")


def played(home: Path, *words: str) -> dict[str, Any]:
    """What the command prints on stdout, which is one JSON object and nothing else."""
    environ = {key: value for key, value in os.environ.items() if key not in ABSENT} | {"OPSFLUX_HOME": str(home)}
    done = subprocess.run([sys.executable, "-m", "flask", "demo", "main-job", "--json", *words], cwd=PROJECT, env=environ,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home that system users can reach."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder == Path("/tmp"):
            break
        folder.chmod(0o711)
    made = tmp_path / "home"
    made.mkdir(mode=0o711)
    return made


def test_the_june_file_from_end_to_end(home: Path) -> None:
    said = played(home)
    expected = {"rows_in": 16177, "created": 16176, "refused": 1, "amount_sum": "104445727.45", "requests_raised": 1797,
                "requests_second_level": 229, "chain_verified": True}
    assert {name: said[name] for name in expected} == expected
    assert said["refusals"][0]["row"] == 16178
    assert said["decided"] + said["left_open"] == said["requests_raised"]
    assert said["effects_delivered"] == said["effects_expected"] > 100
    assert said["undone"] >= 1
    assert said["digests_sent"] == 3
    for file in said["files_written"]:
        content = Path(file["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
    assert not (home / "var" / "postmaster.pid").exists()


def test_another_file_comes_in_by_what_the_wizard_proposes(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "autumn.csv"
    with open(other, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Payee", "Invoice date paid", "Value", "Directorate", "Payment ref", "What for", "Weather"])
        for number in range(40):
            writer.writerow([f"Firm {number % 7}", f"{number % 28 + 1:02d}/09/2026", f"{200 + number * 300}.25", "City Development",
                             f"A-{number}", "Repairs", "sunny"])
        writer.writerow(["Firm 1", "31/09/2026", "12.00", "City Development", "A-99", "Repairs", "sunny"])
    said = played(home, "--file", str(other), "--mapping", "guess")
    assert (said["rows_in"], said["created"], said["refused"]) == (41, 40, 1)
    assert said["refusals"][0]["errors"][0]["value"] == "31/09/2026"
    assert "Weather" in said["columns_left_out"]
    assert said["requests_raised"] == sum(200 + n * 300 + 0.25 > 5000 for n in range(40))
    assert said["effects_delivered"] == said["effects_expected"]
