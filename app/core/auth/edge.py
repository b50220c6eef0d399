"""The edge of every request: who asks, for which organisation, in one transaction that commits before the answer goes out."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import flask
from flask import Flask, Response, current_app, g, make_response, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import LoginManager
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response as AnyResponse

from app.core import access, settings
from app.core.auth import devices, scopes, sessions, stages
from app.core.auth.entry import Credentials, Entry, cookie_name, credentials, enter, is_for_machines, note_use, way_in
from app.core.auth.factors import stepping
from app.core.auth.secrets import hash_secret
from app.core.auth.source import source_address
from app.kernel import limits
from app.kernel.current import Actor, Context, current, settle
from app.kernel.db import db
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from app.kernel.faults import problem, refused, wording
from app.kernel.preferences import page_shown, within
from app.kernel.records import new_id

log, requests = logging.getLogger("opsflux.edge"), logging.getLogger("opsflux.request")
AWAY = ("08", "40", "53", "55P", "57")  # SQLSTATE: connection, deadlock, out of room, lock, shut down or timed out
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def install_edge(app: Flask) -> None:
    """Put the edge around every request."""
    settings = app.extensions["settings"]
    app.config.update(SESSION_COOKIE_NAME=settings.cookie("state"), SESSION_COOKIE_SECURE=not settings.local, SESSION_COOKIE_HTTPONLY=True,
                      SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_PATH="/")
    app.url_value_preprocessor(_begin)
    app.url_defaults(_fill_in)
    app.before_request(admit)
    app.after_request(_sign)
    app.teardown_request(_end)
    for trouble in (OperationalError, InterfaceError, PoolExhausted):
        app.register_error_handler(trouble, _database_away)
    app.register_error_handler(DataError, _unstorable)
    for meanwhile in (StaleDataError, IntegrityError):
        app.register_error_handler(meanwhile, _overtaken)
    _commit_once(app)
    manager = LoginManager(app)
    manager.request_loader(_load)


def _begin(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Fresh circumstances, before anything else looks at them; the organisation's address is taken out of the view's arguments."""
    for name in list(g):  # commands and tests may send requests from inside a context of their own
        g.pop(name)
    given = request.headers.get("X-Request-ID", "")
    request_id = given if REQUEST_ID.fullmatch(given) else str(new_id())
    g.before = settle(Context(request_id=request_id, channel=way_in(), source=source_address(),
                              agent=request.user_agent.string[:300]))
    g.slug = values.pop("org", None) if values else None


def _fill_in(endpoint: str, values: dict[str, Any]) -> None:
    if "org" not in values and current.has_organisation and current_app.url_map.is_endpoint_expecting(endpoint, "org"):
        values["org"] = current.organisation.slug


def admit() -> AnyResponse | None:
    """Let in whoever may enter the organisation of the address; nobody else learns whether it exists."""
    if g.get("slug") is None:
        return _hold_at_stage()
    given = credentials()
    entry = enter(given, g.slug) if given else None
    if entry is None:
        if is_for_machines():
            limits.take(limits.STRANGER, source_address())
        return _signed_out(ended=given is not None)
    g.entry = entry
    if entry.stage != stages.FULL:
        return _held_back(entry.stage)
    if entry.elsewhere:
        return _vouched_elsewhere(entry.elsewhere)
    if entry.organisation is None or entry.actor is None:
        raise NotFound
    settle(replace(current.context, organisation=entry.organisation, user=entry.actor))
    if entry.organisation.slug != g.slug:
        return _moved(entry.organisation.slug)
    if entry.organisation.is_closing and (closed := _closed(entry.actor)):
        return closed
    _hold_to_person(entry)
    if not _is_automatic():
        note_use(entry)
    if entry.actor.impersonator is not None:
        _hold_impersonator(entry.actor)
    stepping.take(entry)
    _hold_to_limits(entry, entry.actor)
    _hold_to_scope(entry)
    _hold_to_policy(entry.actor)
    return None


def _needed() -> str:
    """What the view that is asked says it needs; its blueprint may say it for all."""
    return access.needs_of(current_app, request.endpoint) if request.endpoint else "public"


def _hold_to_policy(actor: Actor) -> None:
    """Nobody opens what does not say who may; who holds nothing of what a change needs learns no more, whichever record they name.

    What is only looked at may be seen without a role, by a delegation for one: that is asked with the record.
    """
    needs = _needed()
    if not needs:
        raise Forbidden
    if needs == access.OWNER:
        access.require_owner(actor)
    if request.method not in ("GET", "HEAD", "OPTIONS") and needs.count(".") == 2:
        access.require(actor, needs)


def _closed(user: Actor) -> AnyResponse | None:
    """The organisation waits to be deleted: closed for work, with one page left for those who answer for it."""
    if getattr(current_app.view_functions.get(request.endpoint or ""), "while_closing", False):
        return None
    if not access.is_owner(user) or is_for_machines() or request.method not in ("GET", "HEAD"):
        raise Forbidden(_("This organisation is closed and waits to be deleted. Only its owners can still come in, to take its content "
                          "along or to open it again."))
    address = url_for("closing.page")
    if request.headers.get("HX-Request") == "true":
        return Response("", 200, {"HX-Redirect": address})
    return redirect(address, 303)


def _is_automatic() -> bool:
    """Whether the page asks by itself, with nobody at it: no use of the session, so that an open page does not keep it for ever."""
    return getattr(current_app.view_functions.get(request.endpoint or ""), "automatic", False) or "X-Automatic" in request.headers


def _hold_impersonator(actor: Actor) -> None:
    """Whoever sees what another sees sends nothing, or with consent only what a role permits; what is personal stays closed to them."""
    if getattr(current_app.view_functions.get(request.endpoint or ""), "while_impersonating", False):
        return
    needs = _needed()
    sends, by_role = request.method not in ("GET", "HEAD"), needs.count(".") == 2
    if sends and (not by_role or (actor.impersonator and actor.impersonator.looks_only)):
        raise Forbidden(_("You see what %(name)s sees and change nothing. Stop first to work as yourself.", name=actor.name))
    if not by_role and request.path.startswith(f"/{g.slug}/settings"):
        raise Forbidden(_("These settings are personal: only %(name)s opens them.", name=actor.name))


def _hold_at_stage() -> AnyResponse | None:
    """Outside any organisation a page that says a stage is for sessions of that stage alone; whoever is signed out is let to its view."""
    wanted = getattr(current_app.view_functions.get(request.endpoint or ""), "stage", "")
    entry = _load(request) if wanted else None
    if entry is None or entry.stage == wanted:
        return None
    return redirect(within(request.args.get("next")), 303) if entry.stage == stages.FULL else _held_back(entry.stage)


def _held_back(stage: str) -> AnyResponse:
    """Half signed in: only the page of what is still owed answers."""
    if is_for_machines():
        return problem(401, _("Finish signing in first."))
    address = stages.address(stage, _wanted())
    if request.headers.get("HX-Request") == "true":
        return Response("", 200, {"HX-Redirect": address})
    return redirect(address, 303)


def _hold_to_person(entry: Entry) -> None:
    """What belongs to the person, in all organisations, is not for whom the provider of one let in: it could say so of anybody."""
    if entry.confined_to and getattr(current_app.view_functions.get(request.endpoint or ""), "personal", False):
        raise Forbidden(_("You came in through your organisation. Sign in with your own password or passkey to change this."))


def _vouched_elsewhere(slug: str) -> AnyResponse:
    """The organisation asks for its own single sign-on: a password opens it no more."""
    if is_for_machines():
        return problem(401, _("Sign in through your organisation."))
    address = sign_in_url(_wanted()).replace("/sign-in", f"/sign-in/to/{slug}", 1)
    if request.headers.get("HX-Request") == "true":
        return Response("", 200, {"HX-Redirect": address})
    return redirect(address, 303)


def _hold_to_limits(entry: Entry, actor: Actor) -> None:
    """What costs much may be asked only so often by one member, and all that comes by token by one token or app."""
    if entry.scopes:
        hourly = replace(limits.API, most=settings.get("api.requests_per_hour"))
        g.allowance = limits.count(hourly, entry.token_id or entry.session_id)
        if g.allowance.left < 0:
            raise limits.too_many(g.allowance.seconds)
    if limit := getattr(current_app.view_functions.get(request.endpoint or ""), "limit", None):
        limits.take(limit, actor.id)


def _hold_to_scope(entry: Entry) -> None:
    """A token does what it was made for; the refusal names the scope that it would need."""
    if not entry.scopes:
        return
    wanted = scopes.lacking(entry.scopes, _needed(), request.method, administers=request.path.startswith("/scim/"))
    if wanted:
        raise Forbidden(_("This needs a token with the scope “%(scope)s”.", scope=wanted), needed_scope=wanted)


def _signed_out(*, ended: bool) -> AnyResponse:
    if is_for_machines():
        response = problem(401, _("Sign in, or send a valid token: Authorization: Bearer …"))
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    address = sign_in_url(_wanted(), ended=ended)
    if request.headers.get("HX-Request") == "true":
        return Response("", 200, {"HX-Redirect": address})
    return redirect(address, 303)


def _wanted() -> str:
    """Where to go after signing in: the page asked for, or the one from which something was sent."""
    if request.method in ("GET", "HEAD") and request.headers.get("HX-Request") != "true":
        return request.full_path.rstrip("?")
    shown = page_shown()
    if not shown or shown.startswith("/sign-in"):
        return f"/{g.slug}/" if g.slug else "/"
    return shown


def sign_in_url(wanted: str, *, ended: bool = False) -> str:
    """The sign-in page that leads back to `wanted`."""
    asked = [f"next={quote(wanted, safe='/')}"] if wanted not in ("", "/") else []
    asked += ["ended=1"] if ended else []
    return "/sign-in" + ("?" + "&".join(asked) if asked else "")


def _moved(slug: str) -> AnyResponse:
    values = {**(request.view_args or {}), "org": slug}
    query = request.query_string.decode("ascii", "replace")
    return redirect(url_for(str(request.endpoint), **values) + (f"?{query}" if query else ""), 308)


def _load(_request: Any) -> Entry | None:
    """For Flask-Login, on pages outside any organisation."""
    if "entry" not in g:
        given = credentials()
        g.entry = enter(given, None) if given else None
    found: Entry | None = g.entry
    return found


def _commit_once(app: Flask) -> None:
    """Commit when the view has answered well, roll back when it refused: before the answer goes out, so that it says the truth."""
    inner = app.dispatch_request

    def dispatch_request(*arguments: Any) -> Response:
        try:
            response = app.make_response(inner(*arguments))
            if response.status_code < 400:
                db.session.commit()
            else:
                db.session.rollback()
        except BaseException:
            db.session.rollback()
            raise
        return response

    app.dispatch_request = dispatch_request  # type: ignore[method-assign,assignment]


def _sign(response: Response) -> Response:
    response.headers["X-Request-ID"] = current.request_id
    if "allowance" in g:
        used = g.allowance
        response.headers.update({"RateLimit-Limit": str(used.most), "RateLimit-Remaining": str(max(0, used.left)),
                                 "RateLimit-Reset": str(used.seconds)})
    requests.info("%s %s %s", request.method, request.url_rule or "-", response.status_code)  # the rule: addresses may hold secrets
    return response


def _end(_error: BaseException | None) -> None:
    if "before" in g:
        settle(g.before)


def _database_away(error: Exception) -> Response:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state and not state.startswith(AWAY):
        raise error
    log.warning("The database did not answer: %s", error, extra={"request_id": current.request_id})
    db.session.rollback()
    g.entry = g.get("entry")  # the page about it must not ask who is there
    return refused(Unavailable(_("The database does not answer at the moment. Nothing was changed; try again shortly.")))


def _overtaken(_error: Exception) -> Response:
    return refused(Conflict(_("Somebody else changed this in the meantime. Look at it again, then repeat your change.")))


def _unstorable(error: Exception) -> Response:
    """A NUL character, or a number or a day beyond what PostgreSQL knows: nothing that it holds could be meant."""
    log.info("A value that the database cannot hold: %s", error, extra={"request_id": current.request_id})
    db.session.rollback()
    return refused(NotFound() if request.method in ("GET", "HEAD") and request.view_args else Invalid({}, wording(422)[1]))


def keep_cookie(response: AnyResponse, secret: str, lifetime: int) -> AnyResponse:
    """Put the session's secret into its cookie; once it reaches all the way, the browser is known from then on."""
    answer = make_response(response)
    answer.set_cookie(cookie_name(), secret, max_age=lifetime, path="/", httponly=True, samesite="Lax",
                      secure=not current_app.extensions["settings"].local)
    entry = enter(Credentials("session", hash_secret(secret)), None)
    if entry is not None and entry.stage == stages.FULL and not entry.confined_to:
        devices.welcome(entry.identity_id, answer)
    return answer


def come_in(secret: str, address: str) -> AnyResponse:
    """Begin a session that was just opened, with nothing left of what the browser brought along, and lead to `address`."""
    flask.session.clear()
    return keep_cookie(redirect(address, 303), secret, int(sessions.ABSOLUTE.total_seconds()))


def go_on(address: str, entry: Entry, **values: Any) -> AnyResponse:
    """Bring the session on (see `sessions.renew`), under another secret, and lead to `address`. Raises `Forbidden` without a session."""
    if entry.session_id is None:
        raise Forbidden(_("This needs you to be signed in yourself."))
    secret = sessions.renew(entry.session_id, entry.identity_id, **values)
    return keep_cookie(redirect(address, 303), secret, int(sessions.ABSOLUTE.total_seconds()))


def drop_cookie(response: AnyResponse) -> AnyResponse:
    """Take the session's cookie away."""
    answer = make_response(response)
    answer.delete_cookie(cookie_name(), path="/", httponly=True, samesite="Lax", secure=not current_app.extensions["settings"].local)
    return answer
