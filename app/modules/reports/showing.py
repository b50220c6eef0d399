"""What the pages of reports show: the figures as they are now, the reports that there are, and what became of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, after_this_request, request, url_for
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.core import access, audit, charts, files
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.i18n import file_size
from app.kernel.kinds import show_moment
from app.kernel.manifest import Ledger, ReportOf
from app.kernel.registry import registry
from app.modules.reports import policy
from app.modules.reports.addresses import home_of
from app.modules.reports.asking import Asking, answered, said_to
from app.modules.reports.layout import Layout, address_of, of_record
from app.modules.reports.models import Form, Report, ReportRun, Sharing
from app.modules.reports.reading import Figures, figures_of
from app.modules.reports.writing import chart_of, printable
from app.resources.querying import Wanted, count
from app.resources.urls import record_url, url_of

WHOLE = 2_000  # rows up to which a page works out totals and the hash; a file does it for all of them
DRAWN = 500  # rows that a page draws
FIRST = 20  # rows of a preview
LATEST = 10
LIMITS = ("across", "filters")  # what a run is refused for that is no parameter


def page_of(report: Report) -> dict[str, Any]:
    """The page of a report of one's own, or one that is shared."""
    try:
        begun = of_record(report)
    except Invalid as error:
        return {"trouble": [said for sentences in error.errors.values() for said in sentences]}
    policy.require(begun.resource)
    is_asked = "asked" in request.args
    values = said_to(begun, MultiDict(pair for pair in request.args.items(multi=True) if pair[0] != "asked")) if is_asked else ""
    page = {"trouble": [], "beyond": [], "figures": False, "asked": is_asked, "filters": values, "here": url_of(report),
            "latest": latest(report=report), "plan_url": _plan_url(report),
            "run_url": url_for("report_pages.run_own", ref=report.reference),
            "copy_url": url_for("report_builder.make", copy=report.reference)}
    try:
        found = table(layout := answered(report, values))
    except Invalid as error:
        if is_asked:
            after_this_request(_unprocessable)
        about = {each.field.name for each in begun.parameters}
        beyond = [said for name, sentences in error.errors.items() if name in LIMITS and name not in about for said in sentences]
        asked = {name: said for name, said in error.errors.items() if name in about or name not in LIMITS}
        return page | {"facts": [], "beyond": beyond, "asking": Asking(begun, values, asked if is_asked else {})}
    return found | page | {"figures": True, "may_export": _may_export(layout), "asking": Asking(begun, values, {})}


def _unprocessable(response: Response) -> Response:
    response.status_code = 422
    return response


def table(layout: Layout, *, whole: int = WHOLE, drawn: int = DRAWN) -> dict[str, Any]:
    """The rows as a page draws them, with what they come to."""
    figures = figures_of(layout, shown=True, most=whole, cut=True)
    printed = printable(layout, figures)
    audit.note_list(layout.resource, figures.count, address_of(layout.wanted))
    total, exact = count(layout.wanted) if figures.more else (figures.count, True)
    left, parts = drawn, []
    for part in printed.parts:
        parts.append({"label": part.label, "count": len(part.rows), "rows": part.rows[:left],
                      "totals": [] if figures.more else part.totals})
        left = max(0, left - len(part.rows))
    return {"columns": printed.columns, "parts": parts, "count": figures.count, "more": figures.more,
            "left": _left(drawn, total, exact=exact), "grouped": layout.group is not None,
            "pivot": None if figures.more or not printed.tables else printed.tables[0],
            "chart": None if figures.more else _chart(layout, figures), "totals": [] if figures.more else printed.totals,
            "facts": printed.facts[:-1] if figures.more else printed.facts, "resource": layout.resource,
            "list_url": _list_url(layout.wanted), "forms": list(Form), "asked": False}


def _left(drawn: int, total: int, *, exact: bool) -> str:
    """How many rows a page leaves out; nothing when it draws them all."""
    if total <= drawn:
        return ""
    shown, of, left = (format_decimal(number) for number in (drawn, total, total - drawn))
    if not exact:
        return _("%(drawn)s of about %(total)s rows are shown here.", drawn=shown, total=of)
    return _("%(drawn)s of %(total)s rows are shown here, %(left)s are not.", drawn=shown, total=of, left=left)


def run_of(run: ReportRun) -> dict[str, Any]:
    """What the page of a run shows beside its fields."""
    file = files.find(run.file_id) if run.file_id else None
    mine = file is not None and files.readable(file)
    return {"file": {"name": file.name, "url": files.url_of(file), "size": file_size(file.size), "sha256": file.sha256} if file and mine
            else None, "of_others": file is not None and not mine,
            "prebuilt": url_for("report_pages.prebuilt", key=run.source) if run.source in registry.reports else "",
            "job_url": f"/{current.organisation.slug}/jobs/{run.job_id}/" if run.job_id and run.created_by == current.user.id else ""}


def catalogue(words: str = "") -> list[tuple[Any, list[dict[str, Any]]]]:
    """The reports that the reader may run, their own first, then shared ones, then those of each module."""
    found: list[tuple[Any, list[dict[str, Any]]]] = []
    own = [_entry(each) for each in _reports() if _fits(words, each.title, each.description)]
    for heading, mine in ((_("My reports"), True), (_("Shared with me"), False)):
        found.append((heading, [each for each in own if each["mine"] is mine]))
    for module in registry.modules.values():
        entries = [_declared(each) for each in module.reports if may_see(each) and _fits(words, each.label, each.help)]
        found.append((module.label, entries))
    return [(heading, entries) for heading, entries in found if entries]


def may_see(declared: ReportOf) -> bool:
    """Whether the reader may run a report that comes with a module."""
    return bool(access.can(current.user, needed_for(declared)))


def needed_for(declared: ReportOf) -> str:
    """The permission that a report that comes with a module asks for: to open the list that it is about."""
    return registry.reported[declared.resource].permission("view")


def latest(*, report: Report | None = None, source: str = "") -> list[dict[str, Any]]:
    """The last runs of a report that the reader may see."""
    query = select(ReportRun).where(access.visible(registry.resource("reports.run"), current.user), ReportRun.archived_at.is_(None))
    query = query.where(ReportRun.report_id == report.id if report else ReportRun.source == source)
    runs = session().scalars(query.order_by(ReportRun.id.desc()).limit(LATEST)).all()
    return [{"reference": each.reference, "url": url_of(each), "when": show_moment(each.asked_at or each.created_at), "rows": each.rows,
             "form": each.written_as.label, "status": each.status, "hash": (each.rows_hash or "")[:12]}
            for each in runs]


def _reports() -> Sequence[Report]:
    resource = registry.resource("reports.report")
    if not access.can(current.user, resource.permission("view")):
        return []
    return session().scalars(select(Report).where(access.visible(resource, current.user), Report.archived_at.is_(None)).order_by(
        Report.reference).limit(200)).all()


def _entry(report: Report) -> Mapping[str, Any]:
    about = registry.reported.get(report.resource)
    return {"label": report.title, "help": report.description or "", "url": record_url(registry.resource("reports.report"), report),
            "about": about.plural if about else report.resource, "mine": report.created_by == current.user.id,
            "shared": report.sharing is Sharing.SHARED}


def _declared(report: ReportOf) -> dict[str, Any]:
    about = registry.reported.get(report.resource)
    return {"label": report.label, "help": report.help, "url": url_for("report_pages.prebuilt", key=report.key),
            "about": about.plural if about else "", "mine": False, "shared": False}


def _fits(words: str, *texts: Any) -> bool:
    from app.kernel.kinds import fold

    said = fold(" ".join(str(text or "") for text in texts))
    return all(word in said for word in fold(words).split())


def _chart(layout: Layout, figures: Figures) -> dict[str, Any] | None:
    chart = chart_of(layout, figures)
    return {"title": chart.title, "svg": charts.svg(chart, 640, 260), "narrow": charts.svg(chart, 340, 340),
            "table": charts.table(chart)} if chart else None


def _may_export(layout: Layout) -> Any:
    return access.can(current.user, layout.resource.permission("export"))


def _plan_url(report: Report) -> str:
    return url_for("report_plans.plan_form", ref=report.reference) if access.can(current.user, "scheduler.schedule.create") else ""


def _list_url(wanted: Wanted) -> str:
    query = address_of(wanted)
    if isinstance(wanted.resource, Ledger):
        return home_of(wanted.resource)
    return home_of(wanted.resource) + (f"?{query}" if query else "")
