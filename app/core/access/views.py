"""Roles and permissions on one page: the matrix, who may do something, and what somebody may do and see; each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from sqlalchemy import select

from app.core.access.answers import Answer, known_permissions, what_can, who_can
from app.core.access.decisions import can, require
from app.core.access.models import Scope
from app.core.access.reasons import Held, every_role
from app.core.access.sight import visible
from app.kernel.current import Actor, current, matches
from app.kernel.db import session
from app.kernel.kinds import fold
from app.kernel.registry import registry
from app.kernel.screens import screen

screens = Blueprint("access_overview", __name__)
VIEW, SEE_AS = "access.role.view", "impersonation.impersonation.begin"


@dataclass(frozen=True)
class Row:
    """A permission and how far each role has it; an empty text where it does not."""

    permission: str
    reaches: tuple[str, ...]


@screens.get("/<org>/access/overview")
def overview() -> Response:
    """The matrix, narrowed by a search; who may do the permission that was chosen; what the member who was chosen may do and see."""
    require(current.user, VIEW)
    wanted, chosen, of = (request.args.get(name, "")[:120].strip() for name in ("q", "permission", "of"))
    roles = sorted(every_role(), key=lambda held: fold(held.label))
    rows = [Row(name, tuple(_reach(held, name) for held in roles)) for name in known_permissions() if fold(wanted) in fold(name)]
    person, ref = _actor(of)
    return screen("access/overview.html", block="answers", q=wanted, chosen=chosen, of=of, rows=rows,
                  roles=[(held.label, url_for("access_overview.edit_page", key=held.key)) for held in roles],
                  who=who_can(chosen) if chosen else [], person=person, what=_what(person, wanted), people=_people(),
                  as_url=url_for("access_overview.seen_as", ref=ref) if person and can(current.user, SEE_AS) else "",
                  new_url=url_for("access_overview.new_page") if can(current.user, "access.role.create") else "")


overview.needs = VIEW  # type: ignore[attr-defined]


def _reach(held: Held, permission: str) -> str:
    """How far a role has a permission, in words; conditions are marked."""
    grants = [grant for grant in held.grants if matches(grant.pattern, permission)]
    if not grants:
        return ""
    widest = max(grants, key=lambda grant: (not grant.rule, list(Scope).index(Scope(grant.scope))))
    return str(Scope(widest.scope).label) + (" *" if widest.rule else "")


def _actor(raw: str) -> tuple[Actor | None, str]:
    """Somebody who was chosen, able to act, and their reference."""
    from app.core import people  # people stands on access

    try:
        member_id = UUID(raw)
    except ValueError:
        return None, ""
    ref = session().scalar(select(people.Member.reference).where(
        people.Member.id == member_id, visible(registry.resource("people.member"), current.user)))
    return (people.load_actor(current.organisation, member_id), ref) if ref else (None, "")


def _people() -> list[tuple[str, str]]:
    from app.core.people import Member

    rows = session().execute(select(Member.id, Member.name).where(
        visible(registry.resource("people.member"), current.user), Member.archived_at.is_(None)).order_by(Member.name_key).limit(500))
    return [(str(row.id), row.name) for row in rows]


def _what(actor: Actor | None, wanted: str) -> list[Answer]:
    return [answer for answer in what_can(actor) if fold(wanted) in fold(answer.permission)] if actor else []
