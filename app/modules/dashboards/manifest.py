"""Dashboards: all that the rest of the system knows of this module."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import MenuItem, Module, Resource, Role, Tile
from app.modules.dashboards import policy, services
from app.modules.dashboards.models import Dashboard

dashboards = Resource(
    Dashboard,
    columns=("reference", "name", "description", "shared", "updated_at"),
    filters=("shared",),
    search={"reference": "A", "name": "A", "description": "B"},
    form={_l("Dashboard"): ("name", "description"), _l("Who sees it"): ("shared", "group", "tiles")},
    facts=("name", "description", "shared", "group"),
    import_key="reference",
    sort="name",
    title="name",
    subtitle=("shared",),
    icon="layout-dashboard",
    visible_to=policy.visible_to,
    before_save=services.complete,
    menu=False,
)

_OWN = {"dashboards.dashboard.view": "company", "dashboards.dashboard.create": "company",
        **{f"dashboards.dashboard.{verb}": "own" for verb in ("edit", "archive")}}

module = Module(
    "dashboards", label=_l("Dashboards"), icon="layout-dashboard", resources=(dashboards,), screens=("app.modules.dashboards.views",),
    roles=(Role("member", _l("Member"), _OWN), Role("approver", _l("Approver"), _OWN)),
    menu=(MenuItem("dashboards", _l("Dashboards"), "layout-dashboard", "dashboards_pages.home", section="work",
                   permission="dashboards.dashboard.view", order=5),),
    tiles=(Tile("dashboards.queue", _l("Waiting for me"), "queue", width=2, homes=("executive", "operations", "hse")),),
)
