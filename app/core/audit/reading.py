"""Looking is in the trail too: at the trail itself, at a record, at what is confidential."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import request
from sqlalchemy import select

from app.core.audit.models import AuditEntry
from app.core.audit.writer import note
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.manifest import Resource

AGAIN = timedelta(minutes=10)  # a page that asks again by itself is not a new look


def note_look(asked: Mapping[str, str], entry: Any = None) -> None:
    """Somebody looks at the trail, narrowed as asked, or at one entry of it."""
    if request.method == "HEAD":
        return
    said: dict[str, Any] = {"filters": dict(asked)}
    record_id = entry.id if entry is not None else None
    recent = session().scalars(select(AuditEntry).where(
        AuditEntry.organisation_id == current.organisation.id, AuditEntry.actor_id == current.user.id,
        AuditEntry.at > clock.now() - AGAIN, AuditEntry.action == "audit.entry.view"))
    if not any(each.context == said and each.record_id == record_id for each in recent):
        note("audit.entry.view", resource="audit.entry", record_id=record_id, context=said)


def is_confidential(resource: Resource, record: Any = None) -> bool:
    """Whether the declaration says that this is not read without a trace."""
    said = resource.confidential
    return bool(said(record)) if callable(said) and record is not None else bool(said)


def note_read(resource: Resource, record: Any, **said: Any) -> None:
    """Somebody opens a record, or takes a file of it. What cannot be written down is not shown."""
    if current.is_signed_in and request.method != "HEAD":
        context = {**said, "confidential": True} if is_confidential(resource, record) else said
        note(resource.permission("view"), resource=resource.key, record=record, context=context)


def note_list(resource: Resource, rows: int, filters: str) -> None:
    """Somebody sees a list of what is confidential."""
    if resource.confidential is True and current.is_signed_in and rows:
        note(resource.permission("view"), resource=resource.key, context={"confidential": True, "rows": rows, "filters": filters[:500]})
