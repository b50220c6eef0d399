"""The page of those who own the organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core import access, auth
from app.core.ownership import services
from app.kernel.current import current
from app.kernel.errors import Invalid
from app.kernel.screens import screen

screens = Blueprint("ownership", __name__)
screens.needs = access.OWNER  # type: ignore[attr-defined]


@screens.get("/<org>/settings/ownership")
def page() -> Response:
    """Who owns the organisation, and the form to hand it over."""
    access.require_owner(current.user)
    return _page({}, 200)


@screens.post("/<org>/settings/ownership")
def hand_over() -> Response:
    """Hand it over."""
    access.require_owner(current.user)
    auth.require_proof()
    try:
        heir = services.hand_over(request.form.get("member", ""))
    except Invalid as error:
        return _page(error.errors, 422)
    flash(_("%(name)s owns the organisation now; you are an administrator.", name=heir.name), "good")
    return redirect(f"/{current.organisation.slug}/", 303)


def _page(errors: Mapping[str, Sequence[Any]], status: int) -> Response:
    return screen("ownership/page.html", status=status, owners=[(each.name, each.email) for each in services.owners()],
                  heirs=[(each.reference, f"{each.name} · {each.email}") for each in services.heirs()], errors=errors,
                  chosen=request.form.get("member", ""), deletion_url=url_for("closing.page"))
