"""The resources under test: everything that is declared, by what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from app import declare
from app.kernel.manifest import Resource
from app.kernel.registry import registry

declare()
RESOURCES: list[Resource] = list(registry)
CREATABLE = [r for r in RESOURCES if r.form and r.creatable]
EDITABLE = [r for r in CREATABLE if r.editable]


def listed(resources: Sequence[Resource]) -> Any:
    """One test per resource."""
    return pytest.mark.parametrize("resource", resources, ids=lambda r: r.key)
