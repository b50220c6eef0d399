"""The page on which running requests go over to the version in force: what would become of each, in pages, and the deed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access
from app.core.approvals import showing, words
from app.core.approvals.moving import AT_ONCE, Place, Preview, Target, move
from app.core.workflow import WorkflowVersion
from app.core.workflow.models import Stage
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, NotFound
from app.kernel.screens import screen

NEEDS = "workflow.workflow_version.activate"
CHOICE = "at."
screens = Blueprint("transfers", __name__)
screens.needs = NEEDS  # type: ignore[attr-defined]


@screens.get("/<org>/workflow/designs/<ref>/running")
def preview(ref: str) -> Response:
    """Where each running request would stand on this version, who would decide it, and which cannot go over."""
    access.require(current.user, NEEDS)
    return _page(_target(ref, request.args), _id(request.args.get("after", "")))


@screens.post("/<org>/workflow/designs/<ref>/running")
def confirm(ref: str) -> Response:
    """Move those that are ticked."""
    access.require(current.user, NEEDS)
    target = _target(ref, request.form)
    ids = [found for each in request.form.getlist("ids")[:AT_ONCE] if (found := _id(each))]
    seen = {each.id for each in target.seen(ids)}
    moved, stay = move(target, [each for each in ids if each in seen])
    if moved:
        flash(ngettext("%(num)d request goes by this version now.", "%(num)d requests go by this version now.", len(moved)), "good")
    for each, why_not in stay:
        flash(_("%(reference)s stays: %(reason)s", reference=each.record_reference, reason=why_not), "warn")
    return redirect(url_for("transfers.preview", ref=ref, after=request.form.get("after") or None, **_said(target)), 303)


def _page(target: Target, after: UUID | None) -> Response:
    found, following = target.page(after)
    people = words.people({member for each in found for place in each.places for member in place.people})
    gone = dict(step for each in found for step in each.open) | {path: target.named(path) for path in target.chosen}
    version, chosen = target.version, _said(target)
    return screen(
        "workflow/running.html", reference=version.reference, number=version.number,
        rows=[_row(each, people) for each in found], possible=sum(each.possible for each in found),
        gone=[{"name": f"{CHOICE}{path}", "label": _("“%(step)s” goes on at", step=name), "value": target.chosen.get(path, "")}
              for path, name in gone.items()],
        choices=target.choices, chosen=chosen, after=str(after or ""), here=url_for("transfers.preview", ref=version.reference),
        next_url=url_for("transfers.preview", ref=version.reference, after=following, **chosen) if following else "",
        list_url=url_for("workflows.listing"), back_url=url_for("workflows.version", ref=version.reference))


def _row(each: Preview, people: dict[UUID, str]) -> dict[str, Any]:
    found = each.request
    why_not = each.why_not or (_("“%(steps)s” is not in this version: choose above where it goes on.",
                                 steps=", ".join(name for _path, name in each.open)) if each.open else "")
    return {"id": str(found.id), "title": showing.heading(found), "reference": found.record_reference, "url": showing.page_url(found),
            "step": showing.step_text(found), "why_not": why_not, "possible": each.possible,
            "places": [_place(place, people) for place in each.places]}


def _place(place: Place, people: dict[UUID, str]) -> dict[str, Any]:
    return {"step": place.step, "to": place.to, "kept": place.kept, "people": ", ".join(people[each] for each in place.people)}


def _target(ref: str, said: Any) -> Target:
    version = session().scalars(select(WorkflowVersion).where(
        WorkflowVersion.reference == ref, WorkflowVersion.archived_at.is_(None))).first()
    if version is None:
        raise NotFound
    if version.stage != Stage.ACTIVE:
        raise Conflict(_("Requests go over only to the version that is in force."))
    return Target(version, {name.removeprefix(CHOICE): to for name, to in said.items() if name.startswith(CHOICE) and to})


def _said(target: Target) -> dict[str, str]:
    """What was chosen, as the page's address says it."""
    return {f"{CHOICE}{path}": to for path, to in target.chosen.items()}


def _id(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None
