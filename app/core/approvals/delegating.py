"""The page of standing delegations: one's own, those that one got, and everybody's for whoever manages them. Plain forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access
from app.core.approvals import delegations, words
from app.core.approvals.models import ApprovalDelegation
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import fields_of
from app.kernel.kinds import show_moment
from app.kernel.registry import registry
from app.kernel.screens import screen

screens = Blueprint("delegations", __name__)
screens.needs = "member"  # type: ignore[attr-defined]
MOST_NAMES = 500


@screens.get("/<org>/inbox/delegations/")
def listing() -> Response:
    """Who decides in whose place, from when until when, and the form to delegate."""
    return _page({}, {})


@screens.post("/<org>/inbox/delegations/")
def give() -> Response:
    """Delegate decisions for some days."""
    try:
        given = delegations.give(request.form)
    except Invalid as error:
        session().rollback()
        return _page(request.form, error.errors, 422)
    flash(_("Delegated: %(period)s", period=delegations.period(given)), "good")
    return redirect(_address(), 303)


@screens.post("/<org>/inbox/delegations/<ref>/end")
def end(ref: str) -> Response:
    """End a delegation now."""
    delegations.end(delegations.find(ref))
    flash(_("The delegation has ended. What waited is back."), "good")
    return redirect(_address(), 303)


def _address() -> str:
    return url_for("delegations.listing", of="all" if request.args.get("of") == "all" else None)


def _page(values: Mapping[str, Any], errors: Mapping[str, Sequence[Any]], status: int = 200) -> Response:
    manages, everybody = bool(access.can(current.user, delegations.MANAGE)), request.args.get("of") == "all"
    found = delegations.listed(everybody=everybody)
    names = words.people([i for each in found for i in (each.member_id, each.delegate_id)])
    today = clock.today(current.organisation.timezone).isoformat()
    tabs = [(_("My delegations"), url_for("delegations.listing"), not everybody, None)]
    return screen(
        "inbox/delegations.html", block="form" if status != 200 else None, status=status,
        rows=[_row(each, names, manages) for each in found], action=_address(), inbox_url=url_for("inbox.listing"),
        tabs=[*tabs, (_("Everybody's"), url_for("delegations.listing", of="all"), everybody, None)] if manages else [],
        members=_members(), kinds=[(resource.key, resource.plural) for resource in delegations.kinds()], for_others=manages,
        currency=current.organisation.currency, values={"starts_on": today, "ends_on": today, **values}, errors=errors)


def _row(given: ApprovalDelegation, names: Mapping[Any, str], manages: bool) -> dict[str, Any]:
    fields = fields_of(ApprovalDelegation)
    kind = registry.resources.get(given.resource or "")
    over = delegations.is_over(given)
    begun = given.starts_on <= clock.today(current.organisation.timezone)
    state = (_("Over"), "neutral") if over else (_("In force"), "success") if begun else (_("Planned"), "info")
    mine = given.member_id == current.user.id
    return {"reference": given.reference, "who": names[given.member_id], "to": names[given.delegate_id],
            "period": delegations.period(given), "what": str(kind.plural) if kind else _("Everything"),
            "up_to": fields["up_to"].display(given), "condition": given.condition or "", "further": given.further,
            "reason": given.reason or "",
            "state": state, "ended": show_moment(given.ended_at) if given.ended_at else "",
            "end_url": url_for("delegations.end", ref=given.reference, of=request.args.get("of")) if not over and (mine or manages) else ""}


def _members() -> list[tuple[str, str]]:
    rows = session().execute(select(Member.id, Member.name).where(
        Member.active, Member.archived_at.is_(None), access.choosable(registry.resource("people.member"), current.user))
        .order_by(Member.name_key).limit(MOST_NAMES))
    return [(str(row[0]), row[1]) for row in rows]
