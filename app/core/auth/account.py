"""One's own settings in an organisation: language, zone, digest, password, tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import flask
from flask import Blueprint, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core import access
from app.core import settings as settings_of
from app.core.auth import mails, sessions, trail
from app.core.auth.edge import keep_cookie
from app.core.auth.identities import verify_password
from app.core.auth.passwords import set_password
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Forbidden, Invalid
from app.kernel.fields import fields_of
from app.kernel.i18n import reading, shown_in
from app.kernel.kinds import Unreadable
from app.kernel.preferences import LANGUAGES, spoken, unspoken
from app.kernel.screens import screen
from app.kernel.zones import known_zones, offered_zones

screens = Blueprint("account", __name__)
OWN = ("language", "timezone", "digest_hour")


@dataclass(frozen=True)
class Control:
    """A field of one's own, as the kit draws it."""

    name: str
    label: Any
    kind: str
    value: Any
    options: list[tuple[str, Any]] | None
    errors: list[Any]
    help: Any = ""
    required: bool = True
    widget: str = ""
    max_length: int = 60
    text: str = ""
    suggest: str = ""
    minimum: Any = None
    maximum: Any = None
    scale: int = 0
    affix: str = ""
    validate: str = ""
    wide: bool = False
    accept: str = ""
    redraw: str = ""


@screens.get("/<org>/settings/")
def settings() -> Response:
    """One's own settings, for the organisation and for the device."""
    return _settings({}, 200)


@screens.post("/<org>/settings/")
def save() -> Response:
    """Keep them; all or none."""
    member = _me()
    errors: dict[str, list[Any]] = {}
    for name in OWN:
        try:
            setattr(member, name, _read(name, request.form.get(name)))
        except Unreadable as error:
            errors[name] = [str(error)]
    if errors:
        session().rollback()
        return _settings(errors, 422)
    session().flush()
    with reading(shown_in(str(getattr(member.language, "value", member.language)))):
        flash(_("Your settings are saved."), "good")
    return redirect(url_for("account.settings"), 303)


def _read(name: str, raw: str | None) -> Any:
    value = fields_of(Member)[name].parse(raw)
    strange = name == "language" and value is not None and value.value in unspoken() and value != _me().language
    if value is None or strange or (name == "timezone" and value not in known_zones()):
        raise Unreadable(_("Choose one of the list."))
    return value


def _settings(errors: dict[str, list[Any]], status: int) -> Response:
    member, fields = _me(), fields_of(Member)
    controls = [_control(name, member, errors.get(name, []), str(fields[name].label)) for name in OWN]
    summary = [(f"field-{name}", fields[name].label, said) for name, sentences in errors.items() for said in sentences]
    manages = access.can(current.user, "settings.setting.manage")
    return screen("account/settings.html", status=status, action=url_for("account.save"), member=controls, errors=summary,
                  tokens_url=url_for("tokens.listing"), password_url=url_for("account.password_page"),
                  sessions_url=url_for("sessions.listing"), profile_url=url_for("profiles.history", ref=member.reference),
                  address_url=url_for("addresses.address_page"),
                  organisation_url=url_for("settings.organisation") if manages else "",
                  data_url=f"/{current.organisation.slug}/privacy/requests/",
                  consent_url=url_for("consent.page") if settings_of.get("people.consent") else "")


def _control(name: str, member: Member, errors: list[Any], label: str) -> Control:
    typed = request.form.get(name) if errors else None
    value = getattr(member, name)
    shown = typed if typed is not None else getattr(value, "value", value)
    if name == "language":
        offered = [(code, called) for code, called in LANGUAGES.items() if code in spoken() or code == shown]
        return Control(name, label, "choice", shown, offered, errors,
                       help=_("Of mails, reports and, unless this device says otherwise, of pages."))
    if name == "timezone":
        return Control(name, label, "choice", shown, [(zone, zone.replace("_", " ")) for zone in offered_zones()], errors)
    return Control(name, label, "choice", shown, [(str(hour), f"{hour:02d}:00") for hour in range(24)], errors)


def _me() -> Member:
    return session().get_one(Member, (current.organisation.id, current.user.id))


@screens.get("/<org>/settings/password")
def password_page() -> Response:
    """The form for another password."""
    return _password({}, 200)


@screens.post("/<org>/settings/password")
def change_password() -> Response:
    """Set another password, proved by the present one; every other session ends and this one is renewed."""
    _by_session()
    identity, form = current.user.identity_id, request.form
    if identity is None or not verify_password(identity, form.get("current", "")):
        return _password({"current": [_("This is not your present password.")]}, 422)
    if form.get("password", "") != form.get("again", ""):
        return _password({"again": [_("The two are not the same.")]}, 422)
    try:
        set_password(identity, form.get("password", ""))
    except Invalid as error:
        return _password(error.errors, 422)
    sessions.end_sessions(identity, but=g.entry.session_id)
    trail.note("auth.password.changed", identity)
    mails.tell(identity, mails.PASSWORD)
    secret = sessions.renew(g.entry.session_id, identity, proved_at=clock.now())
    flask.session.clear()
    flash(_("Your password is changed. Everywhere else you are signed out."), "good")
    return keep_cookie(redirect(url_for("account.settings"), 303), secret, int(sessions.ABSOLUTE.total_seconds()))


def _password(errors: dict[str, list[Any]], status: int) -> Response:
    return screen("account/password.html", status=status, action=url_for("account.change_password"), errors=errors,
                  email=current.user.email, settings_url=url_for("account.settings"))


def _by_session() -> None:
    """Passwords are not changed by token: the one who holds a token may not make it last."""
    if g.entry.session_id is None:
        raise Forbidden(_("This needs you to be signed in yourself."))


for _view in (password_page, change_password):
    _view.personal = True  # type: ignore[attr-defined]

for _view in (settings, save, password_page, change_password):
    _view.needs = "member"  # type: ignore[attr-defined]
