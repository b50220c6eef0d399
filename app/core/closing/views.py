"""The page on which an owner has the organisation deleted, takes everything along, and can still take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.core import access, audit, auth, files
from app.core.closing import leaving, services
from app.core.organisations import Organisation
from app.core.platform.settings import holding_days
from app.kernel import limits
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.kinds import show_moment
from app.kernel.screens import screen

screens = Blueprint("closing", __name__)


@screens.get("/<org>/settings/deletion")
def page() -> AnyResponse:
    """What it means, and the form; once it was asked for: until when, and what can still be done."""
    access.require_owner(current.user)
    return _page({}, {}, 200)


@screens.post("/<org>/settings/deletion")
def ask() -> AnyResponse:
    """Close the organisation, and have it deleted after the holding period."""
    access.require_owner(current.user)
    auth.require_proof()
    try:
        services.ask(request.form.get("reason", ""), request.form.get("typed", ""), days=holding_days(), by=current.user.name)
    except Invalid as error:
        return _page(request.form, error.errors, 422)
    return redirect(url_for("closing.page"), 303)


@screens.post("/<org>/settings/deletion/withdraw")
def withdraw() -> AnyResponse:
    """Open it again."""
    access.require_owner(current.user)
    auth.require_proof()
    services.withdraw(current.user.name)
    flash(_("The organisation is open again. Nothing was deleted."), "good")
    return redirect(f"/{current.organisation.slug}/", 303)


@screens.post("/<org>/settings/deletion/export")
@limits.limited(limits.EXPORT)
def export() -> AnyResponse:
    """Have everything put together."""
    access.require_owner(current.user)
    auth.require_proof()
    leaving.begin()
    return redirect(url_for("closing.page"), 303)


@screens.get("/<org>/settings/deletion/export")
@limits.limited(limits.EXPORT)
def download() -> AnyResponse:
    """Hand it out."""
    access.require_owner(current.user)
    file = leaving.ready()
    if request.method != "HEAD":
        audit.note("files.stored_file.view", resource="files.stored_file", record_id=file.id, record_reference=file.name,
                   context={"sha256": file.sha256})
    return files.hand_out(file)


def _page(values: Mapping[str, str], errors: Mapping[str, Sequence[Any]], status: int) -> Response:
    row = session().get_one(Organisation, current.organisation.id)
    return screen("closing/page.html", status=status, organisation=row, values=values, errors=errors, days=holding_days(),
                  moment=show_moment(row.erase_after) if row.erase_after else "",
                  asked_at=show_moment(row.erase_asked_at) if row.erase_asked_at else "", export=_export())


def _export() -> dict[str, Any]:
    """How far the last one is: `state`, and the address where it lies once it is ready."""
    job = leaving.latest()
    if job is None:
        return {"state": "", "url": "", "when": ""}
    return {"state": job.state, "url": url_for("closing.download") if job.file_id else "",
            "when": show_moment(job.finished_at or job.created_at)}


for _view in (page, ask, withdraw, export, download):
    _view.needs, _view.while_closing = access.OWNER, True  # type: ignore[attr-defined]
