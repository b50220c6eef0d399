"""The members of an organisation."""

from app.core.people.groups import Group, GroupKind, GroupMember, GroupRole
from app.core.people.loading import actor_from, load_actor, member_at
from app.core.people.models import Language, Member, MemberRole
from app.core.people.services import enrol, with_role

__all__ = ["Group", "GroupKind", "GroupMember", "GroupRole", "Language", "Member", "MemberRole", "actor_from", "enrol", "load_actor",
           "member_at", "with_role"]
