"""The lock is whole for every Python that the product runs on, whichever one it was written with."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==", re.MULTILINE)
LINUX = {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64", "platform_python_implementation": "CPython",
         "implementation_name": "cpython", "os_name": "posix", "extra": ""}


def pinned(name: str) -> set[str]:
    """The packages that a lock file pins."""
    return {canonicalize_name(found) for found in PIN.findall((ROOT / name).read_text(encoding="utf-8"))}


@pytest.mark.parametrize("version", ["3.11.0", "3.11.2", "3.12.0", "3.13.0", "3.14.0"])
@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_what_a_pinned_package_needs_is_pinned(name: str, version: str) -> None:
    numbers = {"python_version": version.rpartition(".")[0], "python_full_version": version, "implementation_version": version}
    circumstances = LINUX | numbers
    there = pinned(name) | pinned("requirements.txt")
    missing = [f"{package} needs {line}" for package in sorted(pinned(name)) for line in requires(package) or ()
               if (need := Requirement(line)) and canonicalize_name(need.name) not in there
               and (need.marker is None or need.marker.evaluate(circumstances))]
    assert missing == []
