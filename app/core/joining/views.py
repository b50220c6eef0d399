"""The page behind the link of an invitation: who asks, for what, and the answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import flask
from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access, auth
from app.core.auth import sessions, signing, trail
from app.core.auth.edge import keep_cookie
from app.core.auth.source import source_address
from app.core.joining import answering
from app.core.people import Member
from app.kernel import limits
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.kinds import show_moment
from app.kernel.screens import screen

screens = Blueprint("joining", __name__)
ANSWER = limits.Limit("invitation", 60)


@screens.get("/invitation/<secret>")
def page(secret: str) -> Response:
    """Who invites, as what, until when. Looking does not use the link up: mail scanners look too."""
    return _page(secret, answering.opened(secret), {}, 200)


@screens.post("/invitation/<secret>/accept")
def accept(secret: str) -> Response:
    """Join: with the account that the address has, proved by being signed in, or with a first password."""
    limits.take(ANSWER, source_address())
    asked = answering.opened(secret)
    if not auth.has_signed_in(asked.link.identity_id):
        return _accept_anew(secret, asked)
    if _signed_in_as() != asked.link.identity_id:
        return redirect(f"/sign-in?next={quote(url_for('joining.page', secret=secret))}", 303)
    answering.accept(asked)
    return redirect(f"/{asked.place.slug}/", 303)


@screens.post("/invitation/<secret>/decline")
def decline(secret: str) -> Response:
    """Say no; the link is proof enough for that."""
    limits.take(ANSWER, source_address())
    asked = answering.opened(secret)
    answering.decline(asked)
    return screen("joining/declined.html", organisation_name=asked.place.name)


def _accept_anew(secret: str, asked: answering.Asked) -> Response:
    password, identity = request.form.get("password", ""), asked.link.identity_id
    if password != request.form.get("again", ""):
        return _page(secret, asked, {"again": [_("The two are not the same.")]}, 422)
    try:
        auth.set_password(identity, password)
    except Invalid as error:
        return _page(secret, asked, error.errors, 422)
    answering.ask_elsewhere(asked)
    answering.accept(asked)
    trail.note("auth.password.set", identity)
    opened = signing.opened(identity, source=source_address(), agent=request.user_agent.string)
    flask.session.clear()
    return keep_cookie(redirect(f"/{asked.place.slug}/", 303), opened, int(sessions.ABSOLUTE.total_seconds()))


def _page(secret: str, asked: answering.Asked, errors: dict[str, list[Any]], status: int) -> Response:
    with answering.reading(asked) as invitation:
        host = session().scalar(select(Member.name).where(Member.id == invitation.created_by)) or ""
        role = session().get_one(access.Role, (asked.place.id, (answering.seat(asked) or invitation).role_id))
        said = {"name": invitation.name, "email": invitation.email, "host": host, "message": invitation.message or "",
                "role": str(access.role_labels().get(role.key, role.label)),
                "until": show_moment(invitation.expires_at) if invitation.expires_at else ""}
    who, identity = _signed_in_as(), asked.link.identity_id
    way = "new" if not auth.has_signed_in(identity) else "in" if who == identity else "other" if who else "out"
    here = url_for("joining.page", secret=secret)
    return screen("joining/invitation.html", status=status, said=said, organisation_name=asked.place.name, way=way, errors=errors,
                  accept_url=url_for("joining.accept", secret=secret), decline_url=url_for("joining.decline", secret=secret),
                  sign_in_url=f"/sign-in?next={quote(here)}")


def _signed_in_as() -> Any:
    """The identity that is signed in fully in this browser, and not for one organisation alone."""
    here: Any = current_user
    return here.identity_id if here.is_authenticated and here.stage == "full" and here.confined_to is None else None


page.needs = accept.needs = decline.needs = "public"  # type: ignore[attr-defined]
