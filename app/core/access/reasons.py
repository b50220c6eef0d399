"""Why, and why not: the sentences of a decision, and who else may."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from babel.numbers import format_decimal
from flask import g, has_app_context
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import or_, select, text

from app.core.access.models import MemberGrant, Role, RoleGrant, Scope
from app.core.access.reach import WIDE
from app.core.access.roles import role_labels
from app.core.access.rules import COMPARE, holds, in_python
from app.kernel import clock
from app.kernel.current import Actor, Grant, current, matches
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.kinds import major_units

NOBODY = Actor(id=UUID(int=1), name="")
_NAMED = text("SELECT name FROM member WHERE organisation_id = :organisation AND id = ANY(:ids) "
              "AND status = 'active' AND archived_at IS NULL")
_PLACE = text("SELECT name FROM site WHERE organisation_id = :organisation AND id = :id")


@dataclass(frozen=True)
class Held:
    """What a role gives, with what it inherits."""

    key: str
    label: str
    grants: tuple[Grant, ...]
    sources: tuple[str, ...]


def missing(action: str) -> str:
    """Why not, when somebody does not hold a permission at all, or only looks at what another sees."""
    if said := _while_looking(action):
        return said
    names = holders(action)
    if not names:
        return _("You need %(permission)s, which no role has.", permission=action)
    if len(names) == 1:
        return _("You need %(permission)s, which %(role)s has.", permission=action, role=names[0])
    return _("You need %(permission)s, which %(roles)s and %(last)s have.", permission=action, roles=", ".join(names[:-1]), last=names[-1])


def _while_looking(action: str) -> str:
    """Why not, for whoever sees another's pages: the other may hold it, and yet it is not for whoever looks."""
    user = current.context.user
    if user is None or user.impersonator is None or user.is_meant_for(action):
        return ""
    if user.impersonator.looks_only:
        return _("You only look at what %(name)s sees; meanwhile nothing is changed.", name=user.name)
    return _("You see what %(name)s sees. This is done only by themselves.", name=user.name)


def beyond(user: Actor, action: str, grants: Sequence[Grant], record: Any, said: Mapping[str, Any]) -> str:
    """Why not, when somebody holds it, but not for this."""
    failing = next((grant for grant in grants if grant.rule and not holds(grant.rule, user, record, said)), None)
    if failing is None:
        reach = ", ".join(sorted({str(Scope(grant.scope).label) for grant in grants}))
        return _("You have %(permission)s only for: %(reach)s. This record is outside.", permission=action, reach=reach)
    why = _failed(json.loads(failing.rule), user, record, said)
    others = holders(action, record)
    if not others:
        return why
    if len(others) == 1:
        return _("%(why)s %(name)s may.", why=why, name=others[0])
    return _("%(why)s %(names)s and %(last)s may.", why=why, names=", ".join(others[:-1]), last=others[-1])


def _failed(rule: list[Any], user: Actor, record: Any, said: Mapping[str, Any]) -> str:
    """The first part of a rule that does not hold, as a sentence."""
    if rule[0] == "and":
        return next(_failed(part, user, record, said) for part in rule[1:] if not in_python(json.dumps(part))(user, record, said))
    match rule:
        case ["record", attribute, _kind, "<" | "<=", values, False, _currency] if getattr(record, attribute, None) is not None:
            return _("%(value)s is above your limit of %(limit)s.", value=_shown(record, attribute), limit=_number(values[0]))
        case ["record", attribute, _kind, ">" | ">=", values, False, _currency] if getattr(record, attribute, None) is not None:
            return _("%(value)s is below your limit of %(limit)s.", value=_shown(record, attribute), limit=_number(values[0]))
        case ["second_factor", False]:
            return _("This needs a sign-in with a second factor.")
        case ["circumstance", "network", *_rest]:
            return _("This is not allowed from the network that you use now.")
        case ["circumstance", "time" | "weekday", *_rest]:
            return _("This is not allowed at this time.")
    return _("You may do this only if: %(condition)s.", condition=in_words(rule, type(record)))


def _shown(record: Any, attribute: str) -> str:
    described = next((f for f in fields_of(type(record)).values() if f.attribute == attribute), None)
    if described is not None and described.kind == "money":
        return _number(major_units(getattr(record, attribute), described.currency_of(record)))
    return described.display(record) if described is not None else str(getattr(record, attribute))


def _number(raw: Any) -> str:
    try:
        return str(format_decimal(raw, locale=get_locale() or "en"))
    except (ArithmeticError, TypeError, ValueError):
        return str(raw)


def in_words(rule: list[Any], model: type | None = None) -> str:
    """A rule as it could be written, fields by their labels."""
    match rule:
        case ["and", *parts]:
            return _(" and ").join(in_words(part, model) for part in parts)
        case ["or", *parts]:
            return "(" + _(" or ").join(in_words(part, model) for part in parts) + ")"
        case ["own", negated]:
            return _("it is not your own") if negated else _("it is your own")
        case ["second_factor", _negated]:
            return _("you signed in with a second factor")
        case ["empty", attribute, negated]:
            name = _label(model, attribute)
            return _("%(field)s is given", field=name) if negated else _("%(field)s is empty", field=name)
        case ["record", attribute, _kind, sign, values, negated, _currency]:
            return f"{_label(model, attribute)} {_sign(sign, values, negated)} {', '.join(_said(v) for v in values)}"
        case [_kind, name, sign, values, negated]:
            return f"{name} {_sign(sign, values, negated)} {', '.join(_said(v) for v in values)}"
    return ""


def _said(value: Any) -> str:
    return {"id": _("you"), "site_id": _("your site"), "department_id": _("your department")}.get(value[1], _("today")) \
        if isinstance(value, list) else _number(value) if not isinstance(value, str) else value


def _sign(sign: str, values: Sequence[Any], negated: bool) -> str:
    if sign in COMPARE:
        return {"<": "≥", "<=": ">", ">": "≤", ">=": "<"}[sign] if negated else {"<=": "≤", ">=": "≥"}.get(sign, sign)
    return ("≠" if negated else "=") if len(values) == 1 else ("∉" if negated else "∈")


def _label(model: type | None, attribute: str) -> str:
    known = fields_of(model).values() if model is not None and hasattr(model, "__mapper__") else ()
    return next((str(f.label) for f in known if f.attribute == attribute), attribute)


def by_which(grant: Grant) -> str:
    """“by the role HSE manager, at Rowan”."""
    parts = [_source(grant)]
    if grant.site is not None:
        name = session().execute(_PLACE, {"organisation": current.organisation.id, "id": grant.site}).scalar()
        parts.append(_("only at %(site)s", site=name or "?"))
    elif grant.scope not in WIDE:
        parts.append(str(Scope(grant.scope).label))
    if grant.rule:
        parts.append(_("only if %(condition)s", condition=in_words(json.loads(grant.rule))))
    return ", ".join(parts)


def _source(grant: Grant) -> str:
    if not grant.role:
        return _("by the single permission %(reference)s", reference=grant.via)
    label = next((held.label for held in every_role() if held.key == grant.role), grant.role)
    if grant.via:
        return _("by the role %(role)s of the group %(group)s", role=label, group=grant.via)
    return _("by the role %(role)s", role=label)


def holders(permission: str, record: Any = None) -> list[str]:
    """Who holds a permission (for a record, if one is given): labels of roles, the narrowest first and at most three, then people who
    have it singly; the owner only when nobody else does."""
    ranked = sorted((_width(giving), held.key, held.label) for held in every_role() if (giving := _giving(held.grants, permission, record)))
    named = [label for _rank, key, label in ranked if key != "owner"][:3] + _singly(permission, record)
    return named or [label for _rank, _key, label in ranked]


def _giving(grants: Iterable[Grant], permission: str, record: Any) -> list[Grant]:
    held = [grant for grant in grants if matches(grant.pattern, permission)]
    if record is None:
        return held
    return [grant for grant in held if grant.scope in WIDE and holds(grant.rule, NOBODY, record, {})]


def _width(grants: Sequence[Grant]) -> int:
    """That of the widest: what a role inherits makes it no narrower."""
    return max(grant.pattern.count("*") for grant in grants)


def _singly(permission: str, record: Any) -> list[str]:
    now = clock.now()
    live = select(MemberGrant).where(MemberGrant.archived_at.is_(None), or_(MemberGrant.ends_at.is_(None), MemberGrant.ends_at > now),
                                     or_(MemberGrant.starts_at.is_(None), MemberGrant.starts_at <= now)).limit(50)
    kept = g.setdefault("single_grants", {}) if has_app_context() else {}
    if current.organisation.id not in kept:
        kept[current.organisation.id] = list(session().scalars(live))
    ids = [s.member_id for s in kept[current.organisation.id]
           if _giving([Grant(s.pattern, str(s.scope), rule=s.rule or "")], permission, record)]
    return sorted(session().execute(_NAMED, {"organisation": current.organisation.id, "ids": ids}).scalars())[:3] if ids else []


def every_role() -> list[Held]:
    """Every role in use with what it gives and inherits, read once per request."""
    kept = g.setdefault("access_roles", {}) if has_app_context() else {}
    wanted = current.organisation.id
    if wanted not in kept:
        kept[wanted] = roles_now()
    found: list[Held] = kept[wanted]
    return found


def roles_now() -> list[Held]:
    """The same, as it is at this moment."""
    question = select(Role.id, Role.key, Role.label, Role.parent_id).where(Role.archived_at.is_(None))
    rows = {row.id: row for row in session().execute(question)}
    own: dict[UUID, list[Grant]] = {}
    for given in session().execute(select(RoleGrant.role_id, RoleGrant.pattern, RoleGrant.scope, RoleGrant.rule)):
        own.setdefault(given.role_id, []).append(Grant(given.pattern, str(given.scope), rule=given.rule or ""))
    labels = role_labels()
    found = []
    for row in rows.values():
        chain, above = [], row
        while above is not None and above.id not in chain:
            chain.append(above.id)
            above = rows.get(above.parent_id)
        pairs = [(grant, rows[place].key) for place in chain for grant in own.get(place, ())]
        found.append(Held(row.key, str(labels.get(row.key, row.label)), tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)))
    return found
