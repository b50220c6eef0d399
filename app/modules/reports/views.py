"""The pages of reports: those that there are, one that comes with a module, and the running of both kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Invalid, NotFound
from app.kernel.limits import EXPORT, limited
from app.kernel.registry import registry
from app.kernel.screens import screen
from app.modules.reports import policy, running, showing
from app.modules.reports.controls import Controls
from app.modules.reports.layout import of_record
from app.modules.reports.models import Form, Outcome, Report, ReportRun
from app.resources.urls import url_of

screens = Blueprint("report_pages", __name__)
VIEW, RUN = "reports.report.view", "reports.report.run"


@screens.get("/<org>/reports/")
def catalogue() -> Response:
    """The reports that one may run."""
    access.require(current.user, VIEW)
    words = request.args.get("q", "").strip()[:100]
    return screen("reports/catalogue.html", block="found", sections=showing.catalogue(words), words=words,
                  builder=url_for("report_builder.make") if access.can(current.user, "reports.report.create") else "",
                  history_url=f"/{current.organisation.slug}/reports/runs/", address=url_for("report_pages.catalogue"))


@screens.get("/<org>/reports/prebuilt/<key>")
def prebuilt(key: str) -> Response:
    """A report that comes with a module, as it is now."""
    access.require(current.user, VIEW)
    declared = running.prebuilt(key)
    access.require(current.user, showing.needed_for(declared))
    asked, errors = _asked(), dict[str, Sequence[Any]]()
    try:
        layout = running.layout_of(declared, asked)
        table = showing.table(layout)
    except Invalid as error:
        errors = {"filters": [said for sentences in error.errors.values() for said in sentences]}
        layout = running.layout_of(declared)
        table = showing.table(layout)
    controls = Controls(layout.resource, layout.said if asked is None or not errors else dict(layout.said) | {"filters": asked}, errors)
    page = table | {"asked": asked is not None, "filters": layout.said.get("filters", ""),
                    "here": url_for("report_pages.prebuilt", key=key),
                    "may_export": access.can(current.user, layout.resource.permission("export")),
                                    "latest": showing.latest(source=key), "run_url": url_for("report_pages.run_prebuilt", key=key)}
    copy = url_for("report_builder.make", origin=key) if access.can(current.user, "reports.report.create") else ""
    return screen("reports/prebuilt.html", status=422 if errors else 200, declared=declared, page=page, controls=controls, errors=errors,
                  resource=layout.resource, copy_url=copy, catalogue_url=url_for("report_pages.catalogue"))


@screens.post("/<org>/reports/prebuilt/<key>/run")
@limited(EXPORT)
def run_prebuilt(key: str) -> Response:
    """Run a report that comes with a module; `written_as` says what it is written as."""
    access.require(current.user, RUN)
    declared = running.prebuilt(key)
    access.require(current.user, showing.needed_for(declared))
    return _to(running.begin(running.layout_of(declared, request.form.get("filters")), _form(), source=key))


@screens.post("/<org>/reports/reports/<ref>/written")
@limited(EXPORT)
def run_own(ref: str) -> Response:
    """Run a report of one's own, or one that is shared."""
    report = found(ref)
    policy.require(of_record(report).resource, export=True)
    data = {"written_as": _form().value, "values": request.form.get("filters", "")}
    perform_one("reports.report", "run", report.id, data, channel="page")
    made = session().scalars(select(ReportRun).where(ReportRun.report_id == report.id, ReportRun.created_by == current.user.id).order_by(
        ReportRun.id.desc()).limit(1)).one()
    return _to(made)


for _view, _needs in ((catalogue, VIEW), (prebuilt, VIEW), (run_prebuilt, RUN), (run_own, RUN)):
    _view.needs = _needs  # type: ignore[attr-defined]


def found(ref: str) -> Report:
    """The report of that reference, if the reader may see it. Raises `NotFound`."""
    query = select(Report).where(Report.reference == ref, Report.archived_at.is_(None),
                                 access.visible(registry.resource("reports.report"), current.user))
    report = session().scalars(query).first()
    if report is None:
        raise NotFound
    return report


def _asked() -> str | None:
    """The filters that the address asks for, once it asks for any: a report can be linked for a period, a site, a person."""
    if "asked" not in request.args:
        return None
    return urlencode([(name, value.strip()) for name, value in request.args.items(multi=True) if name != "asked" and value.strip()])


def _form() -> Form:
    raw = request.form.get("written_as", "pdf")
    if raw not in {each.value for each in Form}:
        raise Invalid({"written_as": [_("Reports are written as: %(names)s.", names=", ".join(each.value for each in Form))]})
    return Form(raw)


def _to(run: ReportRun) -> Response:
    if run.status is Outcome.UNDER_WAY:
        flash(_("The report is long: it is being written in the background and will be announced when it is ready."), "info")
    return redirect(url_of(run), 303)
