"""The members of an organisation."""

from app.core.people.consents import Consent
from app.core.people.groups import Group, GroupKind, GroupMember, GroupRole, let_go, take_in
from app.core.people.invitations import Answer, Invitation
from app.core.people.loading import actor_from, load_actor, load_actors, member_at, role_alone
from app.core.people.models import Kind, Language, Member, MemberRole, Status
from app.core.people.services import able, enrol, holding, is_owner, with_role

__all__ = ["Answer", "Consent", "Group", "GroupKind", "GroupMember", "GroupRole", "Invitation", "Kind", "Language", "Member", "MemberRole",
           "Status", "able", "actor_from", "enrol", "holding", "is_owner", "let_go", "load_actor", "load_actors", "member_at", "role_alone",
           "take_in", "with_role"]
