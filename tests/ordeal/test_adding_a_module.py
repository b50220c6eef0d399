"""`docs/adding-a-module.md`, followed to the letter in a scratch copy: one new folder, no other file, and everything works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.translations import catalogues

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adding-a-module.md"
MOST_LINES = 120
FILE = re.compile(r"`(app/modules/visitors/[\w.]+)`\n\n```python\n(.*?)```", re.DOTALL)

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(1500)]


def files() -> dict[str, str]:
    """The files that the page shows, by their path."""
    return dict(FILE.findall(PAGE.read_text(encoding="utf-8")))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what git tracks, with the same packages."""
    folder = tmp_path / "copy"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    for path in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        assert path.exists()
    return folder


def run(folder: Path, *command: str, limit: int = 900) -> str:
    """What a command prints; fails with it when the command fails."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("OPSFLUX_", "DATABASE_", "REDIS_", "PYTEST_"))}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=limit, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def fill_in(folder: Path) -> None:
    """Translate the module's own words, as the page asks."""
    for language in catalogues.LANGUAGES:
        part = catalogues.Part("visitors", (), folder / "app/modules/visitors/translations")
        catalogue = catalogues.read(part, language)
        for message in catalogues.words(catalogue):
            message.string = f"{message.id} ({language})"
        catalogues.write(part, language, catalogue)


def test_the_page_is_enough(copy: Path) -> None:
    written = files()
    by_hand = sum(1 for text in written.values() for line in text.splitlines() if line.strip())
    assert len(written) == 4
    assert by_hand < MOST_LINES, f"{by_hand} lines by hand"
    for name, text in written.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(text, encoding="utf-8")
    built = run(copy, sys.executable, "-m", "flask", "module", "build", "visitors")
    assert "migration: " in built
    assert list((copy / "app/modules/visitors/migrations").glob("0*.py"))
    fill_in(copy)
    run(copy, ".ci/check")
    said = run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract", "-k", "visitors", "-n", "2")
    assert int(re.search(r"(\d+) passed", said)[1]) >= 30  # type: ignore[index]
    mapped = run(copy, sys.executable, "-m", "flask", "map", "visits")
    assert "app/modules/visitors" in mapped
