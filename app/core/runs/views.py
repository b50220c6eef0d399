"""The pages of runs beside the engine's: what there is, launching one, comparing two, the evidence as PDF and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from flask import Blueprint, current_app, flash, jsonify, redirect, request, url_for
from flask import Response as PdfResponse
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.core import access, audit
from app.core.runs import asking, launching, showing
from app.core.runs.models import ExecutiveRun
from app.core.runs.paper import write_evidence
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid, NotFound
from app.kernel.kinds import show_moment
from app.kernel.registry import registry
from app.kernel.run_types import RunType
from app.kernel.screens import screen

screens = Blueprint("runs_pages", __name__)
VIEW, EXPORT, LAUNCH = "runs.run.view", "runs.run.export", launching.LAUNCH


@screens.get("/<org>/runs/")
def listing() -> Response:
    """The kinds of run, and what ran last."""
    access.require(current.user, VIEW)
    return screen("runs/list.html", kinds=showing.catalogue(), latest=showing.latest(), tabs=tabs("runs"))


@screens.get("/<org>/runs/launch/<key>")
def launch_form(key: str) -> Response:
    """The form of a kind of run; `?again=` begins with what an earlier run was given."""
    kind = launching.kind_of(key)
    launching.require(kind)
    earlier = found(request.args["again"]) if request.args.get("again") else None
    return _form(kind, dict(earlier.inputs) if earlier else {}, {}, title=earlier.title if earlier else "", again=earlier)


@screens.post("/<org>/runs/launch/<key>")
def launch(key: str) -> Response:
    """Begin a run and go to its page."""
    kind = launching.kind_of(key)
    launching.require(kind)
    raw, title = typed(kind, request.form), request.form.get("title", "").strip()
    earlier = found(request.form["again"]) if request.form.get("again") else None
    try:
        run = launching.launch(key, raw, title=title, again_of=earlier.id if earlier else None)
    except Invalid as error:
        session().rollback()
        return _form(kind, raw, error.errors, title=title, again=earlier, status=422)
    flash(_("%(reference)s is queued.", reference=run.reference), "good")
    return redirect(showing.url_of(run), 303)


@screens.get("/<org>/runs/compare")
def compare() -> Response:
    """Two runs of one kind side by side: `a` and `b` are their references."""
    access.require(current.user, VIEW)
    first = found(request.args.get("a", ""))
    second = found(request.args["b"]) if request.args.get("b") else None
    if second is not None and second.kind != first.kind:
        raise Invalid({"b": [_("Only runs of the same kind can be compared.")]})
    return screen("runs/compare.html", first=showing.brief(first), second=showing.brief(second) if second else None,
                  options=showing.similar(first), chosen=second.reference if second else "",
                  compared=showing.compared(first, second) if second else None)


@screens.get("/<org>/runs/runs/<ref>/evidence.pdf")
def evidence(ref: str) -> Response:
    """The evidence of a run as PDF."""
    from app.core import exports

    access.require(current.user, EXPORT)
    run, stream = found(ref), BytesIO()
    if run.evidence_bundle is None:
        raise NotFound(_("This run has no evidence yet."))
    printed = _("Printed by %(who)s, %(when)s", who=current.user.name, when=show_moment(clock.now()))
    base = current_app.extensions["settings"].base_url
    title = f"{_('Evidence')}: {run.title}"
    imprint = exports.Imprint(title, current.organisation.name, printed, base + showing.url_of(run), run.reference)
    write_evidence(run, stream, imprint, base)
    audit.note("runs.run.export", resource="runs.run", record=run)
    return PdfResponse(stream.getvalue(), mimetype="application/pdf", headers={
        "Content-Disposition": f'attachment; filename="{run.reference}.pdf"'})


@screens.get("/api/v1/<org>/runs/runs/<ref>/outputs")
def outputs(ref: str) -> Response:
    """All that a run was given, did and found, as JSON."""
    access.require(current.user, VIEW)
    run = found(ref)
    return jsonify(reference=run.reference, kind=run.kind, state=run.state.value, inputs=run.inputs, steps=run.steps, outputs=run.outputs,
                   evidence_bundle=run.evidence_bundle, evidence_hash=run.evidence_hash, cost=str(run.cost), currency=run.currency,
                   seconds=None if run.seconds is None else str(run.seconds), error=run.error)


for _view, _needs in ((listing, VIEW), (compare, VIEW), (outputs, VIEW), (evidence, EXPORT), (launch_form, LAUNCH), (launch, LAUNCH)):
    _view.needs = _needs  # type: ignore[attr-defined]


def found(ref: str) -> ExecutiveRun:
    """The run of that reference, if the reader may see it. Raises `NotFound`."""
    query = select(ExecutiveRun).where(ExecutiveRun.reference == ref, access.visible(registry.resource("runs.run"), current.user))
    run = session().scalars(query).first()
    if run is None:
        raise NotFound
    return run


def typed(kind: RunType, form: MultiDict[str, str], prefix: str = "") -> dict[str, Any]:
    """What was typed into the fields of a run; a box that is not ticked is no."""
    return {name: form.get(prefix + name, "") for name in kind.fields}


def tabs(which: str) -> list[tuple[Any, str, bool, int | None]]:
    """The tabs above every page of runs."""
    root = f"/{current.organisation.slug}/runs/"
    found = [(_("Runs"), root, which == "runs", None), (_("History"), f"{root}runs/", which == "history", None),
             (_("Proposed actions"), f"{root}proposals/", which == "proposals", None)]
    if access.can(current.user, "scheduler.schedule.view"):
        found.insert(2, (_("Schedules"), url_for("run_plans.listing"), which == "plans", None))
    return found


def _form(kind: RunType, raw: Mapping[str, Any], errors: Mapping[str, Sequence[Any]], *, title: str, again: ExecutiveRun | None,
          status: int = 200) -> Response:
    fields = asking.fields(kind, raw, errors)
    return screen("runs/launch.html", block="form", status=status, kind=kind, fields=fields, summary=summary(fields, errors),
                  title_typed=title, again=again.reference if again else "", action=url_for("runs_pages.launch", key=kind.key),
                  list_url=url_for("runs_pages.listing"))


def summary(fields: Sequence[asking.Asked], errors: Mapping[str, Sequence[Any]]) -> list[tuple[str, Any, Any]]:
    """Each error with the control that it is about."""
    known = {field.name.removeprefix("input-"): field for field in fields}
    return [(f"field-{known[name].name}" if name in known else "", known[name].label if name in known else "", said[0])
            for name, said in errors.items()]
