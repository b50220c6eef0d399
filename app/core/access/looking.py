"""“View as this member”: their menu, lists and what they may do there, worked out from their rights. Nobody acts, no session begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.core import audit
from app.core.access.answers import VERBS
from app.core.access.decisions import Decision, can, require
from app.core.access.reasons import every_role
from app.core.access.sheets import verb_label
from app.core.access.sight import visible
from app.core.access.views import SEE_AS, screens
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.errors import Forbidden, NotFound
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.screens import screen

FIRST = 5


@dataclass(frozen=True)
class Verb:
    """Something that can be done with a kind of record, and whether this member may, and why."""

    label: str
    decision: Decision


@dataclass(frozen=True)
class Seen:
    """A list as the member sees it. `rows` are the first of those that the reader may see too; `hidden` says why there are none."""

    label: str
    icon: str
    count: int
    rows: list[tuple[str, str]]
    verbs: list[Verb]
    hidden: str = ""


@screens.get("/<org>/access/overview/as/<ref>")
def seen_as(ref: str) -> Response:
    """What somebody sees and may do; kept in the trail, as a look at them."""
    from app.core import people  # people stand on access

    require(current.user, SEE_AS)
    if current.user.impersonator is not None:
        raise Forbidden(_("You see what %(name)s sees already.", name=current.user.name))
    member = session().scalar(select(people.Member).where(
        people.Member.reference == ref, visible(registry.resource("people.member"), current.user)))
    if member is None:
        raise NotFound
    audit.note("access.member.preview", resource="people.member", record=member)
    actor = people.load_actor(current.organisation, member.id)
    held = {held.key: held.label for held in every_role()}
    return screen("access/seen_as.html", member=member, person=actor, roles=[held.get(key, key) for key in actor.roles] if actor else [],
                  menu=_menu(actor) if actor else [],
                  lists=[_seen(resource, actor) for resource in _viewed(actor)] if actor else [])


seen_as.needs = SEE_AS  # type: ignore[attr-defined]


def _menu(actor: Actor) -> list[tuple[str, list[tuple[str, str]]]]:
    """The sections of their menu, each with its places: label and icon."""
    from app.core.menu import places  # the menu stands on access

    sections: dict[str, list[tuple[str, str]]] = {}
    for entry in places(actor):
        sections.setdefault(str(entry.section), []).append((str(entry.label), entry.icon))
    return list(sections.items())


def _viewed(actor: Actor) -> list[Resource]:
    return [resource for resource in registry if resource.menu and can(actor, resource.permission("view"))]


def _seen(resource: Resource, actor: Actor) -> Seen:
    model: Any = resource.model
    theirs = select(model).where(visible(resource, actor), model.archived_at.is_(None))
    count = session().scalar(select(func.count()).select_from(theirs.with_only_columns(model.id).subquery())) or 0
    found = session().scalars(theirs.where(visible(resource, current.user)).order_by(model.created_at.desc()).limit(FIRST)).all() \
        if not resource.confidential else []
    hidden = _("Confidential: open the list itself to read it.") if resource.confidential else ""
    verbs = [verb for verb in VERBS if verb not in _missing(resource)] + [action.name for action in resource.actions]
    return Seen(str(resource.plural), resource.icon, count, [_row(resource, each) for each in found],
                [Verb(verb_label(resource.permission(verb)), can(actor, resource.permission(verb))) for verb in verbs], hidden)


def _missing(resource: Resource) -> set[str]:
    """The verbs that a declaration leaves out."""
    left_out = {"create": resource.creatable and resource.form, "edit": resource.editable and resource.form,
                "import": resource.importable and resource.form, "export": resource.exportable}
    return {verb for verb, there in left_out.items() if not there}


def _row(resource: Resource, record: Any) -> tuple[str, str]:
    title = fields_of(resource.model).get(resource.title)
    return str(record.reference), str(title.display(record)) if title is not None and title.kind != "reference" else ""
