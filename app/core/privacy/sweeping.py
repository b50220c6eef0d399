"""Replaces a name or an address wherever people wrote it, as a whole and nowhere else: who was erased must stand in no text.

What machines read (codes, hashes, keys, rules) is no place for a name and stays as it is; so do the trail and what was shown when
something was decided, whose hash proves the decision. Somebody else of the same name keeps it: the name then goes only from what belongs
to the member who is erased.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, select, text
from sqlalchemy.dialects.postgresql import JSONB

from app.core.people import Member
from app.kernel.current import current
from app.kernel.db import Base, session
from app.kernel.kinds import fold

KEPT = ("approval_request", "approval_decision")
PROSE = ("text", "long_text", "email", "answers")
WRITTEN = {  # columns that are no declared field, and hold what people wrote or were told
    "reports_run": ("layout",),
    "executive_run": ("inputs", "steps", "outputs", "recommendations", "evidence_bundle"), "run_proposal": ("payload",),
    "ai_proposal": ("inputs", "sources"),
    "form_draft": ("pairs",), "import_row": ("raw", "parsed", "errors", "before"), "import_run": ("problem", "stayed", "mapping_name"),
    "absence": ("uid",), "inbox_view": ("name",), "api_token": ("name",), "import_mapping": ("name",),
    "job": ("title", "arguments", "message", "cursor", "result", "error"), "job_line": ("text",),
    "lost_factor": ("reason", "outcome"),
    "mail_message": ("to_address", "sent_to", "subject", "text", "html", "headers", "facts", "last_error"),
    "mail_reply": ("sender", "subject", "said"), "mail_way": ("last_error",), "workflow_version": ("graph", "past"),
    "notification": ("title", "text"), "notification_delivery": ("recipient", "title", "content", "attempts"),
    "organisation": ("mail_footer", "erase_reason", "erase_asked_by"),
    "outbox": ("payload", "last_error"), "role_change": ("plan",), "setting": ("value",), "sso_domain": ("mailbox",),
    "sso_link": ("subject", "email"), "stored_file": ("name",), "used_key": ("answer",), "consent": ("wording",),
}

_START = r"(?:%s|(?<=\\[bfnrt]))"  # in JSON a new line is a letter after a backslash


def replace(before: str, after: str, member_id: UUID | None = None) -> None:
    """Write `after` for `before`, an address or a full name; for a name say whose it is."""
    address = "@" in before
    if not address and " " not in before.strip():
        return  # a single given name may stand for anybody
    only = member_id if member_id and _shared(before, member_id) else None
    for table, column in _columns():
        if only and not _belongs(table):
            continue
        folded = column.name.endswith("_key")
        _replace(table, column, fold(before) if folded else before, fold(after) if folded else after, only)


def _shared(name: str, member_id: UUID) -> bool:
    """Whether somebody else here has this name."""
    return bool(session().scalar(select(Member.id).where(
        Member.organisation_id == current.organisation.id, Member.name_key == fold(name), Member.id != member_id).limit(1)))


def _replace(table: Table, column: Column[Any], before: str, after: str, only: UUID | None) -> None:
    held = isinstance(column.type, JSONB)
    if held:
        before, after = json.dumps(before, ensure_ascii=False)[1:-1], json.dumps(after, ensure_ascii=False)[1:-1]
    theirs = " OR ".join(f'"{name}" = :only' for name in _belongs(table))
    whose = f" AND ({theirs})" if only else ""
    shown = "::jsonb" if held else ""
    session().execute(text(
        f"""UPDATE "{table.name}" SET "{column.name}" = regexp_replace("{column.name}"::text, :pattern, :after, 'gi'){shown}
            WHERE "{_home(table)}" = :here AND "{column.name}"::text ~* :pattern{whose}"""),
        {"pattern": whole(before), "after": after.replace("\\", "\\\\"), "here": current.organisation.id, "only": only})


def whole(words: str) -> str:
    """The pattern of PostgreSQL that finds these words as a whole: not within a longer name, nor an address within a longer one."""
    if "@" in words:
        return rf"{_START % '(?<![[:alnum:]._%%+-])'}{re.escape(words)}(?![[:alnum:]_-]|\.[[:alnum:]])"
    return rf"{_START % '(?<![[:alnum:]_])(?<![[:alnum:]]-)'}{re.escape(words)}(?!-?[[:alnum:]_])"


def _belongs(table: Table) -> tuple[str, ...]:
    """The columns of a table that name a member."""
    if table.name == Member.__tablename__:
        return ("id",)
    return tuple(column.name for column in table.c if column.name == "member_id"
                 or ((said := column.info.get("field")) and said.reference == Member.__tablename__))


def swept(table: Table) -> bool:
    """Whether names are replaced in a table: not in what is kept as it was, nor in what belongs to no organisation."""
    if not table.info.get("tenanted") or table.info.get("append_only") or _home(table) not in table.c:
        return False
    return not table.name.startswith("audit_") and table.name not in KEPT


def _home(table: Table) -> str:
    """The column that says whose a row is."""
    return str(table.info.get("column", "organisation_id"))


def _columns() -> Iterator[tuple[Table, Column[Any]]]:
    for table in filter(swept, Base.metadata.sorted_tables):
        for column in table.c:
            if _prose(table, column):
                yield table, column


def _prose(table: Table, column: Column[Any]) -> bool:
    said = column.info.get("field")
    if said is not None:
        return said.kind in PROSE and column.computed is None
    if column.name.endswith("_key"):
        origin = table.c.get(column.name.removesuffix("_key"))
        return origin is not None and origin.info.get("field") is not None
    return column.name in WRITTEN.get(table.name, ())
