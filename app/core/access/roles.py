"""The seven roles that every organisation has, those that modules bring, and who holds what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import g, has_app_context
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core.access.models import Role, RoleGrant
from app.kernel.current import current, matches
from app.kernel.db import session
from app.kernel.errors import NotFound
from app.kernel.kinds import fold
from app.kernel.manifest import Role as Declared
from app.kernel.references import assign
from app.kernel.registry import registry

# Verbs that the business roles hold on each business module; `{}` stands for the module's name.
_MANAGER = {"{}.*.*": "company"}
_VIEW = {"{}.*.view": "company"}
_WORK = {**_VIEW, "{}.*.create": "company", "{}.*.edit": "own", "{}.*.archive": "own"}

SYSTEM_ROLES: tuple[Declared, ...] = (
    Declared("owner", _l("Owner"), {"*.*.*": "all"}, _l("Answers for the organisation; there is always one.")),
    Declared("admin", _l("Admin"), {"*.*.*": "company"}, _l("Sets up people, roles, imports and configuration.")),
    Declared("manager", _l("Manager"), {**_MANAGER, "people.*.view": "company", "organisation.*.view": "company"},
             _l("Plans, coordinates, decides; imports and exports.")),
    Declared("approver", _l("Approver"), {**_WORK, "{}.*.approve": "company", "people.*.view": "company", "organisation.*.view": "company"},
             _l("Works like a member and is asked to decide.")),
    Declared("member", _l("Member"), {**_WORK, "people.*.view": "company", "organisation.*.view": "company"},
             _l("Reports, requests and follows.")),
    Declared("auditor", _l("Auditor"), {"*.*.view": "company", "*.*.export": "company"},
             _l("Sees everything with its trace; changes nothing.")),
    Declared("viewer", _l("Viewer"), {**_VIEW, "organisation.*.view": "company"}, _l("Sees; changes nothing.")),
)
SYSTEM_KEYS = frozenset(role.key for role in SYSTEM_ROLES)


def declared_roles() -> list[Declared]:
    """The system's roles, widened by what modules say under the same key, then the modules' own."""
    found: dict[str, Declared] = {role.key: Declared(role.key, role.label, _spread(role.grants), role.help) for role in SYSTEM_ROLES}
    for module in registry.modules.values():
        for role in module.roles:
            known = found.get(role.key)
            found[role.key] = Declared(role.key, known.label, {**known.grants, **role.grants}, known.help) if known else role
    return list(found.values())


def business_modules() -> list[str]:
    """The names of the modules that do the organisation's work, rather than run the house."""
    return [module.name for module in registry.modules.values() if module.section in ("business", "operations")]


def _spread(grants: Any) -> dict[str, str]:
    spread: dict[str, str] = {}
    for pattern, scope in grants.items():
        for name in business_modules() if "{}" in pattern else [""]:
            spread[pattern.format(name)] = scope
    return spread


def install_roles() -> dict[str, Role]:
    """Give the organisation every declared role, and each role its declared grants; what is there already stays. By key."""
    work = session()
    present = {role.key: role for role in work.scalars(select(Role))}
    declared = declared_roles()
    fresh = [Role(key=d.key, label=str(d.label), description=str(d.help) or None, system=True) for d in declared if d.key not in present]
    assign(fresh)
    work.add_all(fresh)
    work.flush()
    present.update({role.key: role for role in fresh})
    held = {(g.role_id, g.pattern) for g in work.scalars(select(RoleGrant))}
    work.add_all(RoleGrant(role_id=present[d.key].id, pattern=pattern, scope=scope) for d in declared
                 for pattern, scope in d.grants.items() if (present[d.key].id, pattern) not in held)
    work.flush()
    return present


def role_named(key: str) -> Role:
    """The role `approver` of this organisation. Raises `NotFound`."""
    found = session().scalars(select(Role).where(Role.key == key)).first()
    if found is None:
        raise NotFound(f"There is no role “{key}” here.")
    return found


def grant_further(member_id: Any, key: str) -> None:
    """Give a member a further role, besides the main one."""
    from app.core.people import MemberRole

    role = role_named(key)
    has = select(MemberRole.id).where(MemberRole.member_id == member_id, MemberRole.role_id == role.id)
    if session().scalars(has).first() is None:
        session().add(MemberRole(member_id=member_id, role_id=role.id))
        session().flush()


def holders(permission: str) -> list[str]:
    """The labels of the roles that hold a permission, the narrowest first and at most three; the owner only when nobody else does."""
    rows = [row for row in _all_grants() if matches(row[2], permission)]
    ranked = sorted({(_width(rows, key), key, label) for key, label, _pattern in rows})
    named = [str(role_labels().get(key, label)) for _rank, key, label in ranked if key != "owner"]
    return named[:3] or [str(role_labels().get(key, label)) for _rank, key, label in ranked]


def _width(rows: Iterable[tuple[str, str, str]], key: str) -> int:
    return min(pattern.count("*") for held_by, _label, pattern in rows if held_by == key)


def role_labels() -> dict[str, Any]:
    """The translated names of the declared roles, by key."""
    return {role.key: role.label for role in declared_roles()}


def role_choices() -> list[tuple[str, str]]:
    """The roles of the organisation to choose from: key and name, by name."""
    labels = role_labels()
    rows = session().execute(select(Role.key, Role.label).where(Role.archived_at.is_(None)))
    return sorted(((key, str(labels.get(key, label))) for key, label in rows), key=lambda pair: fold(pair[1]))


def _all_grants() -> list[tuple[str, str, str]]:
    """Key, label and pattern of every grant of the organisation, read once per request."""
    kept = g.setdefault("access_grants", {}) if has_app_context() else {}
    wanted = current.organisation.id
    if wanted not in kept:
        question = select(Role.key, Role.label, RoleGrant.pattern).join(RoleGrant, RoleGrant.role_id == Role.id).where(
            Role.archived_at.is_(None))
        kept[wanted] = [tuple(row) for row in session().execute(question)]
    found: list[tuple[str, str, str]] = kept[wanted]
    return found
