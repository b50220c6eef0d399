"""The pages about lost factors: asking, stopping it by the link in the mail, and the administrators' answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core import access
from app.core.auth import links, stages, throttle
from app.core.auth.entry import Entry
from app.core.auth.factors import lost, stepping
from app.core.auth.factors.models import LostFactor
from app.core.auth.source import source_address
from app.core.people import Member
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.kernel.kinds import show_moment
from app.kernel.screens import screen

screens = Blueprint("lost_factors", __name__)


@screens.get("/sign-in/factor/lost")
def ask_page() -> Response:
    """Say that no factor is at hand any more."""
    return _ask({}) if _entry() else redirect("/sign-in", 303)


@screens.post("/sign-in/factor/lost")
def ask() -> Response:
    """Ask the administrators of all of one's organisations."""
    entry = _entry()
    if entry is None:
        return redirect("/sign-in", 303)
    throttle.count(f"lost {entry.identity_id}", f"lost {entry.identity_id}")
    try:
        lost.ask(entry.identity_id, request.form.get("reason", ""), source=source_address())
    except Invalid as error:
        return _ask(error.errors, 422)
    except Conflict as error:
        return _ask({"": [str(error)]}, 409)
    return screen("account/lost_asked.html")


def _entry() -> Entry | None:
    """Who is half signed in. Raises `Forbidden` unless their own password let them in: a provider or a mailbox speaks for no factor."""
    entry: Entry | None = g.get("entry")
    if entry is not None and (entry.method != "password" or entry.confined_to):
        raise Forbidden(_("This needs you to be signed in yourself."))
    return entry


def _ask(errors: dict[str, list[Any]], status: int = 200) -> Response:
    return screen("account/lost.html", status=status, errors=errors, reason=request.form.get("reason", ""))


@screens.get("/sign-in/lost/<secret>")
def stop_page(secret: str) -> Response:
    """Behind the link in the mail. Looking at it stops nothing: mail scanners look too."""
    return _stop(secret, done=False)


@screens.post("/sign-in/lost/<secret>")
def stop(secret: str) -> Response:
    """Stop it."""
    if not lost.stop(_link(secret)):
        raise NotFound(_("There is nothing to stop any more."))
    return _stop(secret, done=True)


def _link(secret: str) -> links.Opened:
    link = links.opened(secret, links.LOST)
    if link is None:
        raise NotFound(_("This link was used already or has expired. Ask for a new one."))
    return link


def _stop(secret: str, *, done: bool) -> Response:
    return screen("account/lost_stop.html", email="" if done else _link(secret).email, action=url_for("lost_factors.stop", secret=secret),
                  done=done)


@screens.get("/<org>/settings/lost-factors")
def waiting() -> Response:
    """Who lost their factors and waits for two administrators."""
    access.require(current.user, lost.NEEDS)
    return screen("account/lost_factors.html", waiting=[_shown(each) for each in lost.waiting()], settings_url=url_for("account.settings"))


@screens.post("/<org>/settings/lost-factors/<uuid:lost_id>/agree")
def agree(lost_id: UUID) -> Response:
    """Vouch for the person."""
    access.require(current.user, lost.NEEDS)
    stepping.require_proof()
    asked = lost.agree(lost_id)
    flash(_("Two administrators agreed. It takes effect %(when)s.", when=show_moment(asked.due_at)) if asked.due_at
          else _("You agreed. Somebody else has to agree too."), "good")
    return redirect(url_for("lost_factors.waiting"), 303)


@screens.post("/<org>/settings/lost-factors/<uuid:lost_id>/refuse")
def refuse(lost_id: UUID) -> Response:
    """Say no."""
    access.require(current.user, lost.NEEDS)
    lost.refuse(lost_id)
    flash(_("It is refused. Nothing changes for the person."), "good")
    return redirect(url_for("lost_factors.waiting"), 303)


def _shown(asked: LostFactor) -> dict[str, Any]:
    names = {each: _name(each) for each in (asked.member_id, asked.first_by, asked.second_by) if each}
    own = asked.identity_id == current.user.identity_id
    return {"name": names[asked.member_id], "reason": asked.reason, "when": show_moment(asked.asked_at), "source": asked.source,
            "first": names.get(asked.first_by, "") if asked.first_by else "", "due": show_moment(asked.due_at) if asked.due_at else "",
            "can_agree": not own and asked.first_by != current.user.id and asked.second_by is None, "can_refuse": not own,
            "agree_url": url_for("lost_factors.agree", lost_id=asked.id), "refuse_url": url_for("lost_factors.refuse", lost_id=asked.id)}


def _name(member_id: UUID) -> str:
    member = session().get(Member, (current.organisation.id, member_id))
    return member.name if member else ""


for _view in (ask_page, ask, stop_page, stop):
    _view.needs = "public"  # type: ignore[attr-defined]
for _view in (ask_page, ask):
    _view.stage = stages.FACTOR  # type: ignore[attr-defined]
for _view in (waiting, agree, refuse):
    _view.needs = lost.NEEDS  # type: ignore[attr-defined]
