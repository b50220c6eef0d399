"""The pages of single sign-on before anybody is known: by address or by organisation, to a provider, and back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.core import auth, organisations
from app.core.sso import codes, directories, domains, entrance, providers, saml
from app.core.sso.attempts import Under
from app.core.sso.entrance import NotLetIn
from app.core.sso.models import Kind, Provider
from app.core.sso.providers import DIRECTORIES
from app.kernel import limits
from app.kernel.errors import NotFound, TooMany
from app.kernel.limits import Limit
from app.kernel.preferences import within
from app.kernel.screens import screen

screens = Blueprint("entrance", __name__)
LOOKED_FOR, ARRIVALS = Limit("sso-looked-for", 30), Limit("sso-arrivals", 60)


@screens.get("/sign-in/organisation")
def organisation() -> Response:
    """Which organisation? By one's address."""
    return _asked("", {}, 200)


@screens.post("/sign-in/organisation")
def find() -> Response:
    """On to the organisation that captured the domain of the address."""
    limits.take(LOOKED_FOR, auth.source_address())
    email = request.form.get("email", "").strip()
    slug = domains.organisation_of(email)
    if not slug:
        return _asked(email, {"email": [_("No organisation lets this domain in by itself. Sign in with your password.")]}, 422)
    return redirect(url_for("entrance.house", slug=slug, next=within(request.form.get("next"))), 303)


def _asked(email: str, errors: dict[str, list[Any]], status: int) -> Response:
    return screen("account/sso_organisation.html", status=status, email=email[:254], errors=errors, action=url_for("entrance.find"),
                  next=within(request.values.get("next")), password_url=auth.sign_in_url(within(request.values.get("next"))))


@screens.get("/sign-in/to/<slug>")
def house(slug: str) -> Response:
    """The ways into one organisation. One that does not exist looks like one that has none."""
    return _house(slug, {}, 200)


def _house(slug: str, errors: dict[str, list[Any]], status: int, username: str = "") -> Response:
    limits.take(LOOKED_FOR, auth.source_address())
    place, wanted = organisations.place_of(slug), within(request.values.get("next"))
    name, ways = "", []
    if place is not None and organisations.load_organisation(place) is not None:
        with entrance.within(place) as found:
            ways = [_way(place, each, wanted) for each in providers.providers()]
            name = found.name
    return screen("account/sso_house.html", status=status, name=name if ways else "", buttons=[w for w in ways if not w["form"]],
                  forms=[w for w in ways if w["form"]], errors=errors, username=username[:254], next=wanted,
                  password_url=auth.sign_in_url(wanted))


def _way(place: UUID, provider: Provider, wanted: str) -> dict[str, Any]:
    form = Kind(provider.kind) in DIRECTORIES
    address = url_for("entrance.enter" if form else "entrance.start", house=place, provider=provider.id, next=None if form else wanted)
    return {"name": provider.name, "kind": str(provider.kind), "url": address, "form": form}


@screens.get("/sso/<uuid:house>/<uuid:provider>/start")
def start(house: UUID, provider: UUID) -> Response:
    """To the provider."""
    limits.take(ARRIVALS, auth.source_address())
    back = _back(house, provider)
    try:
        return redirect(entrance.set_out(house, provider, within(request.args.get("next")), lambda p, u: _departure(p, u, back)), 303)
    except NotLetIn as error:
        return _not_let_in(house, str(error))


@screens.get("/sso/<uuid:house>/<uuid:provider>/callback")
def callback(house: UUID, provider: UUID) -> Response:
    """Back from the provider, with a code."""
    limits.take(ARRIVALS, auth.source_address())
    said, back = request.args.to_dict(), _back(house, provider)
    try:
        done = entrance.come_back(house, provider, said.get("state", ""), lambda p, u: codes.arrival(p, u, said, back),
                                  source=auth.source_address(), agent=request.user_agent.string)
    except NotLetIn as error:
        return _not_let_in(house, str(error))
    return auth.come_in(done.secret, done.address) if done.secret else redirect(done.address, 303)


def _departure(provider: Provider, under: Under, back: str) -> str:
    return saml.departure(provider, under) if provider.kind == Kind.SAML else codes.departure(provider, under, back)


@screens.post("/sso/<uuid:house>/<uuid:provider>/acs")
def consume(house: UUID, provider: UUID) -> Response:
    """What a SAML provider makes the browser post; our cookies do not come along, so the browser is sent on to show them."""
    limits.take(ARRIVALS, auth.source_address())
    said = request.form.to_dict()
    try:
        entrance.hear(house, provider, said.get("RelayState", ""), lambda p, u: saml.arrival(p, u, said), source=auth.source_address())
    except NotLetIn as error:
        return _not_let_in(house, str(error))
    return redirect(url_for("entrance.arrive", house=house, provider=provider, state=said["RelayState"]), 303)


@screens.get("/sso/<uuid:house>/<uuid:provider>/arrive")
def arrive(house: UUID, provider: UUID) -> Response:
    """Back from a SAML provider, with the cookies of the browser that set out."""
    try:
        done = entrance.collect(house, provider, request.args.get("state", ""), source=auth.source_address(),
                                agent=request.user_agent.string)
    except NotLetIn as error:
        return _not_let_in(house, str(error))
    return auth.come_in(done.secret, done.address) if done.secret else redirect(done.address, 303)


@screens.post("/sso/<uuid:house>/<uuid:provider>/again")
def again(house: UUID, provider: UUID) -> Response:
    """To the provider, which let somebody in, to say anew that it is them. A form may not lead elsewhere, so the page that answers does."""
    limits.take(ARRIVALS, auth.source_address())
    entry: Any = current_user
    if not entry.is_authenticated or entry.stage != "full" or entry.confined_to != house or entry.session_id is None:
        raise NotFound
    back, wanted = _back(house, provider), request.form.get("next") or url_for("entrance.confirmed")
    try:
        address = entrance.set_out(house, provider, within(wanted), lambda p, u: _departure(p, u, back), proving=entry.session_id)
    except NotLetIn as error:
        return _not_let_in(house, str(error))
    return screen("account/sso_leave.html", address=address)


@screens.get("/sso/confirmed")
def confirmed() -> Response:
    """What stands in the window that was opened for it."""
    return screen("account/sso_confirmed.html")


@screens.get("/sso/<uuid:house>/<uuid:provider>/metadata")
def metadata(house: UUID, provider: UUID) -> Response:
    """What a SAML provider is told of us."""
    with entrance.within(house):
        found = providers.provider(provider)
        if found.kind != Kind.SAML:
            raise NotFound
        return Response(saml.own_metadata(found), content_type="application/samlmetadata+xml")


consume.signed_address = True  # type: ignore[attr-defined]


@screens.post("/sso/<uuid:house>/<uuid:provider>/enter")
def enter(house: UUID, provider: UUID) -> Response:
    """By a name and password of the organisation's directory."""
    username, password, wanted = request.form.get("username", ""), request.form.get("password", ""), within(request.form.get("next"))
    try:
        done = entrance.enter(house, provider, username, lambda p, met: directories.vouched(p, username, password, met),
                              source=auth.source_address(), agent=request.user_agent.string)
    except TooMany as error:
        answer = _not_let_in(house, str(error), error.status, username)
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    except NotLetIn as error:
        return _not_let_in(house, str(error), error.status, username)
    return auth.come_in(done.secret, wanted if wanted != "/" else done.address)


def _back(house: UUID, provider: UUID) -> str:
    """Where the provider sends people back to: one address for each, so that no provider can answer for another."""
    return str(current_app.extensions["settings"].base_url) + url_for("entrance.callback", house=house, provider=provider)


def _not_let_in(house: UUID, said: str, status: int = 422, username: str = "") -> Response:
    with entrance.within(house) as found:
        slug = found.slug
    return _house(slug, {"": [said]}, status, username)


for _view in (organisation, find, house, start, callback, consume, arrive, again, confirmed, metadata, enter):
    _view.needs = "public"  # type: ignore[attr-defined]
