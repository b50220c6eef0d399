"""Notices as pages show them: what is critical first, what is about one record together, with what can be done about it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import Select, select

from app.core import approvals
from app.core.notifications.models import Category, Mute, Notification, Priority
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.kinds import show_moment

SIZE, IN_PANEL = 50, 8
ICONS = {"approval": "inbox", "decision": "inbox", "watched": "eye", "job": "list-todo", "announcement": "megaphone",
         "deadline": "calendar-clock"}
OF_CATEGORY = {Category.SYSTEM: "settings", Category.SOCIAL: "users", Category.ALERT: "triangle-alert"}


@dataclass(frozen=True)
class Shown:
    """A part of somebody's notices: the critical ones that are unread, the others, and the id after which the older ones begin."""

    urgent: list[dict[str, Any]]
    others: list[dict[str, Any]]
    before: str = ""


def notices(*, before: UUID | None = None, category: Category | None = None, size: int = SIZE) -> Shown:
    """The reader's own, newest first; what is critical and unread stands above all of it, on the first page."""
    mine = _mine(category)
    urgent = list(session().scalars(mine.where(_urgent()).limit(size))) if before is None else []
    rest = mine.where(~_urgent())
    found = list(session().scalars((rest.where(Notification.id < before) if before else rest).limit(size + 1)))
    shown, offered, quiet = found[:size], _offers([*urgent, *found[:size]]), _muted([*urgent, *found[:size]])
    older = str(shown[-1].id) if len(found) > size else ""
    return Shown([_line(each, offered, quiet) for each in urgent], _together(shown, offered, quiet), older)


def _mine(category: Category | None) -> Select[tuple[Notification]]:
    wanted = select(Notification).where(Notification.member_id == current.user.id, Notification.shown_at <= clock.now())
    return (wanted.where(Notification.category == category) if category else wanted).order_by(Notification.id.desc())


def _urgent() -> Any:
    return (Notification.priority == Priority.CRITICAL) & Notification.read_at.is_(None)


def _together(found: Sequence[Notification], offered: dict[UUID, dict[str, str]], quiet: set[UUID]) -> list[dict[str, Any]]:
    """One line for all unread notices about one record: the newest, with how many stand behind it."""
    lines: list[dict[str, Any]] = []
    at: dict[UUID, dict[str, Any]] = {}
    for notice in found:
        first = at.get(notice.record_id) if notice.record_id and notice.read_at is None else None
        if first is not None:
            first["more"] += 1
            continue
        lines.append(_line(notice, offered, quiet))
        if notice.record_id and notice.read_at is None:
            at[notice.record_id] = lines[-1]
    return lines


def _offers(found: Sequence[Notification]) -> dict[UUID, dict[str, str]]:
    """What waits for the reader's decision, of what these notices are about."""
    about = {each.record_id for each in found if each.kind == "approval" and each.record_id}
    return approvals.offered(about) if about else {}


def _muted(found: Sequence[Notification]) -> set[UUID]:
    about = {each.record_id for each in found if each.record_id}
    if not about:
        return set()
    return set(session().scalars(select(Mute.record_id).where(Mute.member_id == current.user.id, Mute.record_id.in_(about))))


def _line(notice: Notification, offered: dict[UUID, dict[str, str]], quiet: set[UUID]) -> dict[str, Any]:
    unread, about = notice.read_at is None, notice.record_id
    return {"id": str(notice.id), "title": notice.title, "text": notice.text, "when": show_moment(notice.shown_at), "unread": unread,
            "more": 0, "critical": notice.critical, "category": notice.category.label,
            "icon": ICONS.get(notice.kind) or OF_CATEGORY.get(notice.category, "bell"),
            "url": notice.path or url_for("bell.listing"),
            "seen_url": url_for("bell.seen", notice_id=notice.id) if unread else "",
            "offer": offered.get(about) if about and notice.kind == "approval" else None,
            "approve_url": url_for("bell.approve", notice_id=notice.id), "muted": about in quiet,
            "mute_url": url_for("bell.mute", notice_id=notice.id) if about else ""}
