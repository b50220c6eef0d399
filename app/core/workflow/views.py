"""The pages of workflows: what goes by which, the picture of a version, and its steps, changed one at a time by plain forms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access
from app.core.workflow import changing, drafts, showing, stepping, templates
from app.core.workflow.changing import Changed
from app.core.workflow.models import Stage, Workflow, WorkflowVersion
from app.core.workflow.storing import read, written
from app.core.workflow.templates import Template
from app.core.workflow.versions import workflow_of
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Invalid, NotFound
from app.kernel.screens import screen

screens = Blueprint("workflows", __name__)
VERSION = "workflow.workflow_version"
VIEW, MAKE, REDRAW, ACTIVATE = (f"{VERSION}.{verb}" for verb in ("view", "create", "redraw", "activate"))


@screens.get("/<org>/workflow/designs/")
def listing() -> Response:
    """Every action that is agreed, and by which version."""
    access.require(current.user, VIEW)
    return screen("workflow/list.html", rows=showing.rows())


@screens.get("/<org>/workflow/designs/<kind>/<action>/")
def show(kind: str, action: str) -> Response:
    """How one action is agreed today, and its versions."""
    access.require(current.user, VIEW)
    return screen("workflow/show.html", **showing.in_force(_governed(kind, action)),
                  templates=_offered(_governed(kind, action)),
                  make_url=url_for("workflows.make", kind=kind, action=action) if access.can(current.user, MAKE) else "")


@screens.post("/<org>/workflow/designs/<kind>/<action>/")
def make(kind: str, action: str) -> Response:
    """A new version, which begins as the one in force, or as a template."""
    access.require(current.user, MAKE)
    governed, wanted = _governed(kind, action), request.form.get("template", "")
    template = next((each for each in _offered(governed) if each.key == wanted), None)
    if wanted and template is None:
        raise NotFound
    made = perform_one(VERSION, "create", data={"workflow": str(workflow_of(governed.approval, governed.action.name))})
    if template is not None:
        perform_one(VERSION, "redraw", made.record.id, {"graph": json.dumps(written(template.draw(governed.action.name)))})
    return redirect(url_for("workflows.version", ref=made.record.reference), 303)


@screens.get("/<org>/workflow/designs/<ref>")
def version(ref: str) -> Response:
    """One version: its picture and its steps; `?step=` shows the form of one."""
    access.require(current.user, VIEW)
    return _page(_version(ref), request.args.get("step", ""))


@screens.post("/<org>/workflow/designs/<ref>/steps")
def change(ref: str) -> Response:
    """One change of a draft: `do` is set, add, beside, earlier, later, behind, link, remove, unwrap or undo, `path` the address of a step,
    `to` that of another one."""
    access.require(current.user, REDRAW)
    found, path = _version(ref), request.form.get("path", "")
    try:
        made = _changed(found, request.form.get("do", ""), path, request.form)
        perform_one(VERSION, "redraw", found.id, {"graph": json.dumps(written(made.graph))})
    except Invalid as error:
        reference = found.reference
        session().rollback()
        return _page(_version(reference), path, values=request.form, errors=error.errors, status=422)
    except KeyError:
        raise NotFound from None
    anchor = "step-form" if made.form else showing.anchor(made.at) if made.at else "steps"
    return redirect(url_for("workflows.version", ref=ref, step=made.form or None, _anchor=anchor), 303)


@screens.post("/<org>/workflow/designs/<ref>/activate")
def activate(ref: str) -> Response:
    """Ask that a draft be put in force: somebody else agrees first."""
    access.require(current.user, ACTIVATE)
    found = _version(ref)
    wrong = drafts.faults(drafts.workflow_of(found), read(found.graph))
    if wrong:
        return _page(found, "", errors={"graph": [_("It cannot be put in force yet. Mend what is wrong first.")]}, status=422)
    outcome = perform_one(VERSION, "activate", found.id)
    flash(_("Another administrator has to agree.") if outcome.state == "parked" else _("It is in force."), "good")
    return redirect(url_for("workflows.version", ref=ref), 303)


for _view, _needs in ((listing, VIEW), (show, VIEW), (version, VIEW), (make, MAKE), (change, REDRAW), (activate, ACTIVATE)):
    _view.needs = _needs  # type: ignore[attr-defined]


def _changed(found: WorkflowVersion, do: str, path: str, said: Mapping[str, str]) -> Changed:
    """After one change, or without the last one. Raises KeyError for what cannot be done, Invalid."""
    if do != "undo":
        inner = drafts.insertable(drafts.governed_by(drafts.workflow_of(found)))
        return changing.change(read(found.graph), do, path, said, {key: graph for key, (_name, graph) in inner.items()})
    if (past := drafts.before(found)) is None:
        raise KeyError(do)
    return Changed(past)


def _page(found: WorkflowVersion, step: str, *, values: Mapping[str, str] | None = None,
          errors: Mapping[str, Sequence[Any]] | None = None, status: int = 200) -> Response:
    may = drafts.is_draft(found) is True and bool(access.can(current.user, REDRAW))
    moves = found.stage == Stage.ACTIVE and access.can(current.user, ACTIVATE)
    return screen(
        "workflow/version.html", status=status, **showing.of_version(found, step if may else "", values), may=may, errors=errors or {},
        undo=len(found.past) if may else 0, kinds=stepping.offered(),
        change_url=url_for("workflows.change", ref=found.reference), page_url=url_for("workflows.version", ref=found.reference),
        backtest_url=url_for("backtests.show", ref=found.reference),
        running_url=url_for("transfers.preview", ref=found.reference) if moves else "",
        activate_url=url_for("workflows.activate", ref=found.reference) if may and access.can(current.user, ACTIVATE) else "")


def _governed(kind: str, action: str) -> drafts.Governed:
    found = next((each for each in drafts.governed() if each.resource.key == kind and each.name == action), None)
    if found is None:
        raise NotFound
    return found


def _offered(governed: drafts.Governed) -> list[Template]:
    """The templates from which a version can begin; none for whoever makes none."""
    return templates.fitting(governed.resource, governed.approval) if access.can(current.user, MAKE) else []


def _version(ref: str) -> WorkflowVersion:
    found = session().scalars(select(WorkflowVersion).join(Workflow, Workflow.id == WorkflowVersion.workflow_id).where(
        WorkflowVersion.reference == ref, WorkflowVersion.archived_at.is_(None))).first()
    if found is None:
        raise NotFound
    return found
