"""The screen of the trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from app.core import access
from app.core.audit.history import Filters, listed
from app.kernel.current import current
from app.kernel.errors import Invalid
from app.kernel.kinds import Unreadable, read_date
from app.kernel.screens import screen

screens = Blueprint("trail", __name__)
VIEW = "audit.entry.view"
LONGEST = 120


@screens.get("/<org>/audit/")
def listing() -> Response:
    """Everything that happened here, newest first."""
    access.require(current.user, VIEW)
    typed = {name: request.args.get(name, "").strip()[:LONGEST] for name in ("actor", "action", "record", "since", "until", "before")}
    page = listed(_filters(typed))
    asked: dict[str, Any] = {name: value for name, value in typed.items() if value and name != "before"}
    older = url_for("trail.listing", **asked, before=str(page.older)) if page.older else ""
    newest = url_for("trail.listing", **asked) if typed["before"] else ""
    return screen("audit/trail.html", block="results", entries=page.entries, typed=typed, older=older, newest=newest)


listing.needs = VIEW  # type: ignore[attr-defined]


def _filters(typed: Mapping[str, str]) -> Filters:
    return Filters(actor=typed["actor"], action=typed["action"], record=typed["record"], since=_day("since", typed["since"]),
                   until=_day("until", typed["until"]), before=_place(typed["before"]))


def _day(name: str, raw: str) -> date | None:
    try:
        return read_date(raw) if raw else None
    except Unreadable as error:
        raise Invalid({name: [str(error)]}) from None


def _place(raw: str) -> UUID | None:
    try:
        return UUID(raw) if raw else None
    except ValueError:
        raise Invalid({"before": [_("This page of the list does not exist.")]}) from None
