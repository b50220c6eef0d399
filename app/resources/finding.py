"""What is above single resources: global search, the palette, the description of the API, the component page."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from flask_babel import format_date, to_user_timezone
from flask_babel import gettext as _
from markupsafe import Markup

from app.core import audit, menu, search
from app.kernel import clock
from app.kernel.current import current
from app.kernel.errors import Invalid
from app.kernel.keys import palette_actions
from app.kernel.kinds import counted
from app.kernel.kit import FILES
from app.kernel.limits import SEARCH, limited
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.screens import screen
from app.resources import searching
from app.resources.features.api import answer
from app.resources.portal.calls import whole
from app.resources.urls import list_url

screens = Blueprint("finding", __name__)
PALETTE_RECORDS = 8
SEARCH_WORDS = ("q", *sorted(searching.OPERATORS))


@screens.get("/<org>/search")
@limited(SEARCH)
def find() -> Response:
    """Everything visible that fits what was typed and chosen, the best first, counted by what it can be narrowed to."""
    wanted, problems = searching.Narrowing(search.understood("")), []
    try:
        wanted = searching.understand(request.args)
        found = searching.look(wanted, counted(request.args.get("page", "")) or 1)
    except Invalid as error:
        found, problems = searching.Answer(), [said for each in error.errors.values() for said in each]
    listed = registry.resources.get(wanted.kind)
    return screen("search/results.html", block="results", wanted=wanted, found=found, problems=problems, args=request.args,
                  typed=request.args.get("q", "").strip()[:200], turned=partial(_turned, wanted),
                  rows=[_row(found, hit, resource, record) for hit, resource, record in found.hits], spans=_spans(wanted),
                  listed=listed, list_url=f"{list_url(listed)}?{urlencode({'q': wanted.asked.rest})}" if listed else "")


def _turned(wanted: searching.Narrowing, **changes: Any) -> str:
    """The address of this search with something else chosen, from its first page; what was typed gives way to what is chosen."""
    kept = {name: request.args[name] for name in SEARCH_WORDS if request.args.get(name)}
    if set(changes) & {name for name, _value in wanted.asked.said}:
        said = (f'{name}:"{value}"' if " " in value else f"{name}:{value}" for name, value in wanted.asked.said if name not in changes)
        kept["q"] = " ".join((wanted.asked.rest, *said)).strip()
    kept.update({name: str(value or "") for name, value in changes.items()})
    return f"{request.path}?{urlencode({name: value for name, value in kept.items() if value})}"


def _spans(wanted: searching.Narrowing) -> list[searching.Facet]:
    """The days from which on one may look, with their words."""
    today = clock.today(current.organisation.timezone)
    days = ((today, _("Today")), (today - timedelta(days=6), _("Last 7 days")), (today - timedelta(days=29), _("Last 30 days")),
            (today.replace(month=1, day=1), _("This year")))
    return [searching.Facet(str(day), words, None, day == wanted.after) for day, words in days]


def _row(found: searching.Answer, hit: search.Hit, resource: Resource, record: Any) -> dict[str, Any]:
    excerpt = Markup("") if audit.is_confidential(resource, record) else found.marker.excerpt(search.said_in(resource, record))
    return {"url": hit.url, "icon": resource.icon, "kind": str(resource.label), "reference": found.marker.mark(hit.reference),
            "title": found.marker.mark(hit.title or hit.reference), "subtitle": found.marker.mark(hit.subtitle), "excerpt": excerpt,
            "at": record.created_at, "day": format_date(to_user_timezone(record.created_at), "medium")}


@screens.get("/<org>/palette")
@limited(SEARCH)
def palette() -> Response:
    """Pages, actions and records for the words typed into the palette."""
    words = request.args.get("q", "").strip()[:200]
    found = search.find(words, limit=PALETTE_RECORDS) if len(words) > 1 else search.nothing()
    groups = [
        (_("Pages"), menu.entries_for(current.user, words)),
        (_("Actions"), palette_actions(words, request.args.get("scopes", "").split(","))),
        (_("Records"), [_option(hit) for hit in found.hits]),
    ]
    return screen("search/palette.html", groups=groups, typed=words)


def _option(hit: Any) -> dict[str, Any]:
    resource = registry.resources[hit.resource]
    return {
        "id": str(hit.record_id),
        "title": hit.title or hit.reference,
        "reference": hit.reference,
        "url": hit.url,
        "icon": resource.icon,
        "subtitle": " · ".join(filter(None, (str(resource.label), hit.subtitle))),
        "snippet": "",
        "keys": (),
        "run": "",
    }


@screens.get("/<org>/components")
def components() -> Response:
    """Every part of the kit on one page."""
    return screen("ui/components.html", block="content", files=FILES)


@screens.get("/api/v1/openapi.json")
def openapi() -> Response:
    """The description of the API."""
    return answer(whole())


for _view in (find, palette, components):
    _view.needs = "member"  # type: ignore[attr-defined]
openapi.needs = "public"  # type: ignore[attr-defined]
