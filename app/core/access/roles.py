"""The ten roles that every organisation has, those that modules bring, and who holds what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import audit
from app.core.access.models import Role, RoleGrant
from app.kernel.db import session
from app.kernel.errors import NotFound
from app.kernel.kinds import fold
from app.kernel.manifest import Role as Declared
from app.kernel.references import assign
from app.kernel.registry import registry

# A role gives what it says here and all that its parent gives; `{}` stands for the name of each business module.
_ASKS = {"access.request.create": "company", "access.request.view": "own", "access.request.grant": "own"}  # granted by approval alone
_THEIR_PEOPLE = {f"people.{kind}.view": "department" for kind in ("member", "invitation", "group")}  # and below; all others are only named

SYSTEM_ROLES: tuple[Declared, ...] = (
    Declared("owner", _l("Owner"), {"*.*.*": "all"}, _l("Answers for the organisation; there is always one."), parent="admin",
             start="inbox"),
    Declared("admin", _l("Admin"), {"*.*.*": "company"}, _l("Sets up people, roles, imports and configuration."), parent="manager",
             start="people.member"),
    Declared("manager", _l("Manager"), {"{}.*.*": "company", **_THEIR_PEOPLE}, _l("Plans, coordinates, decides; imports and exports."),
             parent="member", start="inbox"),
    Declared("editor", _l("Editor"), {"{}.*.create": "company", "{}.*.edit": "company", "{}.*.archive": "company"},
             _l("Makes and changes all business records; administers nothing."), parent="member"),
    Declared("approver", _l("Approver"), {"{}.*.approve": "company"}, _l("Works like a member and is asked to decide."), parent="member",
             start="inbox"),
    Declared("member", _l("Member"), {"{}.*.create": "company", "{}.*.edit": "own", "{}.*.archive": "own", "people.*.choose": "company"},
             _l("The ordinary user: reports, requests and follows."), parent="viewer"),
    Declared("auditor", _l("Auditor"), {"*.*.view": "company", "*.*.export": "company", **_ASKS},
             _l("Sees everything with its trace; changes nothing."), start="audit"),
    Declared("support", _l("Support"), {"people.*.view": "company", "impersonation.impersonation.begin": "company",
                                           "monitoring.*.view": "company", "jobs.*.view": "company"},
             _l("Helps the others: sees people, jobs and deliveries; changes nothing."), parent="viewer", start="people.member"),
    Declared("viewer", _l("Viewer"), {"{}.*.view": "company", "organisation.*.view": "company", **_ASKS}, _l("Sees; changes nothing.")),
    Declared("client", _l("Client"), {"{}.*.view": "own"}, _l("A guest from outside: sees what is their own, and what is granted beside.")),
)


def declared_roles() -> list[Declared]:
    """The system's roles, widened by what modules say under the same key, then the modules' own."""
    found: dict[str, Declared] = {role.key: replace(role, grants=_spread(role.grants)) for role in SYSTEM_ROLES}
    for module in registry.modules.values():
        for role in module.roles:
            known = found.get(role.key)
            found[role.key] = replace(known, grants={**known.grants, **role.grants}) if known else role
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
    """Give the organisation every declared role, and each its declared grants; what is there already stays. By key.

    A role of the organisation's own that has the key of a declared one is left as it is.
    """
    _missing_roles()
    _missing_grants()
    return _present()


def bring_roles() -> None:
    """Give an organisation that was founded under an earlier version what has come since, with an entry that says so."""
    roles, grants = _missing_roles(), _missing_grants()
    if roles or grants:
        audit.note("access.role.bring", context={"roles": sorted(role.key for role in roles), "permissions": len(grants)})


def _present() -> dict[str, Role]:
    return {role.key: role for role in session().scalars(select(Role))}


def _missing_roles() -> list[Role]:
    present, declared = _present(), declared_roles()
    fresh = [Role(key=d.key, label=str(d.label), description=str(d.help) or None, system=True) for d in declared if d.key not in present]
    assign(fresh)
    session().add_all(fresh)
    session().flush()
    present.update({role.key: role for role in fresh})
    parents = {d.key: d.parent for d in declared if d.parent}
    for role in fresh:
        role.parent_id = present[parents[role.key]].id if role.key in parents else None
    session().flush()
    return fresh


def _missing_grants() -> list[RoleGrant]:
    present = {key: role for key, role in _present().items() if role.system}
    held = {(g.role_id, g.pattern) for g in session().scalars(select(RoleGrant))}
    fresh = [RoleGrant(role_id=present[d.key].id, pattern=pattern, scope=scope) for d in declared_roles() if d.key in present
             for pattern, scope in d.grants.items() if (present[d.key].id, pattern) not in held]
    session().add_all(fresh)
    session().flush()
    return fresh


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


def role_labels() -> dict[str, Any]:
    """The translated names of the declared roles, by key."""
    return {role.key: role.label for role in declared_roles()}


def role_purposes() -> dict[str, Any]:
    """What the declared roles are for, translated, by key."""
    return {role.key: role.help for role in declared_roles()}


def starts_of(roles: Sequence[str]) -> list[str]:
    """The places on which the people of these roles land, the main role's first."""
    declared = {role.key: role.start for role in declared_roles()}
    return [start for key in roles if (start := declared.get(key))]


def role_choices() -> list[tuple[str, str]]:
    """The roles of the organisation to choose from: key and name, by name."""
    labels = role_labels()
    rows = session().execute(select(Role.key, Role.label).where(Role.archived_at.is_(None)))
    return sorted(((key, str(labels.get(key, label))) for key, label in rows), key=lambda pair: fold(pair[1]))
