"""The pages of a session that is signed in by half: prove the second factor, or set one up where it is required."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, flash, g, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.auth import sessions, signing, stages, throttle, trail
from app.core.auth.edge import keep_cookie, sign_in_url
from app.core.auth.entry import Entry
from app.core.auth.factors import enrolling, passkeys, phones, proving
from app.core.auth.factors.held import held_by
from app.core.auth.factors.telling import tell
from app.core.auth.source import source_address
from app.kernel import clock
from app.kernel.errors import Invalid, TooMany
from app.kernel.preferences import within
from app.kernel.screens import screen

screens = Blueprint("factors", __name__)
LIFETIME = int(sessions.ABSOLUTE.total_seconds())


def _entry() -> Entry | None:
    return cast("Entry | None", g.get("entry"))


def _wanted() -> str:
    return within(request.form.get("next") or request.args.get("next"))


@screens.get("/sign-in/factor")
def factor_page() -> Response:
    """Choose among the factors that one has; the one used last comes first."""
    entry = _entry()
    return _step(entry, {}) if entry else redirect(sign_in_url(_wanted()), 303)


@screens.post("/sign-in/factor")
def prove_factor() -> Response:
    """Prove the factor, and go on with another secret in the cookie."""
    entry, form = _entry(), request.form
    if entry is None:
        return redirect(sign_in_url(_wanted()), 303)
    kind = form.get("kind", "")
    try:
        proving.prove(entry.identity_id, kind, form.get("credential") or form.get("code", ""), ticket=form.get("ticket", ""),
                      source=source_address(), within=entry.confined_to)
    except TooMany as error:
        response = _step(entry, {"code": [str(error)]}, 429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    except Invalid as error:
        return _step(entry, error.errors, 422)
    return _go_on(entry, kind, proved_at=clock.now())


@screens.post("/sign-in/factor/send")
def send_code() -> Response:
    """Send a code to the phone."""
    entry = _entry()
    if entry is None:
        return redirect(sign_in_url(_wanted()), 303)
    try:
        phones.send(entry.identity_id)
    except TooMany as error:
        return _step(entry, {"code": [str(error)]}, 429)
    except Invalid as error:
        return _step(entry, error.errors, 422)
    return _step(entry, {}, sent=True)


def _step(entry: Entry, errors: dict[str, list[Any]], status: int = 200, *, sent: bool = False) -> Response:
    held = held_by(entry.identity_id)
    asked = request.form.get("kind") or request.args.get("with") or ""
    kind = asked if asked in held.kinds else held.kinds[0] if held.kinds else ""
    question = passkeys.ask(entry.identity_id) if kind == "passkey" else None
    others = [(each, proving.LABELS[each]) for each in held.kinds if each != kind]
    return screen("account/second_step.html", status=status, kind=kind, label=proving.LABELS.get(kind, ""), others=others, errors=errors,
                  question=question, sent=sent, phone=held.phone, next=_wanted())


def _go_on(entry: Entry, kind: str, **proof: Any) -> Response:
    """The session reaches further from here, under another secret."""
    reach = stages.reach(entry.identity_id, entry.method, kind)
    secret = sessions.renew(entry.session_id, entry.identity_id, stage=reach.stage, factor=kind, enrol_by=reach.enrol_by, **proof)
    trail.note("auth.factor.proved", entry.identity_id, only=entry.confined_to, kind=kind)
    if kind == "recovery":
        tell(entry.identity_id, "recovered", kind)
        left = held_by(entry.identity_id).codes_left
        flash(_("You used a recovery code. Codes left: %(left)s.", left=left), "warn")
    address = _wanted() if reach.stage == stages.FULL else stages.address(reach.stage, _wanted())
    return keep_cookie(redirect(address, 303), secret, LIFETIME)


@screens.get("/sign-in/enrol")
def enrol_page() -> Response:
    """Set a factor up: nothing else can be done until then."""
    entry = _entry()
    if entry is None:
        return redirect(sign_in_url(_wanted()), 303)
    if stages.reach(entry.identity_id, entry.method, entry.factor).stage != stages.ENROL:
        return _go_on(entry, entry.factor)
    return _enrol(entry, {})


@screens.post("/sign-in/enrol")
def enrol() -> Response:
    """Confirm it, or send the code to a phone first; then show the recovery codes, once."""
    entry, form = _entry(), request.form
    if entry is None:
        return redirect(sign_in_url(_wanted()), 303)
    kind = form.get("kind", "")
    try:
        if kind == "sms" and "phone" in form:
            phones.offer(entry.identity_id, form["phone"])
            return _enrol(entry, {}, sent=True)
        codes = enrolling.confirm(entry.identity_id, kind, form, entry.session_id)
    except TooMany as error:
        return _enrol(entry, {"code": [str(error)]}, 429)
    except Invalid as error:
        return _enrol(entry, error.errors, 422, sent=kind == "sms" and "phone" not in form)
    done = _go_on(entry, kind)
    shown = screen("account/codes.html", codes=codes, next=done.location, menu=False)
    for cookie in done.headers.getlist("Set-Cookie"):
        shown.headers.add("Set-Cookie", cookie)
    return shown


def _enrol(entry: Entry, errors: dict[str, list[Any]], status: int = 200, *, sent: bool = False) -> Response:
    asked = request.form.get("kind") or request.args.get("with") or "totp"
    setup = enrolling.begin(entry.identity_id, asked, entry.session_id, sent=sent, ticket=request.form.get("ticket", ""))
    others = [(each, proving.LABELS[each]) for each in enrolling.offered() if each != setup.kind]
    return screen("account/enrol.html", status=status, setup=setup, others=others, errors=errors, next=_wanted(), action="/sign-in/enrol")


@screens.post("/sign-in/passkey")
def sign_in_by_passkey() -> Response:
    """Sign in by a passkey alone: it knows who one is, and the device made sure of it."""
    form, source = request.form, source_address()
    throttle.count("passkey", source)
    try:
        identity = passkeys.answered(form.get("ticket", ""), form.get("credential", ""))
    except Invalid as error:
        trail.note("auth.sign_in", None, result="refused", apart=True, method="passkey")
        flash(str(error.errors[""][0]), "error")
        return redirect(sign_in_url(_wanted()), 303)
    throttle.forget("passkey", source)
    secret = signing.opened(identity, source=source, agent=request.user_agent.string, method="passkey", factor="passkey")
    return keep_cookie(redirect(_wanted(), 303), secret, LIFETIME)


for _view in (factor_page, prove_factor, send_code, enrol_page, enrol, sign_in_by_passkey):
    _view.needs = "public"  # type: ignore[attr-defined]
for _view in (factor_page, prove_factor, send_code):
    _view.stage = stages.FACTOR  # type: ignore[attr-defined]
for _view in (enrol_page, enrol):
    _view.stage = stages.ENROL  # type: ignore[attr-defined]
