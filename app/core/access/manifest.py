"""Roles, as records that an administrator edits."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.access import asking, changing, guarding, keeping
from app.core.access.models import AccessRequest, CustomPermission, MemberGrant, Role, RoleChange, RoleGrant
from app.core.access.roles import bring_roles
from app.kernel.manifest import Action, Approval, Level, Lines, MenuItem, Module, Related, Resource, Setting, every

roles = Resource(
    Role,
    columns=("label", "key", "parent", "description", "system"),
    filters=("system", "parent"),
    search={"label": "A", "key": "B", "description": "C"},
    form={_l("Role"): ("label", "key", "parent", "description")},
    lines=Lines(RoleGrant, "role", ("pattern", "scope", "condition"), _l("Permissions"), maximum=600),
    import_key="key",
    importable=False,
    sort="label",
    title="label",
    subtitle=("description",),
    icon="key-round",
    before_save=keeping.before_save,
    lock=keeping.lock,
    own_form=keeping.role_page,
    related=(Related("people.member", "role", _l("Members")), Related("people.group_role", "role", _l("Groups"))),
)

single_permissions = Resource(
    MemberGrant,
    columns=("member", "pattern", "scope", "condition", "starts_at", "ends_at", "reason"),
    filters=("member", "ends_at"),
    search={"reference": "A", "pattern": "A", "member": "B", "reason": "C"},
    form={_l("Permission"): ("member", "pattern", "scope", "condition"), _l("For how long, and why"): ("starts_at", "ends_at", "reason")},
    importable=False,
    sort="ends_at",
    title="pattern",
    subtitle=("member", "condition"),
    icon="key-round",
    before_save=keeping.check_single,
    key="single_permission",
)

custom_permissions = Resource(
    CustomPermission,
    columns=("label", "key", "guards", "condition"),
    search={"key": "A", "label": "A", "guards": "B"},
    form={_l("Permission"): ("key", "label"), _l("What it protects"): ("guards", "condition")},
    import_key="key",
    sort="label",
    title="label",
    subtitle=("key",),
    icon="tag",
    before_save=guarding.check_custom,
    menu=False,
    key="permission",
)

role_changes = Resource(
    RoleChange,
    columns=("reference", "label", "state", "created_at"),
    filters=("state", "role"),
    search={"reference": "A", "label": "A", "summary": "C"},
    facts=("label", "role", "state", "summary"),
    importable=False,
    creatable=False,
    editable=False,
    title="label",
    subtitle=("state",),
    icon="git-compare",
    tally="state",
    snapshot=("label", "role", "summary"),
    menu=False,
    actions=(Action("apply", changing.apply, label=_l("Save the change"), done="applied", said=_l("%(name)s applied %(record)s"),
                    when=changing.is_open, approval="access.role_change", locks=True, icon="check"),),
)

requests = Resource(
    AccessRequest,
    columns=("reference", "member", "permission", "on_record", "reason", "until", "state"),
    filters=("state", "member", "until"),
    search={"reference": "A", "permission": "A", "reason": "C"},
    form={_l("What you need"): ("permission", "on_record"), _l("Why, and until when"): ("reason", "until")},
    importable=False,
    title="permission",
    subtitle=("member", "reason"),
    icon="hand",
    snapshot=("member", "permission", "on_record", "reason", "until"),
    before_save=asking.before_save,
    defaults=asking.defaults,
    actions=(Action("grant", asking.grant, label=_l("Grant"), done="granted", said=_l("%(name)s granted %(record)s"), when=asking.is_open,
                    approval="access.request", on_create=True, locks=True, icon="key-round"),),
    key="request",
)

module = Module("access", label=_l("Access"), icon="key-round", section="people",
                resources=(roles, single_permissions, custom_permissions, requests, role_changes),
                approvals=(Approval("access.request", _l("Access request"), (
                    Level(_l("Those who give access"), "able:access.single_permission.create", hours=24, risk="ORANGE"),),
                             why_not_by=asking.why_not_by),
                    Approval("access.role_change", _l("Change of a role"), (
                        Level(_l("Another administrator"), "role:admin", needs=1, hours=48, risk="RED", when=changing.needs_approval),),
                        why_not_by=changing.why_not_by)),
                settings=(Setting(changing.SETTING, _l("Changes of roles need approval"), "boolean", False,
                                  help=_l("A change of what a role gives then waits until another administrator agrees.")),),
                menu=(MenuItem("access_overview", _l("Roles and permissions"), "shield-check", "access_overview.overview", section="people",
                               permission="access.role.view"),),
                schedule=(every(3600, bring_roles),),
                says={"access.member.preview": _l("%(name)s looked at what %(record)s sees"),
                      "access.role.bring": _l("%(name)s brought the roles of the product up to date"),
                      "access.permission.unknown": _l("%(name)s asked for a permission that nothing declares"),
                      "access.permission.refuse": _l("%(name)s asked for something they may not do"),
                      "access.grant.refuse": _l("%(name)s wanted to give more than they have")})
