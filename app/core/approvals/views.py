"""The inbox: the queue with its tabs, the panel beside it, the page of a request. Every form is a plain form first."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Blueprint, current_app, redirect, request, url_for
from flask import Response as PdfResponse
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.core.approvals import queue, showing
from app.core.approvals.sheets import sheet as sheet_of
from app.kernel import clock
from app.kernel.current import current
from app.kernel.errors import NotFound
from app.kernel.kinds import show_moment
from app.kernel.screens import screen, target_id

screens = Blueprint("inbox", __name__)
screens.needs = "member"  # type: ignore[attr-defined]


@screens.get("/<org>/inbox/")
def listing() -> Response:
    """What waits for the reader, the most urgent first."""
    tab = next((t for t in queue.TABS if t == request.args.get("tab", "mine")), None)
    if tab is None:
        raise NotFound
    page = queue.page(tab, after=request.args.get("after", ""), before=request.args.get("before", ""))
    counts = queue.counts()
    return screen("inbox/list.html", block="rows" if target_id() == "queue" else None, url=_tab_url(tab), tabs=tabs(tab, counts),
                  heading=_("My requests") if tab == "requested" else _("Inbox"), empty=_nothing(tab), bulk_url=url_for("inbox.bulk_sheet"),
                  groups=showing.groups(page.entries, request.args.getlist("look")), pager=_pager(tab, page, counts[tab]), undos=undos(),
                  peek=None)


def _nothing(tab: queue.Tab) -> tuple[str, str]:
    """What a tab without rows says: that there is nothing, and what would be there."""
    if tab == "requested":
        return _("Nothing you asked for is under way"), _("What you ask for stays here until it is decided and you have seen the answer.")
    if tab == "watching":
        return _("You follow nothing"), _("What you handed on, and decisions that concern you, will appear here.")
    return _("Nothing waits for you"), _("What needs your decision will appear here, and in tomorrow's digest.")


def tabs(current_tab: str, counts: dict[str, int]) -> list[tuple[str, str, bool, int]]:
    """The tabs with their counts: label, address, whether it is the one shown, number of rows."""
    labels = {"mine": _("Mine"), "groups": _("My groups"), "delegated": _("Delegated to me"), "watching": _("Watching"),
              "requested": _("Requested by me")}
    return [(labels[tab], _tab_url(tab), tab == current_tab, counts[tab]) for tab in queue.TABS]


def undos() -> list[dict[str, Any]]:
    """The undo bars of what the reader approved last."""
    return [bar for held in queue.held_by_me() if (bar := showing.undo(held))]


def _tab_url(tab: str, **cursor: str) -> str:
    wanted = {**({} if tab == "mine" else {"tab": tab}), **{k: v for k, v in cursor.items() if v}}
    return url_for("inbox.listing", **wanted)  # type: ignore[arg-type]


def _pager(tab: str, page: queue.Page, count: int) -> dict[str, str]:
    said = ngettext("%(num)d request", "%(num)d requests", count)
    return {"count_text": said, "previous_url": _tab_url(tab, before=page.before) if page.before else "",
            "next_url": _tab_url(tab, after=page.after) if page.after else ""}


@screens.get("/<org>/requests/")
def requests() -> Response:
    """What the reader asked for: a tab of the inbox under a name of its own."""
    return redirect(_tab_url("requested"))


@screens.get("/<org>/inbox/<ref>/")
def show(ref: str) -> Response:
    """One request: what stands behind it, what will happen, its whole story."""
    return screen("inbox/request.html", **showing.page(queue.find(ref)))


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
