"""Roles and permissions on one page: the matrix, who may do something, and what somebody may do and see; each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from sqlalchemy import select

from app.core.access.answers import known_permissions, what_can, who_can
from app.core.access.decisions import can, require
from app.core.access.models import Scope
from app.core.access.reach import WIDE
from app.core.access.reasons import Held, every_role
from app.core.access.sheets import kind_label, verb_label
from app.core.access.sight import visible
from app.core.access.wording import permission_label
from app.kernel.current import Actor, current, matches
from app.kernel.db import session
from app.kernel.kinds import fold
from app.kernel.registry import registry
from app.kernel.screens import screen

screens = Blueprint("access_overview", __name__)
VIEW, SEE_AS = "access.role.view", "impersonation.impersonation.begin"


@dataclass(frozen=True)
class Reach:
    """How far a role has a permission: in words, everywhere or not, always or only under a condition."""

    label: str
    everywhere: bool
    always: bool


@dataclass(frozen=True)
class Row:
    """A permission, what is done by it, and how far each role has it; none where it does not."""

    permission: str
    label: str
    reaches: tuple[Reach | None, ...]


@dataclass(frozen=True)
class Group:
    """The permissions about one kind of record."""

    label: str
    rows: list[Row]


@screens.get("/<org>/access/overview")
def overview() -> Response:
    """The matrix, narrowed by a search; who may do the permission that was chosen; what the member who was chosen may do and see."""
    require(current.user, VIEW)
    wanted, chosen, of = (request.args.get(name, "")[:120].strip() for name in ("q", "permission", "of"))
    roles = sorted(every_role(), key=lambda held: fold(held.label))
    person, ref = _actor(of)
    return screen("access/overview.html", block="answers", q=wanted, chosen=chosen, of=of, groups=_groups(roles, wanted),
                  roles=[(held.label, url_for("access_overview.edit_page", key=held.key)) for held in roles],
                  who=[(answer.name, answer.because) for answer in who_can(chosen)] if chosen else [],
                  person=person, what=_what(person, wanted), people=_people(),
                  as_url=url_for("access_overview.seen_as", ref=ref) if person and can(current.user, SEE_AS) else "",
                  new_url=url_for("access_overview.new_page") if can(current.user, "access.role.create") else "")


overview.needs = VIEW  # type: ignore[attr-defined]


def _groups(roles: list[Held], wanted: str) -> list[Group]:
    """The matrix, narrowed to what bears the wanted word in its key or in its label."""
    found: dict[str, Group] = {}
    for name in known_permissions():
        kind, said = kind_label(name.rpartition(".")[0]), verb_label(name)
        if fold(wanted) in fold(f"{name} {kind} {said}"):
            group = found.setdefault(name.rpartition(".")[0], Group(kind, []))
            group.rows.append(Row(name, said, tuple(_reach(held, name) for held in roles)))
    return [found[key] for key in sorted(found, key=lambda key: (key.partition(".")[0], fold(found[key].label)))]


def _reach(held: Held, permission: str) -> Reach | None:
    """How far a role has a permission: its widest grant, one without a condition before one with."""
    grants = [grant for grant in held.grants if matches(grant.pattern, permission)]
    if not grants:
        return None
    widest = max(grants, key=lambda grant: (not grant.rule, list(Scope).index(Scope(grant.scope))))
    return Reach(str(Scope(widest.scope).label), widest.scope in WIDE, not widest.rule)


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


def _what(actor: Actor | None, wanted: str) -> list[tuple[str, str]]:
    """What somebody may do, in words and by its key, and by what."""
    said = ((permission_label(answer.permission), answer.because) for answer in what_can(actor)) if actor else ()
    return [(label, because) for label, because in said if fold(wanted) in fold(label)]
