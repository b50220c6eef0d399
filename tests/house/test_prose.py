"""Whatever people may have written is found when somebody is erased: each column of text says whether it is prose or for machines."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask
from sqlalchemy import String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.core.privacy.sweeping import WRITTEN, swept
from app.kernel.db import Base

# Codes, keys, hashes, rules, paths and names of files within the program: nobody's name is written there by anybody; and the name that an
# organisation keeps whoever leaves it. What people write, or are told, stands in `WRITTEN` instead, or is a declared field.
FOR_MACHINES = {
    "ai_proposal": ("about_kind", "about_reference"),
    "approval_delegation": ("rule",), "approval_seat": ("further",),
    "api_usage": ("endpoint", "spread"),
    "api_token": ("secret_hash", "former_hash", "hint", "scopes", "addresses", "last_used_from"), "custom_permission": ("rule",),
    "executive_run": ("evidence_hash",),
    "form_draft": ("form",), "import_mapping": ("resource", "mapping"), "import_related": ("resource", "mark"),
    "import_row": ("state", "way", "mark"), "import_run": ("resource", "shape", "mapping"),
    "dashboards_arrangement": ("board", "places"), "inbox_view": ("query",), "job": ("function", "key", "state", "request_id"),
    "lost_factor": ("source",),
    "mail_message": ("language", "template", "optional", "writer", "secrets", "thread", "key", "effect_id", "message_id", "way",
                     "enclosed", "about_kind", "reply_hash"),
    "mail_reply": ("mark",),
    "mail_way": ("name",),
    "member": ("agency", "preferences"), "member_grant": ("rule",), "notification": ("kind", "path", "key"),
    "notification_delivery": ("key", "number"), "push_device": ("name", "address"),
    "organisation": ("slug", "name", "currency", "timezone", "language", "languages", "colour", "colour_dark"),
    "organisation_slug": ("slug",),
    "outbox": ("kind", "name", "key", "lane", "risk", "state", "request_id"), "record_file": ("resource",),
    "reference_counter": ("prefix",), "reports_run": ("source",),
    "saved_view_first": ("of_list",), "tagging": ("resource",),
    "role_grant": ("rule",), "schedule_tick": ("name",), "scheduler_lead": ("holder",), "search_entry": ("resource", "reference"),
    "search_word": ("word",), "security_alert": ("mark",), "sso_attempt": ("state_hash", "browser_hash", "nonce", "verifier", "wanted"),
    "sso_link": ("given",), "sso_provider": ("certificate",), "stored_file": ("content_type", "sha256", "place", "purpose"),
    "used_key": ("key", "content"),
}


def _undeclared() -> Iterator[tuple[str, str]]:
    """The columns that may hold text and are no declared field, nor the folded key of one."""
    for table in Base.metadata.sorted_tables:
        if not swept(table):
            continue
        for column in table.c:
            origin = table.c.get(column.name.removesuffix("_key")) if column.name.endswith("_key") else None
            declared = column.info.get("field") is not None or (origin is not None and origin.info.get("field") is not None)
            if isinstance(column.type, String | JSONB | ARRAY) and column.computed is None and not declared:
                yield table.name, column.name


def _said(lists: dict[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    return {(table, column) for table, columns in lists.items() for column in columns}


def test_each_column_of_text_says_whether_people_write_there(app: Flask) -> None:
    silent = set(_undeclared()) - _said(WRITTEN) - _said(FOR_MACHINES)
    assert silent == set(), "name them in app/core/privacy/sweeping.py when people write there or are told of somebody, or here"


def test_nothing_is_said_twice_or_of_columns_that_are_not_there(app: Flask) -> None:
    assert _said(WRITTEN) & _said(FOR_MACHINES) == set()
    assert (_said(WRITTEN) | _said(FOR_MACHINES)) - set(_undeclared()) == set()
