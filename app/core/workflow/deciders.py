"""Who is asked: described in a graph, resolved against today's members, so that nothing waits for nobody and nobody decides their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from app.core.workflow.directory import Directory
from app.core.workflow.graph import CHAINS, SEVERAL, Decider, Step
from app.kernel.current import Actor
from app.kernel.errors import Conflict
from app.kernel.fields import PEOPLE, fields_of

LAST_RESORTS = ("owner", "admin")


@dataclass(frozen=True)
class About:
    """What is decided: the record, who asks (for `user` in a condition), and what the run knows."""

    record: Any
    requester: UUID
    actor: Callable[[], Actor] | None = None
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Chosen:
    """The people who are asked and how many of them must agree. `crowd`: more are asked than are needed."""

    members: tuple[UUID, ...]
    crowd: bool
    needs: int


def role(directory: Directory, decider: Decider, _about: About) -> Iterable[UUID]:
    """Everybody who has a role now."""
    return directory.roles.get(decider.name, ())


def group(directory: Directory, decider: Decider, _about: About) -> Iterable[UUID]:
    """Everybody in a group and in those below it."""
    return directory.in_group(_id(decider.name))


def rota(directory: Directory, decider: Decider, _about: About) -> Iterable[UUID]:
    """Whoever is on duty at this moment."""
    return directory.on_duty(_id(decider.name))


def expression(directory: Directory, decider: Decider, about: About) -> Iterable[UUID]:
    """The members for whom a condition holds; `user` in it is the one who asks."""
    rule = decider.condition.rule if decider.condition else ""
    return directory.for_whom(rule, about.actor(), about.said) if rule and about.actor else ()


def able(directory: Directory, decider: Decider, about: About) -> Iterable[UUID]:
    """The members who have a permission now, without those who could not agree to this record: they have less than it gives."""
    return directory.able(decider.name, about.record)


def manager(directory: Directory, decider: Decider, about: About) -> Iterable[UUID]:
    """The manager of the one who asks, and those above."""
    return list(directory.managers_of(about.requester))[decider.up - 1:]


def manager_of_member(directory: Directory, decider: Decider, about: About) -> Iterable[UUID]:
    """The manager of the member whom a field names, and those above; of a group, those of its members."""
    named = linked(about.record, decider.name)
    people = (directory.in_group(named) or [named]) if named else []
    return [above for each in people for above in list(directory.managers_of(each))[decider.up - 1:]]


def manager_of_place(directory: Directory, decider: Decider, about: About) -> Iterable[UUID]:
    """The manager of the department that a field names, and of those above it."""
    return list(directory.managers_upwards(linked(about.record, decider.name)))[decider.up - 1:]


def of_field(directory: Directory, decider: Decider, about: About) -> Iterable[UUID]:
    """The member whom a field names, or everybody in the group that it names."""
    return directory.meant(linked(about.record, decider.name))


def by_name(directory: Directory, decider: Decider, _about: About) -> Iterable[UUID]:
    """One member."""
    named = _id(decider.name)
    return [named] if named in directory.members else []


Rule = Callable[[Directory, Decider, About], Iterable[UUID]]
KINDS: dict[str, Rule] = {"manager": manager, "manager_of_member": manager_of_member, "manager_of_place": manager_of_place,
                          "field": of_field, "member": by_name, "role": role, "group": group, "rota": rota, "expression": expression,
                          "able": able}


def found(directory: Directory, deciders: Iterable[Decider], about: About, excluded: set[UUID]) -> list[UUID]:
    """The people whom the descriptions mean, each once: of a chain the first who may, of a role or group all who may."""
    people: dict[UUID, None] = {}
    for decider in deciders:
        candidates = [each for each in KINDS[decider.by](directory, decider, about) if each not in excluded]
        people.update(dict.fromkeys(candidates[:1] if decider.by in CHAINS else candidates))
    return list(people)


def choose(directory: Directory, step: Step, about: About, excluded: set[UUID]) -> Chosen:
    """Whom a step asks, without those who may not decide it; when too few are left, the fallback role and then the last resorts.

    Raises `Conflict` when nobody in the whole organisation could decide.
    """
    barred = excluded | conflicted(directory, step.apart, about.record)
    people = found(directory, step.deciders, about, barred)
    wanted = step.needs.value if step.needs.rule == "count" else max(step.needs.of(len(people)), 1)
    crowd = any(_asks_several(directory, decider, about) for decider in step.deciders) and len(people) > wanted
    for name in (step.fallback, *LAST_RESORTS):
        if len(people) >= wanted:
            break
        people += [each for each in directory.roles.get(name, ()) if each not in barred and each not in people]
    if not people:
        raise Conflict(_("Nobody could decide this: everybody who might has made or decided it before. Name another manager or owner."))
    return Chosen(tuple(people), crowd, min(wanted, len(people)))


def _asks_several(directory: Directory, decider: Decider, about: About) -> bool:
    """Whether it means several people: a role, a duty, a group, also one that stands in a field."""
    return decider.by in SEVERAL or (decider.by == "field" and linked(about.record, decider.name) in directory.groups)


def conflicted(directory: Directory, apart: Iterable[str], record: Any) -> set[UUID]:
    """Who is too near: the members whom these fields of the record name, and those with an address of the records that they name."""
    fields = fields_of(type(record)) if apart else {}
    barred: set[UUID] = set()
    for name in apart:
        named = fields.get(name)
        value = linked(record, name)
        if named is None or value is None:
            continue
        barred |= {value, *directory.meant(value)} if named.reference == PEOPLE else directory.at_addresses_of(named.reference, value)
    return barred


def linked(record: Any, name: str) -> Any:
    """The id that a field of the record refers to."""
    described = fields_of(type(record)).get(name)
    return getattr(record, described.attribute if described else f"{name}_id", None)


def _id(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
