"""The inbox: the queue with its tabs, the panel beside it, the page of a request. Every form is a plain form first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from io import BytesIO
from typing import Any

from flask import Blueprint, current_app, redirect, request, url_for
from flask import Response as PdfResponse
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.core.approvals import keeping, queue, showing
from app.core.approvals.looks import Look, choices_of
from app.core.approvals.sheets import sheet as sheet_of
from app.core.approvals.timeline import timeline as timeline_of
from app.kernel import clock
from app.kernel.current import current
from app.kernel.kinds import show_moment
from app.kernel.screens import screen, target_id

screens = Blueprint("inbox", __name__)
screens.needs = "member"  # type: ignore[attr-defined]


@screens.get("/<org>/inbox/")
def listing() -> Response:
    """What waits for the reader, the most urgent first, unless they look at it otherwise."""
    return listing_page(Look.of(request.args))


def listing_page(look: Look, *, errors: Mapping[str, Any] | None = None, typed: str = "", status: int = 200) -> Response:
    """The page of a look; `errors` and what was `typed` are of the name under which it was to be kept."""
    page = queue.page(look, after=request.args.get("after", ""), before=request.args.get("before", ""))
    counts = queue.counts()
    selected = request.args.getlist("look")
    groups = showing.columns(page.entries) if look.layout == "board" and look.by == "step" else showing.groups(page.entries, selected)
    return screen("inbox/list.html", block="rows" if target_id() == "queue" else None, status=status, url=address(look),
                  tabs=tabs(look.tab, counts), heading=_("My requests") if look.tab == "requested" else _("Inbox"), empty=_nothing(look),
                  bulk_url=url_for("inbox.bulk_sheet"), groups=groups, pager=_pager(look, page, counts[look.tab]), undos=undos(),
                  peek=None, board=look.layout == "board", tools=_tools(look, errors or {}, typed))


def address(look: Look, **cursor: str) -> str:
    """The page of a look, from a cursor on."""
    return url_for("inbox.listing", **look.words(), **{k: v for k, v in cursor.items() if v})  # type: ignore[arg-type]


def _tools(look: Look, errors: Mapping[str, Any], typed: str) -> dict[str, Any]:
    """What stands above the rows: how they are looked at now, what else there is, and the views that the reader keeps."""
    choices = choices_of()
    return {"chosen": asdict(look), "choices": choices, "narrowed": look.narrowed, "plain_url": address(Look(look.tab)),
            "layouts": [(value, label, address(replace(look, layout=value)), value == look.layout) for value, label in choices["layout"]],
            "ways": [(label, address(replace(look, by=value)), value == look.by) for value, label in choices["by"]],
            "action": url_for("inbox.listing"), "keep_url": url_for("inbox.keep"), "words": look.words(), "errors": errors, "typed": typed,
            "open": bool(errors),
            "views": [{"name": view.name, "url": url_for("inbox.listing", **view.query), "current": view.query == look.words(),
                       "remove_url": url_for("inbox.forget", view_id=view.id)} for view in keeping.views()]}


def _nothing(look: Look) -> tuple[str, str]:
    """What a tab without rows says: that there is nothing, and what would be there."""
    tab = look.tab
    if look.narrowed:
        return _("Nothing here is like that"), _("Take a filter away to see more.")
    if tab == "starred":
        return _("You starred nothing"), _("Star what you want to keep an eye on; only you see it.")
    if tab == "requested":
        return _("Nothing you asked for is under way"), _("What you ask for stays here until it is decided and you have seen the answer.")
    if tab == "watching":
        return _("You follow nothing"), _("What you handed on, and decisions that concern you, will appear here.")
    return _("Nothing waits for you"), _("What needs your decision will appear here, and in tomorrow's digest.")


def tabs(current_tab: str, counts: dict[str, int]) -> list[tuple[str, str, bool, int]]:
    """The tabs with their counts: label, address, whether it is the one shown, number of rows."""
    labels = {"mine": _("Mine"), "groups": _("My groups"), "delegated": _("Delegated to me"), "starred": _("Starred"),
              "watching": _("Watching"), "requested": _("Requested by me")}
    return [(labels[tab], _tab_url(tab), tab == current_tab, counts[tab]) for tab in queue.TABS]


def undos() -> list[dict[str, Any]]:
    """The undo bars of what the reader approved last."""
    return [bar for held in queue.held_by_me() if (bar := showing.undo(held))]


def _tab_url(tab: queue.Tab) -> str:
    return address(Look(tab))


def _pager(look: Look, page: queue.Page, count: int) -> dict[str, str]:
    count = queue.count(look) if look.narrowed else count
    said = ngettext("%(num)d request", "%(num)d requests", count)
    return {"count_text": said, "previous_url": address(look, before=page.before) if page.before else "",
            "next_url": address(look, after=page.after) if page.after else ""}


@screens.get("/<org>/requests/")
def requests() -> Response:
    """What the reader asked for: a tab of the inbox under a name of its own."""
    return redirect(_tab_url("requested"))


@screens.get("/<org>/inbox/<ref>/")
def show(ref: str) -> Response:
    """One request: what stands behind it, what will happen, its whole story."""
    return screen("inbox/request.html", **showing.page(queue.find(ref)))


@screens.get("/<org>/inbox/<ref>/timeline")
def timeline(ref: str) -> Response:
    """How long each of its steps waited, and what happened meanwhile."""
    found = queue.find(ref)
    return screen("inbox/timeline.html", line=timeline_of(found), title=showing.heading(found), reference=found.record_reference,
                  state=(str(found.state.label), found.state.tone), back_url=showing.page_url(found), inbox_url=address(Look()))


@screens.get("/<org>/inbox/<ref>/peek")
def peek(ref: str) -> Response:
    """The same, as the panel beside the queue."""
    return screen("inbox/peek.html", peek=showing.peek(queue.find(ref)))


@screens.get("/<org>/inbox/<ref>/sheet.pdf")
def sheet(ref: str) -> Response:
    """The decision sheet: snapshot, hash, decisions, who, when, on whose behalf."""
    from app.core import exports

    found, stream = queue.find(ref), BytesIO()
    printed = _("Printed by %(who)s, %(when)s", who=current.user.name, when=show_moment(clock.now()))
    address = current_app.extensions["settings"].base_url + showing.page_url(found)
    imprint = exports.Imprint(_("Decision sheet"), current.organisation.name, printed, address, found.record_reference, str(found.round))
    exports.write_decision(sheet_of(found), stream, imprint)
    return PdfResponse(stream.getvalue(), mimetype="application/pdf", headers={
        "Content-Disposition": f'attachment; filename="{found.record_reference}-{found.reference}.pdf"'})
