"""Who gains and who loses what by a change of a role: the change is rehearsed, and everybody's rights compared before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.core.access.answers import known_permissions
from app.core.access.changing import carry_out
from app.core.access.models import Role, Scope
from app.core.access.plans import Plan
from app.core.access.reasons import roles_now
from app.kernel.current import Actor, Grant, current, matches
from app.kernel.db import session
from app.kernel.rehearsal import rehearsal

MOST = 200
Rights = dict[str, frozenset[tuple[str, str, UUID | None]]]


@dataclass(frozen=True)
class Effect:
    """What changes for one member: permissions gained, lost, and held on in another way."""

    name: str
    gains: list[str]
    loses: list[str]
    differs: list[str]
    is_you: bool = False


@dataclass(frozen=True)
class Impact:
    """The effects, the reader's own first, and how many members were not looked at because they are too many."""

    effects: list[Effect]
    unseen: int = 0


def impact(role: Role | None, plan: Plan) -> Impact:
    """Rehearse a change. Raises what carrying it out would raise."""
    from app.core import people  # people stand on access

    concerned = _holders(role, plan)
    looked_at = sorted(concerned, key=lambda each: (each != current.user.id, each))[:MOST]
    before = {actor.id: actor for actor in people.load_actors(looked_at)}
    with rehearsal() as work:
        carry_out(role, plan)
        work.flush()
        after = {actor.id: actor for actor in people.load_actors(looked_at)}
    names = known_permissions()
    known: dict[frozenset[Grant], Rights] = {}
    effects = [_effect(before[each], after[each], names, known) for each in looked_at if each in before and each in after]
    found = [effect for effect in effects if effect.gains or effect.loses or effect.differs]
    return Impact(sorted(found, key=lambda effect: not effect.is_you), len(concerned) - len(looked_at))


def _holders(role: Role | None, plan: Plan) -> set[UUID]:
    """Whoever has the role, or one that inherits from it, by any way, and whoever is to get it."""
    from app.core import people  # people stand on access

    found = {each.member_id for each in plan.give}
    if role is None:
        return found
    keys = {held.key for held in roles_now() if role.key in (held.key, *held.sources)} | {role.key, *_heirs(role)}
    rows = session().scalars(select(people.MemberRole.member_id).join(Role, Role.id == people.MemberRole.role_id).where(Role.key.in_(keys)))
    return found | {member_id for key, member_id in people.holding() if key in keys} | set(rows)


def _heirs(role: Role) -> set[str]:
    rows = session().execute(select(Role.id, Role.key, Role.parent_id)).all()
    found, ids = set(), {role.id}
    while fresh := {row.id: row.key for row in rows if row.parent_id in ids and row.id not in ids}:
        ids |= set(fresh)
        found |= set(fresh.values())
    return found


def _effect(before: Actor, after: Actor, names: Iterable[str], known: dict[frozenset[Grant], Rights]) -> Effect:
    was, now = _rights(before, names, known), _rights(after, names, known)
    return Effect(before.name, sorted(set(now) - set(was)), sorted(set(was) - set(now)),
                  sorted(name for name in set(was) & set(now) if was[name] != now[name]), before.id == current.user.id)


def _rights(actor: Actor, names: Iterable[str], known: dict[frozenset[Grant], Rights]) -> Rights:
    """How far somebody has each permission: its widest reach where one holds without a condition, otherwise every condition."""
    key = frozenset(actor.grants)
    if key not in known:
        scopes = [each.value for each in Scope]
        found: Rights = {}
        for name in names:
            held = [grant for grant in key if matches(grant.pattern, name)]
            free = max((scopes.index(g.scope) for g in held if not g.rule and g.site is None), default=-1)
            narrow = {(g.scope, g.rule, g.site) for g in held if (g.rule or g.site) and scopes.index(g.scope) > free}
            if held:
                found[name] = frozenset(narrow | ({(scopes[free], "", None)} if free >= 0 else set()))
        known[key] = found
    return known[key]
