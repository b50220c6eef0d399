"""The pages before an organisation is known: sign in, sign out, choose where to go, set a first password."""

from __future__ import annotations

from typing import Any, cast

import flask
from flask import Blueprint, current_app, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.core.access import role_labels
from app.core.auth import links, recovery, sessions, signing, trail, workspaces
from app.core.auth.edge import come_in, drop_cookie, sign_in_url
from app.core.auth.entry import Entry
from app.core.auth.factors import passkeys
from app.core.auth.identities import identity_of
from app.core.auth.passwords import set_password
from app.core.auth.source import source_address
from app.kernel.errors import Invalid, NotFound, TooMany
from app.kernel.preferences import within
from app.kernel.screens import screen

screens = Blueprint("auth", __name__)


def _signed_in() -> Entry | None:
    return cast("Entry", current_user._get_current_object()) if current_user.is_authenticated else None


@screens.get("/sign-in")
def sign_in_page() -> Response:
    """The form; whoever is signed in already goes on."""
    if _signed_in() is not None:
        return redirect(within(request.args.get("next")), 303)
    notice = _("Your session has ended. Sign in to go on.") if request.args.get("ended") else ""
    notice = _("Your new password is set. Sign in with it.") if request.args.get("set") else notice
    return _form(notice=notice, wanted=request.args.get("next"))


@screens.post("/sign-in")
def sign_in() -> Response:
    """Sign in, with a new session whatever the browser brought along."""
    email, wanted = request.form.get("email", ""), request.form.get("next")
    try:
        done = signing.sign_in(email, request.form.get("password", ""), source=source_address(), agent=request.user_agent.string)
    except TooMany as error:
        response = _form(email=email, errors={"": [str(error)]}, status=429, wanted=wanted)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    except Invalid as error:
        return _form(email=email, errors=error.errors, status=422, wanted=wanted)
    return come_in(done.secret, within(wanted))


def _form(*, email: str = "", errors: dict[str, list[Any]] | None = None, notice: str = "", status: int = 200,
          wanted: str | None = None) -> Response:
    offered, password = _demo()
    return screen("account/sign_in.html", status=status, email=email[:254], next=within(wanted), errors=errors or {}, notice=notice,
                  passkey=passkeys.ask(), by_link=recovery.offers_links(), demo=offered, demo_password=password)


def _demo() -> tuple[list[Any], str]:
    """The demo's accounts, on one's own machine and while they exist."""
    offer = current_app.extensions.get("demo_accounts")
    if offer is None or not current_app.extensions["settings"].local:
        return [], ""
    accounts, password = offer()
    return (accounts, password) if accounts and identity_of(accounts[0].email) else ([], "")


@screens.post("/sign-out")
def sign_out() -> Response:
    """End the session, here and in the database."""
    entry = _signed_in()
    if entry is not None and entry.session_id is not None:
        sessions.end_session(entry.session_id, entry.identity_id)
        trail.note("auth.sign_out", entry.identity_id, only=entry.confined_to)
    flask.session.clear()
    answer = drop_cookie(redirect(url_for("auth.sign_in_page"), 303))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@screens.get("/")
def home() -> Response:
    """The organisation where one was last, the only one there is, or the choice."""
    entry = _signed_in()
    if entry is None:
        return redirect(sign_in_url("/"), 303)
    places = _places(entry)
    last = next((place for place in places if place.id == entry.last_organisation), None)
    if last is None and len(places) == 1:
        last = places[0]
    if last is None and not places and _keeps_the_platform(entry):
        return redirect("/platform/", 303)
    return redirect(f"/{last.slug}/", 303) if last else _choice(places)


@screens.get("/organisations")
def organisations() -> Response:
    """All organisations that one may enter."""
    entry = _signed_in()
    if entry is None:
        return redirect(sign_in_url("/organisations"), 303)
    return _choice(_places(entry))


def _places(entry: Entry) -> list[sessions.Place]:
    """Where one may go; whom a provider of one organisation vouched for, there and to its clients alone."""
    return workspaces.open_to(entry.identity_id, entry.confined_to)


def _keeps_the_platform(entry: Entry) -> bool:
    from app.core.platform import keepers  # the platform stands on auth

    return entry.stage == "full" and bool(keepers.name_of(entry.identity_id))


def _choice(places: list[sessions.Place]) -> Response:
    from app.core.platform import settings as platform  # the platform stands on auth

    labels, entry = role_labels(), _signed_in()
    return screen("account/organisations.html",
                  organisations=[{"name": p.name, "role": labels.get(p.role, p.role), "url": f"/{p.slug}/"} for p in places],
                  platform_url="/platform/" if entry and _keeps_the_platform(entry) else "",
                  found_url="/organisations/new" if platform.allows_own() else "")


@screens.get("/.well-known/change-password")
def change_password() -> Response:
    """Where password managers look; it needs an organisation to be shown in."""
    entry = _signed_in()
    if entry is None:
        return redirect(sign_in_url("/.well-known/change-password"), 303)
    places = _places(entry)
    chosen = next((place for place in places if place.id == entry.last_organisation), places[0] if places else None)
    return redirect(f"/{chosen.slug}/settings/password" if chosen else "/", 303)


@screens.get("/welcome/<secret>")
def welcome_page(secret: str) -> Response:
    """The form behind a one-time link. Looking at it does not use it up: mail scanners look too."""
    return _welcome(secret, _link(secret))


@screens.post("/welcome/<secret>")
def welcome(secret: str) -> Response:
    """Set the password, use the link up, end what was signed in before, and sign in."""
    link = _link(secret)
    password, again = request.form.get("password", ""), request.form.get("again", "")
    if password != again:
        return _welcome(secret, link, {"again": [_("The two are not the same.")]}, 422)
    try:
        set_password(link.identity_id, password)
    except Invalid as error:
        return _welcome(secret, link, error.errors, 422)
    if not links.use(link):
        raise NotFound(_("This link was used already or has expired. Ask for a new one."))
    sessions.end_sessions(link.identity_id)
    trail.note("auth.password.set", link.identity_id)
    opened = signing.opened(link.identity_id, source=source_address(), agent=request.user_agent.string)
    return come_in(opened, "/")


def _link(secret: str) -> links.Opened:
    link = links.opened(secret, links.WELCOME)
    if link is None:
        raise NotFound(_("This link was used already or has expired. Ask for a new one."))
    return link


def _welcome(secret: str, link: links.Opened, errors: dict[str, list[Any]] | None = None, status: int = 200) -> Response:
    return screen("account/set_password.html", status=status, action=url_for("auth.welcome", secret=secret), email=link.email,
                  heading=_("Welcome to OpsFlux"), errors=errors or {}, why="")


for _view in (sign_in_page, sign_in, sign_out, home, organisations, change_password, welcome_page, welcome):
    _view.needs = "public"  # type: ignore[attr-defined]

for _view in (home, organisations, change_password):
    _view.stage = "full"  # type: ignore[attr-defined]
