"""The page on which one asks for another e-mail address."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.auth import addresses
from app.core.auth.identities import has_password, verify_password
from app.core.auth.seats import email_of
from app.kernel.errors import Forbidden, Invalid
from app.kernel.screens import screen

screens = Blueprint("addresses", __name__)


@screens.get("/<org>/settings/address")
def address_page() -> Response:
    """The form, and what still waits."""
    return _page({}, 200)


@screens.post("/<org>/settings/address")
def change_address() -> Response:
    """Ask both addresses to confirm it."""
    identity_id = g.entry.identity_id
    if g.entry.session_id is None:
        raise Forbidden(_("This needs you to be signed in yourself."))
    if has_password(identity_id) and not verify_password(identity_id, request.form.get("current", "")):
        return _page({"current": [_("This is not your present password.")]}, 422)
    try:
        addresses.ask(identity_id, request.form.get("email", ""))
    except Invalid as error:
        return _page(error.errors, 422)
    flash(_("A mail went to both addresses."), "good")
    return redirect(url_for("addresses.address_page"), 303)


def _page(errors: dict[str, list[Any]], status: int) -> Response:
    identity_id = g.entry.identity_id
    change = addresses.waiting(identity_id)
    return screen("account/address.html", status=status, action=url_for("addresses.change_address"), email=email_of(identity_id),
                  typed=request.form.get("email", "")[:254] if errors else "", waiting=change.new_email if change else "", errors=errors,
                  asks_password=has_password(identity_id), settings_url=url_for("account.settings"))


for _view in (address_page, change_address):
    _view.needs, _view.personal = "member", True  # type: ignore[attr-defined]
