"""The sheet on which a role is edited: a row for each permission, filled from the role or from what was typed, and read back as a plan."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.access.answers import known_permissions
from app.core.access.conditions import misread
from app.core.access.keeping import PATTERN, given_by
from app.core.access.models import Role, RoleGrant, Scope
from app.core.access.plans import Given
from app.kernel.current import matches
from app.kernel.db import session
from app.kernel.kinds import fold
from app.kernel.registry import registry

BLANKS = 2
MOST = 1000


@dataclass
class Row:
    """One permission on the sheet; `inherited` says how far the role has it from above, `covered` by which
    pattern of its own. `free` is a row whose pattern is typed."""

    number: int
    pattern: str
    label: str = ""
    on: bool = False
    scope: str = Scope.COMPANY.value
    condition: str = ""
    inherited: str = ""
    covered: str = ""
    free: bool = False
    errors: list[str] = field(default_factory=list)

    @property
    def given(self) -> Given:
        """As a role gives it."""
        return Given(self.pattern, self.scope, self.condition)


@dataclass
class Group:
    """The permissions about one kind of record."""

    key: str
    label: str
    rows: list[Row]

    @property
    def ticked(self) -> int:
        """How many of them the role gives."""
        return sum(row.on for row in self.rows)


def grants_of(role: Role | None) -> list[Given]:
    """What a role gives itself, without what it inherits."""
    if role is None:
        return []
    rows = session().scalars(select(RoleGrant).where(RoleGrant.role_id == role.id))
    return sorted(Given(row.pattern, str(row.scope), row.condition or "") for row in rows)


def sheet(grants: Sequence[Given], parent_id: UUID | None) -> list[Group]:
    """A row for each permission there is and for each pattern that the role gives, and blank ones for further patterns."""
    by_pattern: dict[str, list[Given]] = {}
    for each in grants:
        by_pattern.setdefault(each.pattern, []).append(each)
    rows: list[Row] = []
    for name in known_permissions():
        for given in by_pattern.pop(name, [Given(name, Scope.COMPANY.value)]):
            rows.append(Row(len(rows), name, on=given in grants, scope=given.scope, condition=given.condition))
    for given in (given for held in by_pattern.values() for given in held):
        rows.append(Row(len(rows), given.pattern, on=True, scope=given.scope, condition=given.condition, free=True))
    return _drawn(rows, parent_id)


def filled(form: Mapping[str, str], parent_id: UUID | None) -> list[Group]:
    """The sheet as it was typed, with what is wrong with it."""
    known = set(known_permissions())
    numbers = sorted({int(name[8:]) for name in form if name.startswith("pattern-") and name[8:].isdigit()})
    rows = []
    for number in numbers[:MOST]:
        pattern = form[f"pattern-{number}"].strip()[:120]
        row = Row(number, pattern, on=bool(pattern), scope=form.get(f"scope-{number}", ""), free=pattern not in known,
                  condition=form.get(f"only-{number}", "").strip()[:500])
        row.on = row.on and (row.free or f"on-{number}" in form)
        row.errors = _errors(row) if row.on else []
        if pattern:
            rows.append(row)
    return _drawn(rows, parent_id)


def _drawn(rows: list[Row], parent_id: UUID | None) -> list[Group]:
    inherited = given_by(parent_id) if parent_id else []
    for row in rows:
        row.label = row.pattern if row.free else verb_label(row.pattern)
        wider = (wide.pattern for wide in rows if wide.free and matches(wide.pattern, row.pattern))
        row.covered = "" if row.free or row.on else next(wider, "")
        row.inherited = next((str(Scope(above.scope).label) for above in inherited if matches(above.pattern, row.pattern)), "")
    last = max((row.number for row in rows), default=0)
    blanks = [Row(last + 1 + place, "", free=True) for place in range(BLANKS)]
    wide = [row for row in rows if row.free]
    one_by_one, together = _grouped([row for row in rows if not row.free]), Group("*", _("Several at once"), [*wide, *blanks])
    return [together, *one_by_one] if wide else [*one_by_one, together]


def rows_of(groups: Sequence[Group]) -> Iterator[Row]:
    """All rows of the sheet."""
    for group in groups:
        yield from group.rows


def _errors(row: Row) -> list[str]:
    found = []
    if not PATTERN.fullmatch(row.pattern):
        found.append(_("Write a permission as module.resource.action; * stands for any of them."))
    if row.scope not in {each.value for each in Scope}:
        found.append(_("Choose how far it reaches."))
    if row.condition and (wrong := misread(row.condition, row.pattern)):
        found.append(wrong.sentence)
    return found


def _grouped(rows: Sequence[Row]) -> list[Group]:
    found: dict[str, Group] = {}
    for row in rows:
        key = row.pattern.rpartition(".")[0]
        found.setdefault(key, Group(key, kind_label(key), [])).rows.append(row)
    return sorted(found.values(), key=lambda group: (group.key.partition(".")[0], fold(group.label)))


def kind_label(key: str) -> str:
    """What the records of `hse.incident` are called."""
    resource = registry.resources.get(key)
    if resource is not None:
        return str(resource.plural)
    module = registry.modules.get(key.partition(".")[0])
    return str(module.label) if module is not None else key


def verb_label(permission: str) -> str:
    """What is done: “View”, “Release”."""
    key, _point, verb = permission.rpartition(".")
    resource = registry.resources.get(key)
    action = resource.action(verb) if resource is not None else None
    known: dict[str, Any] = {"view": _("View"), "create": _("Create"), "edit": _("Edit"), "archive": _("Archive"), "import": _("Import"),
                             "export": _("Export"), "manage": _("Manage"), "begin": _("Begin"), "purge": _("Purge"),
                             "register": _("Note for others"), "share": _("Share with others"), "choose": _("Choose for other records"),
                             "oversee": _("Oversee")}
    said = known.get(verb) or (action.label if action is not None else "")
    return str(said) or re.sub(r"_", " ", verb).capitalize()
