"""Who may do what: one decision, with its reason; and the same in SQL, for lists."""

from app.core.access.answers import roles_giving
from app.core.access.conditions import understood, understood_among
from app.core.access.decisions import ALLOWED, OWNER, Decision, can, is_owner, require, require_owner
from app.core.access.guarding import guards_of
from app.core.access.keeping import given_by, lacking, more_than_held
from app.core.access.matrix import needs_of, write_matrix
from app.core.access.models import AccessRequest, CustomPermission, MemberGrant, Role, RoleGrant, Scope
from app.core.access.roles import (
    business_modules,
    grant_further,
    install_roles,
    role_choices,
    role_labels,
    role_named,
    role_purposes,
    starts_of,
)
from app.core.access.rules import circumstances_from, holds, in_sql
from app.core.access.sight import also_visible, choosable, reached, visible
from app.core.access.trying import meant_by

__all__ = [
    "ALLOWED", "OWNER", "AccessRequest", "CustomPermission", "Decision", "MemberGrant", "Role", "RoleGrant", "Scope", "also_visible",
    "business_modules", "can", "choosable", "circumstances_from", "given_by", "grant_further", "guards_of", "holds", "in_sql",
    "install_roles", "is_owner", "lacking", "meant_by", "more_than_held", "needs_of", "reached", "require", "require_owner", "role_choices",
    "role_labels", "role_named", "role_purposes", "roles_giving", "starts_of", "understood", "understood_among", "visible", "write_matrix",
]
