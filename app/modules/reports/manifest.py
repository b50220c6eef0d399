"""Reports: all that the rest of the system knows of this module."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import Action, MenuItem, Module, Related, Resource, Role
from app.modules.reports import addresses, policy, services
from app.modules.reports.models import Report, ReportRun

reports = Resource(
    Report,
    columns=("reference", "title", "resource", "sharing", "updated_at"),
    filters=("resource", "sharing"),
    search={"reference": "A", "title": "A", "description": "C"},
    form={_l("Report"): ("title", "description", "sharing"), _l("What it shows"): ("resource", "columns", "filters", "parameters", "sort"),
          _l("What it comes to"): ("grouped_by", "across", "totals", "chart")},
    import_key="reference",
    sort="title",
    subtitle=("resource",),
    icon="chart-column",
    menu=False,
    visible_to=policy.reports_visible_to,
    before_save=services.before_save,
    own_form=addresses.builder,
    actions=(Action("run", services.run, label=_l("Run"), done="run", said=_l("%(name)s ran %(record)s"), form=services.Writing,
                    tone="primary", icon="play"),),
    related=(Related("reports.run", "report", _l("Runs")),),
)

runs = Resource(
    ReportRun,
    columns=("reference", "title", "written_as", "rows", "asked_at", "status"),
    filters=("status", "written_as", "report", "asked_at"),
    search={"reference": "A", "title": "A"},
    facts=("title", "report", "runner", "written_as", "status", "asked_at", "seconds", "rows", "filters", "rows_hash", "error"),
    sort="-reference",
    subtitle=("written_as",),
    icon="history",
    importable=False,
    creatable=False,
    editable=False,
    menu=False,
    visible_to=policy.runs_visible_to,
    actions=(Action("again", services.again, label=_l("Run again"), done="repeated", said=_l("%(name)s ran %(record)s again"),
                    icon="rotate-ccw"),),
)

EVERYBODYS = {"reports.report.view": "company", "reports.report.create": "company", "reports.report.edit": "own",
              "reports.report.archive": "own", "reports.report.run": "company", "reports.run.view": "company",
              "reports.run.again": "company"}

module = Module(
    "reports", label=_l("Reports"), icon="chart-column", section="work", resources=(reports, runs),
    roles=tuple(Role(key, label, EVERYBODYS) for key, label in (("member", _l("Member")), ("approver", _l("Approver")),
                                                                ("manager", _l("Manager")))),
    menu=(MenuItem("reports", _l("Reports"), "chart-column", "report_pages.catalogue", permission="reports.report.view", order=5),),
    says={"reports.run.create": _l("%(name)s began %(record)s"), "reports.run.finish": _l("%(record)s was written"),
          "reports.run.fail": _l("%(record)s failed")},
    screens=("app.modules.reports.views", "app.modules.reports.building", "app.modules.reports.planning"),
)
