"""What is above single resources: global search, the palette, the description of the API, the component page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from app.core import menu, search
from app.kernel.current import current
from app.kernel.keys import palette_actions
from app.kernel.kit import FILES
from app.kernel.limits import SEARCH, limited
from app.kernel.registry import registry
from app.kernel.screens import screen
from app.resources.features.api import answer
from app.resources.openapi import document
from app.resources.urls import list_url

screens = Blueprint("finding", __name__)
PALETTE_RECORDS = 8
PAGE_RECORDS = 60


@screens.get("/<org>/search")
@limited(SEARCH)
def find() -> Response:
    """Everything visible that fits the words, by resource."""
    words = request.args.get("q", "").strip()[:200]
    found = search.find(words, limit=PAGE_RECORDS) if words else search.nothing()
    groups: dict[str, list[Any]] = {}
    for hit in found.hits:
        groups.setdefault(hit.resource, []).append(_option(hit))
    shown = [
        (registry.resources[key].plural, str(len(hits)), f"{list_url(registry.resources[key])}?{urlencode({'q': words})}", hits)
        for key, hits in groups.items()
    ]
    return screen(
        "search/results.html",
        block="results",
        typed=words,
        groups=shown,
        suggestion=found.corrected,
        suggestion_url=f"/{current.organisation.slug}/search?{urlencode({'q': found.corrected})}",
    )


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
    return answer(document())


for _view in (find, palette, components):
    _view.needs = "member"  # type: ignore[attr-defined]
openapi.needs = "public"  # type: ignore[attr-defined]
