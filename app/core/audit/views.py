"""The screens of the trail: the list with its filters and its graph, one entry, the export. Looking at them is itself in the trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.core import access
from app.core.audit import views_kept
from app.core.audit.asking import NAMES, SORTS, Filters, Place
from app.core.audit.graph import graph_of
from app.core.audit.history import listed, one, shown
from app.core.audit.outgoing import FORMATS, machine_entry, run
from app.core.audit.reading import note_look
from app.core.audit.words import channel_label, known_channels, known_resources, result_label
from app.kernel import jobs
from app.kernel.current import current
from app.kernel.errors import Invalid
from app.kernel.kinds import Unreadable, read_date, show_moment
from app.kernel.limits import API, EXPORT, limited
from app.kernel.screens import screen

screens = Blueprint("trail", __name__)
VIEW, EXPORTED = "audit.entry.view", "audit.entry.export"
LONGEST, RESULTS = 120, ("ok", "refused", "failed")


@screens.get("/<org>/audit/")
def listing() -> Response:
    """Everything that happened here that matches, in the order asked for."""
    access.require(current.user, VIEW)
    typed = _typed(request.args)
    filters = filters_of(typed, request.args.get("before", ""))
    page = listed(filters)
    asked: dict[str, Any] = {name: value for name, value in typed.items() if value}
    note_look(asked)
    older = url_for("trail.listing", **asked, before=str(page.older)) if page.older else ""
    newest = url_for("trail.listing", **asked) if filters.before else ""
    return screen("audit/trail.html", block="results", entries=page.entries, typed=typed, older=older, newest=newest, asked=asked,
                  graph=None if filters.before else graph_of(filters), live="" if filters.before else url_for("trail.listing", **asked),
                  sorts=_sorts(asked, filters.sort), resources=known_resources(), channels=known_channels(),
                  results=[(name, result_label(name)) for name in RESULTS], kept=views_kept.of(current.user),
                  may_export=access.can(current.user, EXPORTED).allowed)


@screens.get("/<org>/audit/<uuid:entry_id>/")
def entry(entry_id: UUID) -> Response:
    """One entry with all that is known of it."""
    access.require(current.user, VIEW)
    found = one(entry_id)
    note_look({}, found)
    (said,) = shown([found])
    again = [(_("Everything of this record"), found.record_id and url_for("trail.listing", record_id=found.record_id)),
             (_("Everything by this person"), found.actor_id and url_for("trail.listing", person=found.actor_id)),
             (_("Everything of this request"), found.request_id and url_for("trail.listing", request=found.request_id))]
    facts = [(_("When"), show_moment(found.at)), (_("UTC"), found.at.isoformat(timespec="milliseconds")), (_("Who"), said.who),
             (_("E-mail"), said.email), (_("Person"), found.actor_id or ""), (_("Action"), found.action), (_("Kind"), found.resource),
             (_("Record"), found.record_reference or found.record_id or ""), (_("Result"), result_label(found.result)),
             (_("Reason"), said.reason), (_("Way"), channel_label(found.channel) or _("page")), (_("Address"), said.ip),
             (_("Place"), said.place), (_("Device"), said.device), (_("Trace"), found.request_id)]
    return screen("audit/entry.html", entry=said, facts=facts, again=[(label, url) for label, url in again if url],
                  more={name: orjson.dumps(value).decode() for name, value in found.context.items()}, digest=found.digest.hex())


@screens.post("/<org>/audit/export")
@limited(EXPORT)
def export() -> Response:
    """The entries that match as a file, written by a job."""
    access.require(current.user, EXPORTED)
    typed, form = _typed(request.form), request.form.get("format", "csv")
    if form not in FORMATS:
        raise Invalid({"format": [_("Exports are written as: %(names)s.", names=", ".join(FORMATS))]})
    filters_of(typed, "")
    job = jobs.enqueue(run, form, {name: value for name, value in typed.items() if value}, title=_("Export of the audit trail"))
    flash(_("The list is long: it is being written in the background and will be announced when it is ready."), "info")
    return redirect(url_for("jobs.detail", job_id=job.id), 303)  # type: ignore[return-value]


@screens.post("/<org>/audit/views")
def keep_view() -> Response:
    """Keep these filters under a name, or let a name go; one's own."""
    access.require(current.user, VIEW)
    typed = {name: value for name, value in _typed(request.form).items() if value}
    views_kept.keep(request.form.get("name", ""), typed, forget=request.form.get("forget", ""))
    return redirect(url_for("trail.listing", **typed), 303)  # type: ignore[return-value]


@screens.get("/api/v1/<org>/audit/entries/")
@limited(API)
def entries() -> Response:
    """The same for machines: `items`, and `next` where there is more."""
    access.require(current.user, VIEW)
    typed = _typed(request.args)
    filters = filters_of(typed, request.args.get("before", ""))
    asked = {name: value for name, value in typed.items() if value}
    note_look(asked)
    page = listed(filters)
    following = url_for("trail.entries", **asked, before=str(page.older)) if page.older else None  # type: ignore[arg-type]
    return Response(orjson.dumps({"items": [machine_entry(one(each.id), each) for each in page.entries], "next": following}),
                    mimetype="application/json")


for _view in (listing, entry, keep_view, entries):
    _view.needs = VIEW  # type: ignore[attr-defined]
export.needs = EXPORTED  # type: ignore[attr-defined]


def _typed(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given.get(name, "").strip()[:LONGEST] for name in NAMES}


def _sorts(asked: Mapping[str, Any], chosen: str) -> list[tuple[str, str, bool, None]]:
    labels = {"-at": _("Newest first"), "at": _("Oldest first"), "actor": _("Person A–Z"), "-actor": _("Person Z–A")}
    rest = {name: value for name, value in asked.items() if name != "sort"}
    return [(label, url_for("trail.listing", **rest, sort=sort), sort == chosen, None) for sort, label in labels.items()]


def filters_of(typed: Mapping[str, str], before: str = "") -> Filters:
    """What was typed, as filters. Raises `Invalid`."""
    return Filters(actor=typed.get("actor", ""), action=typed.get("action", ""), record=typed.get("record", ""),
                   since=_day("since", typed.get("since", "")), until=_day("until", typed.get("until", "")), before=_place(before),
                   resource=typed.get("resource", ""), result=typed.get("result", ""), channel=typed.get("channel", ""),
                   ip=typed.get("ip", ""), words=typed.get("q", ""), request=typed.get("request", ""), person=_id(typed.get("person", "")),
                   record_id=_id(typed.get("record_id", "")), sort=typed.get("sort") if typed.get("sort") in SORTS else "-at")  # type: ignore[arg-type]


def _day(name: str, raw: str) -> date | None:
    try:
        return read_date(raw) if raw else None
    except Unreadable as error:
        raise Invalid({name: [str(error)]}) from None


def _place(raw: str) -> Place | None:
    try:
        return Place.read(raw) if raw else None
    except (ValueError, OverflowError):
        raise Invalid({"before": [_("This page of the list does not exist.")]}) from None


def _id(raw: str) -> UUID | None:
    try:
        return UUID(raw) if raw else None
    except ValueError:
        raise Invalid({"": [_("This page of the list does not exist.")]}) from None
