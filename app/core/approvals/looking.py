"""What a member keeps of the inbox for themselves: starring a request, keeping and removing a view. Plain forms."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.core.approvals import deciding, keeping, queue, showing
from app.core.approvals.looks import Look
from app.core.approvals.views import address, listing_page
from app.kernel.errors import Invalid
from app.kernel.screens import screen, wants_fragment

screens = deciding.screens


@screens.post("/<org>/inbox/<ref>/star")
def star(ref: str) -> Response:
    """Keep an eye on a request (`starred` is 1), or no longer."""
    found = queue.find(ref)
    keeping.star(found, wanted=request.form.get("starred") == "1")
    said = _("%(reference)s starred", reference=found.record_reference) if found.starred else _(
        "%(reference)s is starred no more", reference=found.record_reference)
    if wants_fragment():
        return screen("inbox/starred.html", star=showing.star(found), count=queue.counts()["starred"], trigger={"said": {"said": said}})
    flash(said, "success")
    return redirect(showing.page_url(found), 303)


@screens.post("/<org>/inbox/views")
def keep() -> Response:
    """Keep the present way to look under a name."""
    try:
        view = keeping.keep(request.form.get("name", ""), request.form)
    except Invalid as error:
        return listing_page(Look.of(request.form), errors=error.errors, typed=request.form.get("name", ""), status=422)
    flash(_("View kept: %(name)s", name=view.name), "success")
    return redirect(address(Look.of(view.query)), 303)


@screens.post("/<org>/inbox/views/<uuid:view_id>/remove")
def forget(view_id: UUID) -> Response:
    """Remove one of the reader's views."""
    view = keeping.forget(view_id)
    flash(_("View removed: %(name)s", name=view.name), "success")
    return redirect(url_for("inbox.listing"), 303)
