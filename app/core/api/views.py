"""The page of the API's use, for administrators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from flask_babel import format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access, audit, auth
from app.core.api.figures import PERIODS, Report, Sum, report
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import NotFound
from app.kernel.kinds import show_moment
from app.kernel.screens import screen

screens = Blueprint("api_usage", __name__)
VIEW = "api.usage.view"
LABELS = {"hour": _l("Last hour"), "day": _l("Last day"), "week": _l("Last week"), "month": _l("Last month")}


@screens.get("/<org>/developers/usage")
def page() -> Response:
    """Requests, latency, errors, the endpoints and the callers with the most calls."""
    access.require(current.user, VIEW)
    period = request.args.get("period", "day")
    if period not in PERIODS:
        raise NotFound
    found = report(period)
    names = _names([consumer for consumer, _sum in found.consumers])
    return screen("developers/usage.html", block="results", figures=_figures(found), api_url=url_for("developers.listing"),
                  periods=[(label, url_for("api_usage.page", period=name), name == period, None) for name, label in LABELS.items()],
                  steps=[{"when": show_moment(moment), **_shown(each)} for moment, each in found.steps],
                  highest=max((each.calls for _moment, each in found.steps), default=0), total=found.whole.calls,
                  endpoints=[{"name": name, **_shown(each)} for name, each in found.endpoints],
                  consumers=[{"name": names[consumer], **_shown(each)} for consumer, each in found.consumers])


page.needs = VIEW  # type: ignore[attr-defined]


def _figures(found: Report) -> list[tuple[str, str]]:
    whole = found.whole
    return [(_("Calls"), format_decimal(whole.calls)), (_("Requests a minute"), format_decimal(round(found.per_minute, 2))),
            (_("Latency on average"), _milliseconds(round(whole.mean))), (_("95 of 100 answered within"), _slowest(whole)),
            (_("Refused"), format_decimal(whole.refused)), (_("Failed"), format_decimal(whole.broken)),
            (_("Errors"), format_percent(whole.errors / whole.calls if whole.calls else 0, "0.0 %"))]


def _shown(each: Sum) -> dict[str, Any]:
    return {"calls": each.calls, "errors": each.errors, "mean": _milliseconds(round(each.mean)) if each.calls else "–"}


def _milliseconds(number: int) -> str:
    return _("%(number)s ms", number=format_decimal(number))


def _slowest(whole: Sum) -> str:
    if not whole.calls:
        return "–"
    return _milliseconds(whole.slowest) if whole.slowest is not None else _("more than %(number)s ms", number=format_decimal(2_500))


def _names(consumers: Sequence[tuple[UUID, bool]]) -> dict[tuple[UUID, bool], str]:
    """What callers are called: the name of a token with its holder, or the member who came with a session."""
    token = auth.ApiToken
    wanted = select(token.id, token.name, token.member_id).where(token.id.in_([each for each, by_token in consumers if by_token]))
    tokens = {row.id: row for row in session().execute(wanted)}
    people = audit.names_of({row.member_id for row in tokens.values()} | {each for each, by_token in consumers if not by_token})
    return {(each, by_token): _name(tokens.get(each), people) if by_token else people.get(each, _("erased person"))
            for each, by_token in consumers}


def _name(token: Any, people: dict[UUID | None, str]) -> str:
    if token is None:
        return _("a token that is gone")
    return _("%(token)s (%(name)s)", token=token.name, name=people.get(token.member_id, _("erased person")))
