"""“Who can …?” and “What can … do?”, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from flask import current_app

from app.core.access.decisions import can
from app.core.access.guarding import own_permissions
from app.core.access.matrix import cells
from app.core.access.reasons import roles_now
from app.kernel.current import Actor, matches
from app.kernel.registry import registry

VERBS = ("view", "create", "edit", "archive", "import", "export")
MOST = 500


@dataclass(frozen=True)
class Answer:
    """Somebody, or a permission, and by what."""

    name: str
    permission: str
    because: str


def known_permissions() -> list[str]:
    """Every permission that something asks for: of resources and their actions, of routes, and the organisation's own."""
    return sorted({*declared_permissions(), *own_permissions()})


@lru_cache(maxsize=1)
def declared_permissions() -> frozenset[str]:
    """What does not change while the application runs: what its resources, its routes and its modules ask for."""
    of_modules = {name for module in registry.modules.values() for name in module.permissions}
    of_records = {resource.permission(verb) for resource in registry.resources.values()
                  for verb in (*VERBS, *(action.name for action in resource.actions))}
    of_records |= {resource.choosing for resource in registry.resources.values()}
    return frozenset(of_records | of_modules | {cell.needs for cell in cells(current_app) if cell.needs.count(".") == 2})


def roles_giving(permission: str) -> set[str]:
    """The keys of the roles in use that give a permission, inherited or not, for some records at least."""
    return {held.key for held in roles_now() if any(matches(grant.pattern, permission) for grant in held.grants)}


def who_can(permission: str) -> list[Answer]:
    """The members who hold a permission, by name, at most 500."""
    from app.core import people  # people stands on access

    return [Answer(actor.name, permission, can(actor, permission).because) for actor in people.able(permission)[:MOST]]


def what_can(actor: Actor) -> list[Answer]:
    """What somebody may do, each with the reason."""
    decisions = ((name, can(actor, name)) for name in known_permissions())
    return [Answer(actor.name, name, decision.because) for name, decision in decisions if decision]
