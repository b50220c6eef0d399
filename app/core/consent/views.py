"""The page on which consent is asked, given, refused and withdrawn."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.core import settings
from app.core.consent import services
from app.kernel.errors import NotFound
from app.kernel.kinds import show_moment
from app.kernel.screens import screen

screens = Blueprint("consent", __name__)
screens.needs = "member"  # type: ignore[attr-defined]


@screens.get("/<org>/settings/consent")
def page() -> Response:
    """What is asked, and what one said last."""
    if not settings.get(services.ASKED):
        raise NotFound
    last = services.latest()
    return screen("consent/page.html", text=settings.get(services.TEXT), version=settings.get(services.VERSION), owed=services.is_owed(),
                  given=last is not None and last.given, said=show_moment(last.at) if last else "",
                  said_version=last.wording if last else "", action=url_for("consent.answer"))


@screens.post("/<org>/settings/consent")
def answer() -> AnyResponse:
    """Keep the answer, and go on."""
    if not settings.get(services.ASKED):
        raise NotFound
    first = services.is_owed()
    given = services.answer(request.form.get("given") == "true").given
    flash(_("You consented.") if given else _("You did not consent; nothing else changes for you."), "good")
    return redirect(url_for("menu.start") if first else url_for("consent.page"), 303)
