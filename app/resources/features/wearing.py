"""Tags on the page of a record: put on and taken off by plain forms."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_babel import gettext as _

from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Invalid
from app.kernel.manifest import Resource
from app.resources.features.detail import fetch
from app.resources.tagging import VERB
from app.resources.urls import record_url


def retag(resource: Resource, reference: str) -> Any:
    """Put on what was typed, take off what was crossed out; a refusal is said on the record's page, and nothing is kept."""
    record = fetch(resource, reference)
    back = f"{record_url(resource, record)}#tags"
    try:
        perform_one(resource, VERB, record, {word: request.form.getlist(word) for word in ("add", "remove")}, channel="page")
    except (Conflict, Invalid) as error:
        said = [each for lines in getattr(error, "errors", {}).values() for each in lines] or [str(error)]
        session().rollback()
        flash(" ".join(map(str, said)), "late")
        return redirect(back, 303)
    flash(_("The tags of %(reference)s were changed.", reference=reference), "good")
    return redirect(back, 303)
