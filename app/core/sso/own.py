"""One's own ways in through providers: which there are, add one, take one away."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, current_app, flash, g, redirect, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import audit, auth
from app.core.sso import codes, entrance, providers
from app.core.sso.entrance import NotLetIn
from app.core.sso.models import Kind, Link, Provider
from app.core.sso.providers import BY_CODE
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Forbidden, NotFound
from app.kernel.kinds import show_moment
from app.kernel.screens import screen

screens = Blueprint("own_sign_ins", __name__)


@screens.get("/<org>/settings/sign-ins")
def listing() -> Response:
    """The providers of the organisation, and those that know one already."""
    _by_session()
    mine = list(session().scalars(select(Link).where(Link.member_id == current.user.id).order_by(Link.made_at)))
    known = {each.id: each for each in session().scalars(select(Provider).where(Provider.id.in_([link.provider_id for link in mine])))}
    links = [{"name": known[each.provider_id].name, "email": each.email, "used": show_moment(each.last_used_at),
              "remove_url": url_for("own_sign_ins.remove", link=each.id)} for each in mine]
    others = [{"name": each.name, "url": url_for("own_sign_ins.add", provider=each.id)} for each in providers.providers()
              if Kind(each.kind) in BY_CODE]
    return screen("account/sso_links.html", links=links, others=others, settings_url=url_for("account.settings"))


@screens.post("/<org>/settings/sign-ins/<uuid:provider>")
def add(provider: UUID) -> Response:
    """To the provider, to come back with another way in. A form may not lead elsewhere, so the page that answers does."""
    _by_session()
    auth.require_proof()
    back = str(current_app.extensions["settings"].base_url) + url_for("entrance.callback", house=current.organisation.id, provider=provider)
    try:
        address = entrance.set_out(current.organisation.id, provider, url_for("own_sign_ins.listing"),
                                   lambda p, u: codes.departure(p, u, back), linking=current.user.id)
    except NotLetIn as error:
        flash(str(error), "late")
        return redirect(url_for("own_sign_ins.listing"), 303)
    return screen("account/sso_leave.html", address=address)


@screens.post("/<org>/settings/sign-ins/<uuid:link>/remove")
def remove(link: UUID) -> Response:
    """Take a way in away; the session that it opened goes on."""
    _by_session()
    found = session().get(Link, (current.organisation.id, link))
    if found is None or found.member_id != current.user.id:
        raise NotFound
    session().delete(found)
    audit.note("sso.link.removed", resource="people.member", record_id=current.user.id, context={"link": link})
    flash(_("This way in is removed."), "good")
    return redirect(url_for("own_sign_ins.listing"), 303)


def _by_session() -> None:
    if g.entry.session_id is None:
        raise Forbidden(_("This needs you to be signed in yourself."))


for _view in (listing, add, remove):
    _view.needs = "member"  # type: ignore[attr-defined]
