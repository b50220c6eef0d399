"""The start of an organisation, the sheet of keys, the counts of the menu and the stream that says when they move."""

from __future__ import annotations

from flask import Blueprint, g, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core import access, auth
from app.core.menu import choices
from app.core.menu.building import KEPT, menu_for, places, tabs_for
from app.core.menu.first import first_page
from app.core.menu.framing import unread_count
from app.core.people import Member
from app.kernel import stream
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import NotFound
from app.kernel.keys import SCOPES, sheet
from app.kernel.preferences import within
from app.kernel.registry import registry
from app.kernel.screens import screen

screens = Blueprint("menu", __name__)


@screens.get("/<org>/")
def start() -> Response:
    """The page on which one's role lands, or the first place of the menu."""
    if endpoint := first_page():
        return redirect(url_for(endpoint), 303)
    sections = menu_for(current.user)
    if not sections:
        raise NotFound
    known = {entry.key: entry.url for entry in places(current.user)}
    own = (known[key] for key in access.starts_of(current.user.roles) if key in known)
    return redirect(next(own, tabs_for(sections)[0].url), 303)


@screens.get("/<org>/keys")
def keys() -> Response:
    """The keys that work, everywhere or in the scopes asked for."""
    asked = request.args.get("scopes", "").replace(",", " ").split()
    scopes = [scope for scope in asked if scope in SCOPES] if "scopes" in request.args else list(SCOPES)
    return screen("account/keys.html", block="sheet", groups=sheet(*scopes))


@screens.get("/<org>/badges")
def badges() -> Response:
    """The counts of the menu, by name."""
    counted = {item.key for module in registry.modules.values() for item in module.menu if item.badge}
    counts = {item.key: item.count for section in menu_for(current.user) for item in section.items if item.key in counted}
    return jsonify({**counts, "notifications": unread_count()})


@screens.post("/<org>/menu")
def choose() -> Response:
    """Keep a favourite or let it go, fold or unfold a section, put it in order; then go back to where the person was."""
    member = session().get_one(Member, (current.organisation.id, current.user.id))
    known = [*places(current.user)]
    groups = {KEPT, *(entry.group for entry in known)}
    if place := request.form.get("favourite"):
        choices.toggle_favourite(member, place, [entry.key for entry in known])
    for name in ("fold", "unfold"):
        if section := request.form.get(name):
            choices.fold(member, section, name == "fold", groups)
    if (section := request.form.get("arrange", "")) in groups:
        choices.arrange(member, section, request.form.getlist("item"), [entry.key for entry in known])
    return redirect(within(request.form.get("next")), 303)


@screens.get("/<org>/stream")
def live() -> Response:
    """The live stream of the organisation, for whoever looks."""
    behind = current.user.impersonator
    proof = auth.proof_of(g.entry.session_id, behind.case_id if behind else None)
    return stream.answer(current.organisation.id, current.user.identity_id or current.user.id, proof)


for _view in (badges, live):
    _view.automatic = True  # type: ignore[attr-defined]
for _view in (start, keys, badges, choose, live):
    _view.needs = "member"  # type: ignore[attr-defined]
