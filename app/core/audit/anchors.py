"""Checkpoints outside the database: a line each in `var/audit/checkpoints.jsonl`, so that a chain cut short is noticed."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from flask import current_app

from app.core.audit.canonical import canonical

log = logging.getLogger(__name__)


def path() -> Path:
    """Where this copy keeps its anchors."""
    found: Path = current_app.extensions["settings"].var / "audit" / "checkpoints.jsonl"
    return found


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A checkpoint as it is written out: hashes in hexadecimal."""
    return {"organisation_id": row["organisation_id"], "seq": row["seq"], "head": bytes(row["head"]).hex(), "at": row["at"],
            "signature": bytes(row["signature"]).hex()}


def keep(row: Mapping[str, Any]) -> None:
    """Add a committed checkpoint to the file; a full disk is logged, and the next checkpoint covers this one."""
    try:
        path().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, canonical(plain(row)) + b"\n")
        finally:
            os.close(handle)
    except OSError:
        log.exception("An audit checkpoint could not be written to %s", path())


def kept() -> dict[UUID, list[dict[str, Any]]]:
    """The anchors of every chain in this copy's file; a last line that was cut while being written is passed over."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    if path().exists():
        for line in path().read_bytes().splitlines():
            try:
                said = orjson.loads(line)
                found.setdefault(UUID(said["organisation_id"]), []).append(said)
            except (orjson.JSONDecodeError, KeyError, ValueError):
                continue
    return found
