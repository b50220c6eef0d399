"""A change of a role in words, for whoever confirms or approves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.access.answers import known_permissions
from app.core.access.models import Role, Scope
from app.core.access.plans import Given, Plan
from app.core.access.sheets import kind_label, verb_label
from app.kernel.db import session
from app.kernel.kinds import show_moment


@dataclass(frozen=True)
class Section:
    """One kind of difference and its lines; `tone` marks what is given and what is taken."""

    title: str
    tone: str
    lines: list[str]


def sections(role: Role | None, plan: Plan) -> list[Section]:
    """What a plan changes, kind by kind; nothing where nothing changes."""
    altered = plan.altered
    before, after = {old for old, _new in altered}, {new for _old, new in altered}
    found = [
        Section(_("The role"), "neutral", _header(role, plan)),
        Section(_("Added"), "good", [said(each) for each in plan.added if each not in after]),
        Section(_("Withdrawn"), "late", [said(each) for each in plan.withdrawn if each not in before]),
        Section(_("Changed"), "warn", [_("%(permission)s: instead of “%(before)s” now “%(after)s”",
                                          permission=permission_label(new.pattern), before=_reach(old), after=_reach(new))
                                        for old, new in altered]),
        Section(_("Who has it"), "neutral", _holders(plan))]
    return [section for section in found if section.lines]


def summary(role: Role | None, plan: Plan) -> str:
    """The same as text, as it stands in the request for approval."""
    return "\n".join(f"{section.title}:\n" + "\n".join(f"– {line}" for line in section.lines) for section in sections(role, plan))


def said(given: Given) -> str:
    """“Incidents: View (hse.incident.view), the whole organisation, only if severity = minor”."""
    return f"{permission_label(given.pattern)}, {_reach(given)}"


def permission_label(pattern: str) -> str:
    """“Incidents: View (hse.incident.view)”; a pattern as it stands."""
    if "*" in pattern:
        return _("Everything") if pattern == "*.*.*" else pattern
    return f"{kind_label(pattern.rpartition('.')[0])}: {verb_label(pattern)} ({pattern})"


class Permissions(Mapping[str, str]):
    """Every permission there is with its words, which are found when somebody reads them."""

    def __init__(self) -> None:
        self._known = known_permissions()

    def __getitem__(self, name: str) -> str:
        if name not in self:
            raise KeyError(name)
        return permission_label(name)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def _reach(given: Given) -> str:
    reach = str(Scope(given.scope).label)
    return _("%(reach)s, only if %(condition)s", reach=reach, condition=given.condition) if given.condition else reach


def _header(role: Role | None, plan: Plan) -> list[str]:
    parent = session().scalar(select(Role.label).where(Role.id == plan.parent)) if plan.parent else None
    if role is None:
        made = [_("A new role: %(role)s", role=plan.label)]
        return [*made, _("Inherits from %(role)s", role=parent)] if parent else made
    changed = plan.header(role)
    lines = [_("Its name: instead of “%(before)s” now “%(after)s”", before=role.label, after=plan.label)] if "label" in changed else []
    lines += [_("What it is for: %(text)s", text=plan.description or "–")] if "description" in changed else []
    if "parent" in changed:
        lines.append(_("Inherits from %(role)s", role=parent) if parent else _("Inherits from no role any more"))
    return lines


def _holders(plan: Plan) -> list[str]:
    from app.core.people import Member, MemberRole  # people stand on access

    rows: Sequence[Any] = session().execute(select(MemberRole.id, MemberRole.member_id).where(
        MemberRole.id.in_([each.id for each in plan.until]))).all()
    of = {row.id: row.member_id for row in rows}
    wanted = {*of.values(), *(each.member_id for each in plan.give)}
    names: dict[UUID, str] = {row.id: row.name for row in session().execute(select(Member.id, Member.name).where(Member.id.in_(wanted)))}
    lines = [_("%(name)s gets it until %(time)s", name=names.get(each.member_id, "?"), time=show_moment(each.until)) if each.until
             else _("%(name)s gets it", name=names.get(each.member_id, "?")) for each in plan.give]
    for each in plan.until:
        name = names.get(of.get(each.id, UUID(int=0)), "?")
        if each.ends:
            lines.append(_("%(name)s has it no more", name=name))
        elif each.until:
            lines.append(_("%(name)s has it until %(time)s", name=name, time=show_moment(each.until)))
        else:
            lines.append(_("%(name)s has it without an end", name=name))
    return lines
