"""The pages of impersonation: ask, agree, begin, stop, and read afterwards what was opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from flask import Blueprint, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access, auth
from app.core.impersonation import services
from app.core.impersonation.models import Impersonation, Reach
from app.core.people import Member, Status
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid, NotFound
from app.kernel.kinds import show_moment
from app.kernel.preferences import within
from app.kernel.screens import screen

screens = Blueprint("impersonation", __name__)
MOST_NAMES = 500


@screens.get("/<org>/impersonation/")
def listing() -> Response:
    """Those that concern the reader, and the form to ask for one."""
    return _page({}, {})


@screens.post("/<org>/impersonation/")
def ask() -> Response:
    """Ask; what needs nobody's consent can be begun at once on the page that follows."""
    access.require(current.user, services.IMPERSONATE)
    member = _member(request.form.get("member", ""))
    if member is None:
        return _page(request.form, {"member": [_("Choose one of the list.")]}, 422)
    try:
        reach = Reach.ACT if request.form.get("reach") == Reach.ACT.value else Reach.LOOK
        asked = services.ask(member, request.form.get("reason", ""), reach)
    except Invalid as error:
        session().rollback()
        return _page(request.form, error.errors, 422)
    return redirect(url_for("impersonation.show", ref=asked.reference), 303)


@screens.get("/<org>/impersonation/<ref>/")
def show(ref: str) -> Response:
    """One: who, why, who agreed, and each page that was opened."""
    found = services.find(ref)
    names = _names([found])
    mine = found.actor_id == current.user.id
    return screen(
        "impersonation/show.html", case=_row(found, names), steps=[_step(each) for each in services.steps(found)],
        list_url=url_for("impersonation.listing"), waits=services.is_open(found) and not services.is_agreed(found),
        agree_url=url_for("impersonation.agree", ref=ref) if _can_agree(found) else "",
        begin_url=url_for("impersonation.begin", ref=ref) if mine and services.is_open(found) and services.is_agreed(found) else "",
        end_url=url_for("impersonation.end", ref=ref) if found.ended_at is None and (services.is_open(found) or services.is_running(found))
        else "")


@screens.post("/<org>/impersonation/<ref>/agree")
def agree(ref: str) -> Response:
    """Consent, or stand by as the second person."""
    services.agree(services.find(ref, lock=True))
    flash(_("You have agreed. You can end it at any time on this page."), "good")
    return redirect(url_for("impersonation.show", ref=ref), 303)


@screens.post("/<org>/impersonation/<ref>/begin")
def begin(ref: str) -> Response:
    """Begin: the session goes on under another secret, as somebody else."""
    begun = services.begin(services.find(ref, lock=True), g.entry.session_id)
    return auth.go_on(f"/{current.organisation.slug}/", g.entry, impersonation_id=begun.id)


@screens.post("/<org>/impersonation/<ref>/end")
def end(ref: str) -> Response:
    """End it, or refuse it, from outside: whoever sees it there is back at their own pages with the next request."""
    found = services.find(ref, lock=True)
    services.end(found, by=current.user.id)
    flash(_("It is over."), "good")
    return redirect(url_for("impersonation.show", ref=ref), 303)


@screens.post("/<org>/impersonation/stop")
def stop() -> Response:
    """Stop, and go on as oneself: the session's secret is another again."""
    behind = current.user.impersonator
    if behind is None:
        return redirect(f"/{current.organisation.slug}/", 303)
    found = session().get(Impersonation, (current.organisation.id, behind.case_id), with_for_update=True)
    if found is None:
        raise NotFound
    services.end(found, by=behind.id)
    return auth.go_on(url_for("impersonation.show", ref=found.reference), g.entry, impersonation_id=None)


@screens.get("/sign-in/over")
def over_page() -> Response:
    """What stands where an impersonation has ended by itself, or by somebody else."""
    if not current_user.is_authenticated:
        return redirect("/sign-in", 303)
    return screen("impersonation/over.html", next=within(request.args.get("next")))


@screens.post("/sign-in/over")
def over() -> Response:
    """Go on as oneself."""
    if not current_user.is_authenticated:
        return redirect("/sign-in", 303)
    return auth.go_on(within(request.form.get("next")), cast("Any", current_user._get_current_object()), impersonation_id=None)


def banner() -> dict[str, Any] | None:
    """Who sees whose pages until when, for the banner of every page; None for everybody else."""
    user = current.context.user
    if user is None or user.impersonator is None or not current.has_organisation:
        return None
    return {"who": user.impersonator.name, "whom": user.name, "looks_only": user.impersonator.looks_only,
            "until": show_moment(datetime.fromisoformat(user.impersonator.until)), "stop_url": url_for("impersonation.stop")}


def _can_agree(found: Impersonation) -> bool:
    if not services.is_open(found) or services.is_agreed(found):
        return False
    return (found.target_id == current.user.id and found.consented_at is None) or (services.may_second(found) and found.second_id is None)


def _page(values: Mapping[str, Any], errors: Mapping[str, Sequence[Any]], status: int = 200) -> Response:
    found = services.listed()
    names = _names(found)
    may = bool(access.can(current.user, services.IMPERSONATE)) and current.user.impersonator is None
    chosen = {"member": request.args.get("member", ""), "reach": Reach.LOOK.value, **values}
    return screen("impersonation/list.html", block="form" if status != 200 else None, status=status,
                  rows=[_row(each, names) for each in found], action=url_for("impersonation.ask") if may else "",
                  members=_members() if may else [], values=chosen, errors=errors,
                  reaches=[(each.value, each.label) for each in Reach])


def _row(found: Impersonation, names: Mapping[UUID, str]) -> dict[str, Any]:
    begun = show_moment(found.started_at) if found.started_at else ""
    return {"reference": found.reference, "url": url_for("impersonation.show", ref=found.reference), "who": names[found.actor_id],
            "whom": names[found.target_id], "reason": found.reason, "reach": found.reach.label, "begun": begun,
            "until": show_moment(found.ended_at or found.until) if found.started_at else "", "state": _state(found),
            "asked": show_moment(found.created_at), "consent": show_moment(found.consented_at) if found.consented_at else "",
            "second": names.get(found.second_id, "") if found.second_id else "", "needs_consent": found.needs_consent,
            "needs_second": found.needs_second}


def _state(found: Impersonation) -> tuple[str, str]:
    if services.is_running(found):
        return _("Going on"), "warning"
    if services.is_open(found):
        return (_("May begin"), "info") if services.is_agreed(found) else (_("Waits for consent"), "info")
    return (_("Over"), "neutral") if found.started_at else (_("Withdrawn"), "neutral")


def _step(each: Any) -> dict[str, Any]:
    failed, sent = each.status >= 500, each.method not in ("GET", "HEAD")
    refused = each.status >= 400 and not failed
    return {"when": show_moment(each.at), "path": each.path, "refused": refused, "failed": failed, "changes": sent,
            "trail_url": url_for("trail.listing", request=each.request_id) if sent and each.status < 400 else ""}


def _names(found: Sequence[Impersonation]) -> dict[UUID, str]:
    wanted = {i for each in found for i in (each.actor_id, each.target_id, each.second_id) if i}
    return {row.id: row.name for row in session().execute(select(Member.id, Member.name).where(Member.id.in_(wanted)))}


def _member(raw: str) -> Member | None:
    query = select(Member).where(Member.archived_at.is_(None), Member.reference == raw)
    return session().scalars(query).first()


def _members() -> list[tuple[str, str]]:
    rows = session().execute(select(Member.reference, Member.name, Member.email).where(
        Member.status == Status.ACTIVE, Member.archived_at.is_(None), Member.id != current.user.id)
        .order_by(Member.name_key).limit(MOST_NAMES))
    return [(row.reference, f"{row.name} · {row.email}") for row in rows]


screens.needs = "member"  # type: ignore[attr-defined]
stop.while_impersonating = True  # type: ignore[attr-defined]
ask.needs = begin.needs = services.IMPERSONATE  # type: ignore[attr-defined]
for _view in (over_page, over):
    _view.needs, _view.stage = "public", "over"  # type: ignore[attr-defined]
