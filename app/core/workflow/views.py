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
from app.core.workflow import drafts, editing, showing, stepping
from app.core.workflow.graph import Graph
from app.core.workflow.models import Workflow, WorkflowVersion
from app.core.workflow.storing import read, written
from app.core.workflow.versions import workflow_of
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Invalid, NotFound
from app.kernel.manifest import Action, Resource
from app.kernel.registry import registry
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
    resource, declared = _governed(kind, action)
    return screen("workflow/show.html", **showing.in_force(resource, declared),
                  make_url=url_for("workflows.make", kind=kind, action=action) if access.can(current.user, MAKE) else "")


@screens.post("/<org>/workflow/designs/<kind>/<action>/")
def make(kind: str, action: str) -> Response:
    """A new version, which begins as the one in force."""
    access.require(current.user, MAKE)
    _resource, declared = _governed(kind, action)
    workflow_id = workflow_of(registry.approvals[declared.approval], declared.name)
    made = perform_one(VERSION, "create", data={"workflow": str(workflow_id)})
    return redirect(url_for("workflows.version", ref=made.record.reference), 303)


@screens.get("/<org>/workflow/designs/<ref>")
def version(ref: str) -> Response:
    """One version: its picture and its steps; `?step=` shows the form of one."""
    access.require(current.user, VIEW)
    return _page(_version(ref), request.args.get("step", ""))


@screens.post("/<org>/workflow/designs/<ref>/steps")
def change(ref: str) -> Response:
    """One change of a draft: `do` is set, add, beside, wait, earlier, remove or unwrap, `path` the address of a step."""
    access.require(current.user, REDRAW)
    found, path = _version(ref), request.form.get("path", "")
    try:
        graph, shown = _changed(read(found.graph), request.form.get("do", ""), path, request.form)
        perform_one(VERSION, "redraw", found.id, {"graph": json.dumps(written(graph))})
    except Invalid as error:
        reference = found.reference
        session().rollback()
        return _page(_version(reference), path, values=request.form, errors=error.errors, status=422)
    except KeyError:
        raise NotFound from None
    return redirect(url_for("workflows.version", ref=ref, step=shown or None), 303)


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


def _changed(graph: Graph, do: str, path: str, said: Mapping[str, str]) -> tuple[Graph, str]:
    """The graph after one change, and the step whose form is shown next."""
    here, step, above = graph.place(path)
    match do:
        case "set":
            made = stepping.from_form(here, step, said)
            return editing.changed(graph, path, lambda _step: made), ""
        case "add" | "wait":
            fresh = stepping.FRESH if do == "add" else stepping.REST
            return editing.added(graph, path, fresh), above + editing.free_key(graph, fresh.key)
        case "beside":
            return editing.beside(graph, path, stepping.FRESH), ""
        case "earlier":
            return editing.earlier(graph, path), ""
        case "remove" if editing.may_be_removed(step):
            return editing.removed(graph, path), ""
        case "unwrap":
            return editing.unwrapped(graph, path, said.get("branch", "")), ""
    raise NotFound


def _page(found: WorkflowVersion, step: str, *, values: Mapping[str, str] | None = None,
          errors: Mapping[str, Sequence[Any]] | None = None, status: int = 200) -> Response:
    may = drafts.is_draft(found) is True and bool(access.can(current.user, REDRAW))
    return screen(
        "workflow/version.html", status=status, **showing.of_version(found, step if may else "", values), may=may, errors=errors or {},
        change_url=url_for("workflows.change", ref=found.reference), page_url=url_for("workflows.version", ref=found.reference),
        activate_url=url_for("workflows.activate", ref=found.reference) if may and access.can(current.user, ACTIVATE) else "")


def _governed(kind: str, action: str) -> tuple[Resource, Action]:
    found = next((each for each in drafts.governed() if each[0].key == kind and each[1].name == action), None)
    if found is None:
        raise NotFound
    return found


def _version(ref: str) -> WorkflowVersion:
    found = session().scalars(select(WorkflowVersion).join(Workflow, Workflow.id == WorkflowVersion.workflow_id).where(
        WorkflowVersion.reference == ref, WorkflowVersion.archived_at.is_(None))).first()
    if found is None:
        raise NotFound
    return found
