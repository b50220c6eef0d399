"""The decision dashboard: what was submitted, what waits, which risks are critical, and how it went week by week."""

from __future__ import annotations

from typing import Any

from babel.dates import format_date
from flask import Blueprint, request, url_for
from flask_babel import format_decimal, get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core import access
from app.kernel.current import current
from app.kernel.registry import registry
from app.kernel.screens import screen
from app.modules.requests import queries
from app.modules.requests.models import Request
from app.resources.labels import Shown
from app.resources.urls import list_url, url_of

screens = Blueprint("decisions", __name__)
VIEW = "requests.request.view"
SHOWN = ("kind", "title", "requester", "risk_level", "status", "created_at")


@screens.get("/<org>/requests/decisions")
def dashboard() -> Response:
    """The figures, the list behind the one that was chosen, the trend and the risks."""
    access.require(current.user, VIEW)
    counts = queries.counts()
    chosen = request.args.get("show", "pending")
    chosen = chosen if chosen in counts else "pending"
    return screen("requests/decisions.html", block="behind", figures=_figures(counts, chosen), heading=_words()[chosen],
                  rows=_rows(queries.listed(chosen), waits=chosen == "pending"), more=max(0, counts[chosen] - queries.ROWS),
                  weeks=_weeks(), heat=queries.heat(),
                  list_url=list_url(registry.resource(queries.KEY)))


dashboard.needs = VIEW  # type: ignore[attr-defined]


def _words() -> dict[str, str]:
    return {"submitted": _("Submitted in twelve weeks"), "pending": _("Waiting for approval"), "critical": _("Critical risks"),
            "agreed": _("Agreed in twelve weeks")}


def _figures(counts: dict[str, int], chosen: str) -> list[dict[str, Any]]:
    return [{"label": label, "number": format_decimal(counts[name]), "url": url_for("decisions.dashboard", show=name),
             "chosen": name == chosen, "late": name == "critical" and counts[name] > 0} for name, label in _words().items()]


def _rows(found: list[Request], *, waits: bool) -> list[dict[str, Any]]:
    """What a list shows of requests; of those that wait the heading says so, and their own state is still that of before."""
    shown = Shown(registry.resource(queries.KEY), found, SHOWN)
    return [{"reference": each.reference, "title": each.title, "url": url_of(each), "kind": shown(each, "kind"),
             "requester": str(shown(each, "requester")), "when": shown(each, "created_at"), "status": None if waits else each.status,
             "level": each.risk_level}
            for each in found]


def _weeks() -> list[dict[str, Any]]:
    weeks = queries.weeks()
    most = max([1, *(each.submitted for each in weeks), *(each.agreed for each in weeks)])
    return [{"week": format_date(each.first, "d MMM", locale=get_locale()), "submitted": each.submitted, "agreed": each.agreed,
             "critical": each.critical, "most": most} for each in weeks]
