"""The members of an organisation."""

from app.core.people.consents import Consent
from app.core.people.groups import Group, GroupKind, GroupMember, GroupRole
from app.core.people.invitations import Answer, Invitation
from app.core.people.loading import actor_from, load_actor, load_actors, member_at, role_alone
from app.core.people.models import Kind, Language, Member, MemberRole, Status
from app.core.people.policy import members_visible_to
from app.core.people.services import able, accept, ask, enrol, holding, is_owner, with_role

__all__ = ["Answer", "Consent", "Group", "GroupKind", "GroupMember", "GroupRole", "Invitation", "Kind", "Language", "Member", "MemberRole",
           "Status", "able", "accept", "actor_from", "ask", "enrol", "holding", "is_owner", "load_actor", "load_actors", "member_at",
           "members_visible_to", "role_alone", "with_role"]
