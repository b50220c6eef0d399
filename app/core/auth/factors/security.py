"""One's own factors: the page that lists them, sets them up, names them and takes them away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from babel.dates import format_date
from flask import Blueprint, flash, g, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.auth.factors import enrolling, phones, proving, stepping
from app.core.auth.factors.held import held_by
from app.core.auth.policy import policy_of
from app.kernel.current import current
from app.kernel.errors import Forbidden, Invalid, NotFound, TooMany
from app.kernel.kinds import show_moment
from app.kernel.preferences import within
from app.kernel.screens import screen

screens = Blueprint("security", __name__)


def _me() -> UUID:
    """Whoever is signed in themselves; a token changes no factor."""
    if g.entry.session_id is None or current.user.identity_id is None:
        raise Forbidden(_("This needs you to be signed in yourself."))
    return current.user.identity_id


@screens.get("/<org>/settings/security")
def overview() -> Response:
    """Password, factors, passkeys and recovery codes."""
    identity = _me()
    held = held_by(identity)
    keys = [{"name": each.name, "made": show_moment(each.created_at), "synced": each.backed_up,
             "used": show_moment(each.last_used_at) if each.last_used_at else "",
             "remove_url": url_for("security.remove", kind="passkey", passkey=each.id)} for each in held.passkeys]
    return screen("account/security.html", held=held, since=show_moment(held.totp_since) if held.totp_since else "", passkeys=keys,
                  required=policy_of(identity).factor_required, kinds=enrolling.offered(), settings_url=url_for("account.settings"),
                  password_url=url_for("account.password_page"), labels=proving.LABELS)


@screens.get("/<org>/settings/security/new/<kind>")
def setup_page(kind: str) -> Response:
    """Set up a factor of a kind."""
    stepping.require_proof()
    return _setup(kind, {})


@screens.post("/<org>/settings/security/new/<kind>")
def set_up(kind: str) -> Response:
    """Confirm it, or send the code to a phone first; with the first factor the recovery codes are shown, once."""
    stepping.require_proof()
    identity, form = _me(), request.form
    if kind not in enrolling.offered():
        raise NotFound
    try:
        if kind == "sms" and "phone" in form:
            phones.offer(identity, form["phone"])
            return _setup(kind, {}, sent=True)
        codes = enrolling.confirm(identity, kind, form, g.entry.session_id)
    except TooMany as error:
        return _setup(kind, {"code": [str(error)]}, 429, sent=kind == "sms" and "phone" not in form)
    except Invalid as error:
        return _setup(kind, error.errors, 422, sent=kind == "sms" and "phone" not in form)
    flash(_("It is set up. From now on it is asked when you sign in."), "good")
    return _codes(codes) if codes else redirect(url_for("security.overview"), 303)


@screens.post("/<org>/settings/security/remove/<kind>")
def remove(kind: str) -> Response:
    """Take a factor away."""
    stepping.require_proof()
    passkey = request.args.get("passkey", "")
    try:
        enrolling.remove(_me(), kind, UUID(passkey) if passkey else None)
    except ValueError:
        raise NotFound from None
    flash(_("It is removed."), "good")
    return redirect(url_for("security.overview"), 303)


@screens.post("/<org>/settings/security/codes")
def new_codes() -> Response:
    """Ten new recovery codes, shown this once."""
    stepping.require_proof()
    return _codes(enrolling.renew_codes(_me()))


@screens.get("/<org>/prove")
def prove_page() -> Response:
    """Confirm that it is you, for something that was only looked at."""
    shown: Response = stepping.asked(url_for("security.prove"), [], within(request.args.get("next")))
    return shown


@screens.post("/<org>/prove")
def prove() -> Response:
    """The edge has looked at the proof by now."""
    stepping.require_proof()
    done: Response = stepping.prove()
    return done


def _codes(codes: list[str]) -> Response:
    return screen("account/codes.html", codes=codes, next=url_for("security.overview"), menu=True)


def _setup(kind: str, errors: dict[str, list[Any]], status: int = 200, *, sent: bool = False) -> Response:
    if kind not in enrolling.offered():
        raise NotFound
    setup = enrolling.begin(_me(), kind, g.entry.session_id, sent=sent, ticket=request.form.get("ticket", ""))
    return screen("account/factor.html", status=status, setup=setup, label=proving.LABELS[kind], errors=errors, next="",
                  action=url_for("security.set_up", kind=kind), security_url=url_for("security.overview"))


def enrol_by() -> str:
    """The day until which one does without a factor that is required; empty for everybody else. For the banner of every page."""
    entry = g.get("entry")
    until = entry.enrol_by if entry is not None else None
    return str(format_date(until, "long", locale=get_locale())) if until else ""


for _view in (overview, setup_page, set_up, remove, new_codes):
    _view.personal = True  # type: ignore[attr-defined]

for _view in (overview, setup_page, set_up, remove, new_codes, prove_page, prove):
    _view.needs = "member"  # type: ignore[attr-defined]
