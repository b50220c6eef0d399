"""The published payment files and the mappings that read them; see README.md for source and licence."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def mappings() -> list[dict[str, Any]]:
    """The saved mappings: `name`, `resource`, `file` (its sample) and `mapping`."""
    return [json.loads(path.read_text()) for path in sorted(HERE.glob("*.json"))]


def payments(name: str) -> bytes:
    """A sample file as it was published."""
    return gzip.decompress((HERE / name).read_bytes())
