"""People: the members of an organisation."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.people import groups, inviting, policy, services
from app.core.people.groups import Group, GroupMember, GroupRole
from app.core.people.invitations import Invitation
from app.core.people.models import Member, MemberRole
from app.kernel.manifest import Action, Lines, Module, Related, Resource, Setting, Tile, every

members = Resource(
    Member,
    columns=("name", "email", "phone", "job_title", "department", "site", "role", "status"),
    filters=("role", "department", "site", "manager", "kind", "status"),
    search={"name": "A", "email": "A", "job_title": "B", "reference": "B"},
    form={_l("Person"): ("name", "email", "phone", "job_title", "language", "timezone"),
          _l("Place"): ("department", "site", "manager"),
          _l("Access"): ("role", "kind")},
    lines=Lines(MemberRole, "member", ("role", "site", "starts_at", "ends_at"), _l("Further roles"), maximum=20),
    import_key="email",
    sort="name",
    title="name",
    picture="photo",
    visible_to=policy.members_visible_to,
    chosen_apart=True,
    subtitle=("job_title", "department"),
    facts=("status", "kind", "name", "email", "phone", "job_title", "language", "timezone", "department", "site", "manager", "role"),
    tally="status",
    icon="user",
    bulk_edit=("department", "site", "manager", "role"),
    before_save=services.before_save,
    related=(Related("people.member", "manager", _l("Reports to this person")),
             Related("access.single_permission", "member", _l("Single permissions"))),
    actions=(Action("activate", services.activate, label=_l("Activate"), done="activated", said=_l("%(name)s activated %(record)s"),
                    when=services.can_activate, icon="user-check", bulk=True),
             Action("deactivate", services.deactivate, label=_l("Deactivate"), done="deactivated",
                    said=_l("%(name)s deactivated %(record)s"), when=services.can_deactivate, icon="user-x", bulk=True),
             Action("suspend", services.suspend, label=_l("Suspend"), done="suspended", said=_l("%(name)s suspended %(record)s"),
                    when=services.can_suspend, tone="danger", icon="ban", bulk=True)),
)

invitations = Resource(
    Invitation,
    columns=("name", "email", "role", "kind", "status", "sent_at", "expires_at"),
    filters=("status", "role", "kind"),
    search={"name": "A", "email": "A"},
    form={_l("Person"): ("name", "email", "role", "kind"), _l("Place"): ("department", "site"), _l("Mail"): ("message",)},
    facts=("status", "sent_at", "expires_at", "answered_at", "member"),
    import_key="email",
    title="name",
    subtitle=("email",),
    tally="status",
    icon="mail",
    before_save=inviting.before_save,
    lock=inviting.lock,
    actions=(Action("resend", inviting.resend, label=_l("Send again"), done="resent", said=_l("%(name)s sent %(record)s again"),
                    when=inviting.can_resend, icon="mail", bulk=True),
             Action("revoke", inviting.revoke, label=_l("Revoke"), done="revoked", said=_l("%(name)s revoked %(record)s"),
                    when=inviting.can_revoke, tone="danger", icon="ban", bulk=True)),
)

groups_ = Resource(
    Group,
    columns=("name", "kind", "department", "parent", "starts_on", "ends_on"),
    filters=("kind", "department", "parent", "starts_on", "ends_on"),
    search={"name": "A", "description": "C"},
    form={_l("Group"): ("name", "kind", "department", "parent", "description"), _l("Project"): ("starts_on", "ends_on")},
    lines=Lines(GroupMember, "group", ("member",), _l("Members"), maximum=5_000),
    import_key="name",
    sort="name",
    title="name",
    subtitle=("kind", "parent"),
    icon="users-round",
    chosen_apart=True,
    before_save=groups.before_save,
    related=(Related("people.group_role", "group", _l("Roles")), Related("people.group", "parent", _l("Groups below"))),
)

group_roles = Resource(
    GroupRole,
    columns=("group", "role", "starts_at", "ends_at"),
    filters=("group", "role"),
    search={"reference": "A", "group": "A", "role": "B"},
    form={_l("Role of a group"): ("group", "role"), _l("For how long, and why"): ("starts_at", "ends_at", "reason")},
    importable=False,
    sort="reference",
    title="role",
    subtitle=("group",),
    icon="key-round",
    menu=False,
)

module = Module(
    "people", label=_l("People"), icon="users", section="people",
    resources=(members, invitations, groups_, group_roles), schedule=(every(600, inviting.expire),),
    tiles=(Tile("people.active", _l("Active members"), resource="people.member", query="status=active", homes=("administrator",)),
           Tile("people.asked", _l("Invitations that wait"), resource="people.invitation", query="status=open", homes=("administrator",)),
           Tile("people.suspended", _l("Suspended members"), resource="people.member", query="status=suspended", homes=("administrator",)),
           Tile("people.roles", _l("Members by role"), "bar", "people.member", by="role", query="status=active", width=2,
                homes=("administrator", "auditor"))),
    settings=(Setting("people.invitation_days", _l("Invitations are good for, in days"), "integer", 7, minimum=1, maximum=60),
              Setting("people.consent", _l("Ask for consent at the first sign-in"), "boolean", False),
              Setting("people.consent_version", _l("Consent: version of the wording"), "text", "1",
                      help=_l("Another version asks everybody again.")),
              Setting("people.consent_text", _l("Consent: the wording"), "long_text", "")),
    says={"people.owner.refuse": _l("%(name)s wanted to leave the organisation without an owner"),
          "people.invitation.accept": _l("%(name)s accepted %(record)s"), "people.invitation.decline": _l("%(name)s declined %(record)s")},
)
