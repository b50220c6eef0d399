"""Where apps get their tokens: by password and second factor, by a browser's session, by an API token; and where they renew them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, jsonify, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.auth import apps, mails, passes, signing, stages
from app.core.auth.apps import Issued
from app.core.auth.entry import Entry, credentials, enter
from app.core.auth.factors import proving
from app.core.auth.factors.held import held_by
from app.core.auth.models import UserSession
from app.core.auth.scopes import SCOPES, WRITE
from app.core.auth.source import source_address
from app.kernel import forgery, limits
from app.kernel.calls import body
from app.kernel.db import as_identity, session, unit_of_work
from app.kernel.errors import Forbidden, Invalid, Refusal

screens = Blueprint("apps", __name__, url_prefix="/api/v1/auth")
TYPED = ("totp", "recovery")  # factors that can be typed into an app


class NotGranted(Refusal):
    """Nothing is issued; `error` says why, in the words of RFC 6749."""

    status, code = 401, "invalid_grant"


@screens.post("/token")
def token() -> Response:
    """Issue an access token, and what renews it: `grant_type` is password, refresh_token, session or api_token."""
    limits.take(limits.STRANGER, source_address())
    said = _said()
    grant = GRANTS.get(said.get("grant_type", ""))
    if grant is None:
        raise Invalid({"grant_type": [_("Choose one of the list.")]})
    return _answer(grant(said))


@screens.post("/revoke")
def revoke() -> Response:
    """Sign the app of a refresh token out. The answer is the same whether there is one."""
    limits.take(limits.STRANGER, source_address())
    apps.end_app(_said().get("refresh_token", ""), source=source_address())
    return jsonify({})


def _by_password(said: dict[str, str]) -> Issued:
    source, scope = source_address(), _scope(said)
    try:
        identity = signing.proved(said.get("email", ""), said.get("password", ""), source=source)
    except Invalid as error:
        raise NotGranted(next(iter(error.errors.values()))[0], error="invalid_grant") from None
    with unit_of_work():
        reach, factor = stages.reach(identity, "password"), ""
        if reach.stage == stages.FACTOR:
            factor = _factor(identity, said, source)
            reach = stages.reach(identity, "password", factor)
        if reach.stage != stages.FULL:
            raise NotGranted(_("Finish signing in first."), error="interaction_required")
        issued = apps.open_app(identity, scope, source=source, agent=_agent(), method="password", factor=factor, enrol_by=reach.enrol_by)
        mails.tell(identity, mails.APP)
    return issued


def _factor(identity: Any, said: dict[str, str], source: str) -> str:
    """Prove the second factor by the code that came along; gives its kind."""
    code, kinds = "".join(said.get("code", "").split()), [kind for kind in held_by(identity).kinds if kind in TYPED]
    if not code or not kinds:
        raise NotGranted(_("Send a code of your second factor too."), error="factor_required", factors=kinds)
    kind = "totp" if "totp" in kinds and code.isdigit() else kinds[-1]
    try:
        proving.prove(identity, kind, said["code"], source=source)
    except Invalid as error:
        raise NotGranted(next(iter(error.errors.values()))[0], error="invalid_grant") from None
    return kind


def _by_refresh(said: dict[str, str]) -> Issued:
    with unit_of_work():
        issued = apps.renew(said.get("refresh_token", ""), source=source_address(), agent=_agent())
    if issued is None:
        raise NotGranted(_("This refresh token works no more. Sign in again."), error="invalid_grant")
    return issued


def _by_session(said: dict[str, str]) -> Issued:
    """From the browser's session at hand; the app is signed out with it."""
    forgery.require_form()
    entry = _came_in("session")
    with unit_of_work(), as_identity(entry.identity_id):
        held = session().get_one(UserSession, entry.session_id)
        if held.impersonation_id is not None:
            raise Forbidden(_("This needs you to be signed in yourself."))
        proof = {"method": held.method, "factor": held.factor, "enrol_by": held.enrol_by, "confined_to": held.confined_to,
                 "proved_at": held.proved_at, "parent_id": held.id}
        return apps.open_app(entry.identity_id, _scope(said), source=source_address(), agent=_agent(), **proof)


def _by_token(_said: dict[str, str]) -> Issued:
    """A pass for the API token that came along; the token itself renews it."""
    entry = _came_in("token")
    if entry.token_id is None:
        raise NotGranted(_("Sign in, or send a valid token: Authorization: Bearer …"), error="invalid_grant")
    return Issued(passes.issue("lent", entry.token_id, entry.scopes), " ".join(entry.scopes))


GRANTS = {"password": _by_password, "refresh_token": _by_refresh, "session": _by_session, "api_token": _by_token}


def _came_in(kind: str) -> Entry:
    """Who sent this, by their session or their token and by nothing else; a pass makes no other pass."""
    given = credentials()
    entry = enter(given, None) if given is not None and given.kind == kind else None
    if entry is None or entry.stage != stages.FULL:
        raise NotGranted(_("Sign in, or send a valid token: Authorization: Bearer …"), error="invalid_grant")
    g.entry = entry
    return entry


def _said() -> dict[str, str]:
    """What was sent, as JSON or as a form."""
    sent = body() if request.is_json else request.form.to_dict()
    return {str(name): str(value) for name, value in sent.items() if value is not None}


def _scope(said: dict[str, str]) -> str:
    scope = said.get("scope", WRITE)
    if scope not in SCOPES:
        raise Invalid({"scope": [_("Known scopes: %(names)s.", names=", ".join(SCOPES))]})
    return scope


def _agent() -> str:
    return request.user_agent.string


def _answer(issued: Issued) -> Response:
    said: dict[str, Any] = {"access_token": issued.access, "token_type": "Bearer", "expires_in": int(passes.LIFE.total_seconds()),
                            "scope": issued.scope}
    if issued.refresh:
        said |= {"refresh_token": issued.refresh, "refresh_expires_in": int(apps.REFRESH.total_seconds())}
    return jsonify(said)


for _view in (token, revoke):
    _view.needs = "public"  # type: ignore[attr-defined]
    _view.without_cookies = True  # type: ignore[attr-defined]
