"""Which release of the product this is."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def release() -> str:
    """The version, as `/version` and `{{ app.version }}` say it."""
    try:
        return version("opsflux")
    except PackageNotFoundError:
        text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        return text.partition('version = "')[2].partition('"')[0]
