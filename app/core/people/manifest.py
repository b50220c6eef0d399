"""People: the members of an organisation."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.people import services
from app.core.people.models import Member, MemberRole
from app.kernel.manifest import Action, Lines, Module, Related, Resource

members = Resource(
    Member,
    columns=("name", "email", "job_title", "department", "site", "role", "active"),
    filters=("role", "department", "site", "manager", "active"),
    search={"name": "A", "email": "A", "job_title": "B", "reference": "B"},
    form={_l("Person"): ("name", "email", "job_title", "language", "timezone"),
          _l("Place"): ("department", "site", "manager"),
          _l("Access"): ("role", "active")},
    lines=Lines(MemberRole, "member", ("role",), _l("Further roles"), maximum=20),
    import_key="email",
    sort="name",
    title="name",
    subtitle=("job_title", "department"),
    icon="user",
    bulk_edit=("department", "site", "manager", "role"),
    before_save=services.before_save,
    related=(Related("people.member", "manager", _l("Reports")),),
    actions=(Action("deactivate", services.deactivate, label=_l("Deactivate"), done="deactivated",
                    said=_l("%(name)s deactivated %(record)s"), when=services.is_active, tone="danger",
                    icon="user-x", bulk=True),
             Action("activate", services.activate, label=_l("Activate"), done="activated", said=_l("%(name)s activated %(record)s"),
                    when=services.is_inactive, icon="user-check")),
)

module = Module("people", label=_l("People"), icon="users", section="admin", resources=(members,))
