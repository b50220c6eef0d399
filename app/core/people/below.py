"""Who is in the groups below one, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.core import access
from app.core.people.groups import Group, GroupMember
from app.core.people.models import Member
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.registry import registry

MOST = 200


@dataclass(frozen=True)
class Below:
    """Somebody in a group below, with the page of each."""

    name: str
    url: str
    group: str
    group_url: str


def members_below(group: Group) -> list[Below]:
    """The members of the groups below, however deep, whom the reader may see; by name, each once for every group that they are in."""
    people = registry.resource("people.member")
    if not access.can(current.user, people.permission("view")):
        return []
    deeper: Any = aliased(Group)
    under = select(Group.id).where(Group.parent_id == group.id, Group.archived_at.is_(None)).cte("under", recursive=True)
    under = under.union(select(deeper.id).join(under, deeper.parent_id == under.c.id).where(deeper.archived_at.is_(None)))
    rows = session().execute(
        select(Member.name, Member.reference, Group.name, Group.reference)
        .join(GroupMember, (GroupMember.organisation_id == Member.organisation_id) & (GroupMember.member_id == Member.id))
        .join(Group, (Group.organisation_id == GroupMember.organisation_id) & (Group.id == GroupMember.group_id))
        .where(Group.id.in_(select(under.c.id)), Member.archived_at.is_(None), access.visible(people, current.user))
        .order_by(Member.name_key, Member.id, Group.name_key).limit(MOST))
    home = f"/{current.organisation.slug}/people"
    return [Below(name, f"{home}/members/{reference}/", inside, f"{home}/groups/{inside_reference}/")
            for name, reference, inside, inside_reference in rows]
