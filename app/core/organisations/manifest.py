"""The organisation's own shape: sites and departments."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.organisations.models import Department, Site
from app.core.organisations.tree import before_save
from app.kernel.manifest import MenuItem, Module, Related, Resource

sites = Resource(
    Site,
    columns=("name", "kind", "location"),
    filters=("kind",),
    search={"name": "A", "location": "B"},
    form={_l("Site"): ("name", "kind", "location")},
    import_key="name",
    sort="name",
    title="name",
    subtitle=("kind", "location"),
    icon="map-pin",
    related=(Related("people.member", "site", _l("Members")),),
)

departments = Resource(
    Department,
    columns=("name", "parent", "manager"),
    filters=("parent", "manager"),
    search={"name": "A"},
    form={_l("Department"): ("name", "parent", "manager")},
    import_key="name",
    sort="name",
    title="name",
    subtitle=("parent", "manager"),
    icon="network",
    before_save=before_save,
    related=(Related("people.member", "department", _l("Members")), Related("organisation.department", "parent", _l("Departments below"))),
)

module = Module("organisation", label=_l("Organisation"), icon="building-2", section="organisation", resources=(sites, departments),
                menu=(MenuItem("organisation_profile", _l("Profile and look"), "building-2", "branding.profile", section="organisation",
                               permission="organisation.profile.manage"),),
                says={"platform.organisation.create": _l("%(name)s created %(record)s"),
                      "platform.organisation.cross": _l("%(name)s worked across organisations")})
