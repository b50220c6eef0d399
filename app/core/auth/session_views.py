"""Where one is signed in, and until when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, g, jsonify, redirect, url_for
from flask_babel import format_timedelta, ngettext
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.audit import device_of, place_of
from app.core.auth import sessions, trail
from app.core.auth.models import UserSession
from app.core.auth.policy import policy_of
from app.kernel.current import current
from app.kernel.errors import Forbidden, NotFound
from app.kernel.kinds import show_moment
from app.kernel.screens import screen

screens = Blueprint("sessions", __name__)


@screens.get("/<org>/settings/sessions")
def listing() -> Response:
    """Every browser that is signed in, this one first."""
    own = _own()
    policy = policy_of(g.entry.identity_id)
    found = sorted(sessions.living(g.entry.identity_id), key=lambda each: (each.id != own, -each.last_seen_at.timestamp()))
    limits = _("A session ends after %(idle)s without use, and %(absolute)s after signing in at the latest.",
               idle=format_timedelta(policy.idle, threshold=1.5), absolute=format_timedelta(policy.absolute, threshold=1.5))
    return screen("account/sessions.html", sessions=[_shown(each, here=each.id == own) for each in found], others=len(found) - 1,
                  others_url=url_for("sessions.end_others"), settings_url=url_for("account.settings"), limits=limits)


def lasting() -> dict[str, str] | None:
    """Where a page asks how long the session still lasts, and where it says to stay; None for whoever is signed out."""
    if not (current.is_signed_in and current.has_organisation):
        return None
    return {"left": url_for("sessions.left"), "stay": url_for("sessions.stay")}


def _shown(each: UserSession, *, here: bool) -> dict[str, Any]:
    device = device_of(each.agent)
    return {"device": device.words, "phone": device.phone, "place": place_of(each.address) if each.address else _("an unknown place"),
            "address": each.address, "app": bool(each.scope), "since": show_moment(each.created_at),
            "seen": show_moment(each.last_seen_at), "here": here, "end_url": url_for("sessions.end", session_id=each.id)}


@screens.post("/<org>/settings/sessions/<uuid:session_id>/end")
def end(session_id: UUID) -> Response:
    """Sign out one browser of one's own; its next click leads to the sign-in page."""
    _own()
    if session_id not in {each.id for each in sessions.living(g.entry.identity_id)}:
        raise NotFound
    sessions.end_session(session_id, g.entry.identity_id)
    trail.note("auth.session.ended", g.entry.identity_id, only=g.entry.confined_to, ended=1)
    flash(_("That device is signed out."), "good")
    return redirect(url_for("sessions.listing"), 303)


@screens.post("/<org>/settings/sessions/end-others")
def end_others() -> Response:
    """Sign out every browser but this one."""
    ended = sessions.end_sessions(g.entry.identity_id, but=_own())
    trail.note("auth.session.ended", g.entry.identity_id, only=g.entry.confined_to, ended=ended)
    flash(ngettext("%(num)d other device is signed out.", "%(num)d other devices are signed out.", ended), "good")
    return redirect(url_for("sessions.listing"), 303)


@screens.get("/<org>/settings/sessions/left")
def left() -> Response:
    """How many seconds this session still has, idle and at most. Asking is no use of it."""
    return _left()


@screens.post("/<org>/settings/sessions/stay")
def stay() -> Response:
    """Stay signed in: the time without use begins anew."""
    sessions.stay(_own(), g.entry.identity_id)
    return _left()


def _left() -> Response:
    idle, whole = sessions.left(_own(), g.entry.identity_id)
    return jsonify(idle=int(idle.total_seconds()), whole=int(whole.total_seconds()))


def _own() -> UUID:
    """The session of this browser; tokens have none."""
    found: UUID | None = g.entry.session_id
    if found is None:
        raise Forbidden(_("This needs you to be signed in yourself."))
    return found


for _view in (listing, end, end_others, left, stay):
    _view.needs = "member"  # type: ignore[attr-defined]
left.automatic = True  # type: ignore[attr-defined]
for _view in (listing, end, end_others):
    _view.personal = True  # type: ignore[attr-defined]
