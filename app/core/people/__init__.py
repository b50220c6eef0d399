"""The members of an organisation."""

from app.core.people.loading import MEMBER, actor_from, load_actor
from app.core.people.models import Language, Member, MemberRole
from app.core.people.services import enrol, with_role

__all__ = ["MEMBER", "Language", "Member", "MemberRole", "actor_from", "enrol", "load_actor", "with_role"]
