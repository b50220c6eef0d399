"""Forms, declared: an administrator writes one, tries it, and puts it in force."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.forms import keeping
from app.core.forms.models import Form
from app.kernel.manifest import Action, Module, Resource

forms = Resource(
    Form,
    columns=("title", "code", "number", "stage", "activated_at"),
    filters=("stage",),
    search={"title": "A", "code": "B"},
    form={_l("Form"): ("title", "code"), _l("What it asks"): ("definition",)},
    facts=("title", "code", "number", "stage", "activated_at"),
    importable=False,
    tally="stage",
    subtitle=("code", "number"),
    icon="file-text",
    sort="title",
    defaults=keeping.example,
    before_save=keeping.complete,
    lock=keeping.changeable,
    own_form=keeping.page,
    actions=(Action("activate", keeping.activate, label=_l("Put in force"), done="activated", said=_l("%(name)s put %(record)s in force"),
                    when=keeping.is_draft, tone="primary", icon="circle-check"),
             Action("revise", keeping.revise, label=_l("Start a new version"), done="revised",
                    said=_l("%(name)s started a new version of %(record)s"), icon="file-plus"),
             Action("retire", keeping.retire, label=_l("Take out of force"), done="retired",
                    said=_l("%(name)s took %(record)s out of force"), when=keeping.is_active, tone="danger", icon="ban")),
)

module = Module("forms", label=_l("Forms"), icon="file-text", section="automation", resources=(forms,))
