"""The page on which a report is put together: kind of record, columns, filters, order, groups, totals and chart, with its first rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core import access
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.screens import screen
from app.modules.reports import layout as layouts
from app.modules.reports import running, showing
from app.modules.reports.controls import Controls, said_in
from app.modules.reports.models import Report, Sharing
from app.modules.reports.views import VIEW, found
from app.resources.urls import url_of

screens = Blueprint("report_builder", __name__)
CREATE, EDIT = "reports.report.create", "reports.report.edit"
KEPT = ("title", "description", "sharing")


@screens.get("/<org>/reports/build")
def make() -> Response:
    """A new report: about which records first, then the rest; `copy` and `origin` begin with what another one says."""
    access.require(current.user, CREATE)
    words, said = _begun()
    if not said.get("resource"):
        return screen("reports/choose.html", kinds=_kinds(), action=url_for("report_builder.make"), catalogue_url=_catalogue())
    return _form(words, said, {}, action=url_for("report_builder.save_new"))


@screens.post("/<org>/reports/build")
def save_new() -> Response:
    """Keep the new report, or show its first rows."""
    access.require(current.user, CREATE)
    return _saved(None, url_for("report_builder.save_new"))


@screens.get("/<org>/reports/reports/<ref>/build")
def change(ref: str) -> Response:
    """A report that there is, to be changed."""
    report = found(ref)
    access.require(current.user, EDIT, report)
    words = {"title": report.title, "description": report.description or "", "sharing": report.sharing.value}
    action = url_for("report_builder.save", ref=ref)
    return _form(words, layouts.said_by(report), {}, action=action, report=report, version=str(report.version))


@screens.post("/<org>/reports/reports/<ref>/build")
def save(ref: str) -> Response:
    """Keep what was changed, or show its first rows."""
    report = found(ref)
    access.require(current.user, EDIT, report)
    return _saved(report, url_for("report_builder.save", ref=ref))


for _view, _needs in ((make, CREATE), (save_new, CREATE), (change, VIEW), (save, VIEW)):
    _view.needs = _needs  # type: ignore[attr-defined]


def _begun() -> tuple[dict[str, str], dict[str, str]]:
    """What a new report begins with."""
    words = {"title": "", "description": "", "sharing": Sharing.PRIVATE.value}
    if request.args.get("origin"):
        declared = running.prebuilt(request.args["origin"])
        return words | {"title": str(declared.label), "description": str(declared.help)}, layouts.said_of(declared)
    if request.args.get("copy"):
        report = found(request.args["copy"])
        title = _("Copy of %(title)s", title=report.title)
        return words | {"title": title, "description": report.description or ""}, layouts.said_by(report)
    resource = registry.reported.get(request.args.get("resource", ""))
    return words, {"resource": resource.key, "columns": ", ".join(resource.columns), "sort": resource.sort} if resource else {}


def _saved(report: Report | None, action: str) -> Response:
    form = request.form
    resource = registry.reported.get(report.resource if report else form.get("r-resource", ""))
    if resource is None:
        raise NotFound
    access.require(current.user, resource.permission("view"))
    words, said = {name: form.get(f"r-{name}", "") for name in KEPT}, said_in(resource, form)
    version = form.get("r-version", "")
    if form.get("r-do") != "save":
        return _form(words, said, {}, action=action, report=report, version=version)
    try:
        if report is None:
            made = perform_one("reports.report", "create", None, words | said, channel="page").record
        else:
            data = words | said | ({"version": version} if version else {})
            made = perform_one("reports.report", "edit", report.id, data, channel="page").record
    except (Invalid, Conflict) as error:
        session().rollback()
        errors = error.errors if isinstance(error, Invalid) else {"": [str(error)]}
        return _form(words, said, errors, action=action, report=report, version=version, status=422 if isinstance(error, Invalid) else 409)
    flash(_("%(reference)s is saved.", reference=made.reference), "good")
    return redirect(url_of(made), 303)


def _form(words: Mapping[str, str], said: Mapping[str, str], errors: Mapping[str, Sequence[Any]], *, action: str,
          report: Report | None = None, version: str = "", status: int = 200) -> Response:
    resource = registry.reported.get(said["resource"])
    if resource is None:
        raise NotFound
    access.require(current.user, resource.permission("view"))
    controls = Controls(resource, said, errors)
    return screen("reports/build.html", block="preview", status=status, words=words, controls=controls, resource=resource, action=action,
                  report=report, version=version, errors=errors, summary=_summary(controls, errors),
                  preview=_preview(words["title"], said), back_url=url_of(report) if report else _catalogue(), catalogue_url=_catalogue())


def _preview(title: str, said: Mapping[str, str]) -> dict[str, Any]:
    """The first rows, or what is wrong with what was chosen."""
    try:
        return showing.table(layouts.understood(title, said), whole=showing.FIRST, drawn=showing.FIRST) | {"trouble": []}
    except Invalid as error:
        return {"trouble": [each for sentences in error.errors.values() for each in sentences]}
    except Forbidden as error:
        return {"trouble": [str(error)]}


def _summary(controls: Controls, errors: Mapping[str, Sequence[Any]]) -> list[tuple[str, Any, Any]]:
    return [(controls.ids.get(name, ""), controls.labels.get(name, ""), said[0]) for name, said in errors.items() if said]


def _kinds() -> list[tuple[Any, list[Resource]]]:
    """What a report can be about, by module: the lists that the reader may open."""
    found_: dict[str, list[Resource]] = {}
    for resource in registry.reported.values():
        if access.can(current.user, resource.permission("view")):
            found_.setdefault(resource.module, []).append(resource)
    business = [name for name, module in registry.modules.items() if module.section in ("business", "operations")]
    return [(registry.modules[name].label, found_[name]) for name in sorted(found_, key=lambda each: each not in business)]


def _catalogue() -> str:
    return url_for("report_pages.catalogue")
