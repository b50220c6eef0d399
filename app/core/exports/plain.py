"""A row as plain values, for whoever takes their data along: all that it says, but for secrets and what is only worked out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.dialects.postgresql import TSVECTOR

from app.core import audit

HIDDEN = ("secret", "password", "hash", "token", "digest", "wrapped")


def plain(model: Any, row: Any) -> dict[str, Any]:
    """The values of a mapped row by attribute."""
    return {name: audit.machine(getattr(row, name)) for name in shown(model)}


def shown(model: Any) -> list[str]:
    """The attributes of a model that are handed out."""
    return [str(attribute.key) for attribute in model.__mapper__.column_attrs
            if not isinstance(attribute.columns[0].type, LargeBinary | TSVECTOR) and not any(word in attribute.key for word in HIDDEN)]
