"""Data requests, declared."""

from flask_babel import lazy_gettext as _l

from app.core.privacy import requests
from app.core.privacy.erasing import anonymise_due
from app.core.privacy.models import PersonRequest
from app.kernel.manifest import Action, Approval, Level, MenuItem, Module, Resource, Role, daily

person_requests = Resource(
    PersonRequest,
    columns=("reference", "kind", "member", "asked_on", "erase_on", "status"),
    filters=("kind", "status", "member", "asked_on"),
    form={_l("Data request"): ("kind", "member", "reason")},
    facts=("kind", "member", "asked_on", "reason", "status", "erase_on", "kept", "file", "done_at"),
    importable=False,
    editable=False,
    title="kind",
    subtitle=("member",),
    icon="user-check",
    sort="-asked_on",
    tally="status",
    confidential=True,
    menu=False,
    defaults=requests.defaults,
    before_save=requests.before_save,
    actions=(Action("fulfil", requests.fulfil, label=_l("Fulfil"), done="fulfilled", said=_l("%(name)s had %(record)s fulfilled"),
                    when=requests.is_open, approval="privacy.request", on_create=True, icon="circle-check",
                    preview=requests.consequences),),
)

_OWN = {"privacy.person_request.create": "own", "privacy.person_request.view": "own", "privacy.person_request.fulfil": "own",
        "people.member.choose": "own"}

module = Module(
    "privacy", label=_l("Privacy"), icon="shield-check", section="security", resources=(person_requests,),
    approvals=(Approval("privacy.request", _l("Data request"),
                        (Level(_l("Admin"), "role:admin", hours=72, risk="ORANGE"),), consequences=requests.consequences),),
    roles=tuple(Role(key, label, _OWN) for key, label in ((
        "viewer", _l("Viewer")), ("client", _l("Client")), ("auditor", _l("Auditor")), ("integrator", _l("Integrator")))),
    permissions=(requests.REGISTER,),
    menu=(MenuItem("data_requests", _l("Data requests"), "user-check", "privacy.person_request_list", section="security",
                   permission=requests.REGISTER),),
    schedule=(daily("03:40", anonymise_due),),
    says={"privacy.person_request.erase": _l("%(name)s anonymised %(record)s"),
          "privacy.person_request.copy": _l("%(name)s handed over a copy of the data of %(record)s")})
