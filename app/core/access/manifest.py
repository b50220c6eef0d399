"""Roles, as records that an administrator edits."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.access import keeping
from app.core.access.models import Role, RoleGrant
from app.kernel.manifest import Lines, Module, Related, Resource

roles = Resource(
    Role,
    columns=("label", "key", "description", "system"),
    filters=("system",),
    search={"label": "A", "key": "B", "description": "C"},
    form={_l("Role"): ("label", "key", "description")},
    lines=Lines(RoleGrant, "role", ("pattern", "scope"), _l("Permissions"), maximum=200),
    import_key="key",
    importable=False,
    sort="label",
    title="label",
    subtitle=("description",),
    icon="key-round",
    before_save=keeping.before_save,
    lock=keeping.lock,
    related=(Related("people.member", "role", _l("Members")),),
)

module = Module("access", label=_l("Access"), icon="key-round", section="admin", resources=(roles,),
                says={"access.permission.refuse": _l("%(name)s asked for something they may not do")})
