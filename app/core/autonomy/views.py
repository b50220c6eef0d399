"""The pages of autonomy beside the engine's: the levels, a mail to be read, a proposal as a final document; and what a machine hands in."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from flask import Blueprint, current_app, flash, jsonify, redirect, request, url_for
from flask import Response as PdfResponse
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.core import access, audit
from app.core.autonomy import evidence, kinds, letters, levels, proposing, showing
from app.core.autonomy.models import Proposal
from app.core.autonomy.paper import write_final
from app.kernel import calls, clock
from app.kernel.ai_actions import Source
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.kinds import show_moment
from app.kernel.limits import UPLOAD, limited
from app.kernel.registry import registry
from app.kernel.screens import screen

screens = Blueprint("autonomy_pages", __name__)
VIEW, CREATE, EXPORT = (f"{proposing.RESOURCE}.{verb}" for verb in ("view", "create", "export"))
SEE, SET = f"{levels.RESOURCE}.view", f"{levels.RESOURCE}.edit"
MOST_SOURCES = 50


@screens.get("/<org>/autonomy/levels")
def table() -> Response:
    """Each kind of AI action with the level that is declared, and the one in force."""
    access.require(current.user, SEE)
    return _table({})


@screens.post("/<org>/autonomy/levels/<key>")
def put(key: str) -> Response:
    """Make a kind stricter here, or put it back."""
    access.require(current.user, SET)
    try:
        levels.put(key, request.form.get("level", ""), unvalidated=request.form.get("unvalidated") == "true")
    except (Invalid, Conflict) as error:
        session().rollback()
        said = [each for sentences in error.errors.values() for each in sentences] if isinstance(error, Invalid) else [str(error)]
        return _table({key: said}, error.status)
    flash(_("“%(kind)s” is set.", kind=kinds.name_of(key)), "good")
    return redirect(url_for("autonomy_pages.table", _anchor=f"kind-{key}"), 303)


@screens.get("/<org>/autonomy/mail")
def mail_form() -> Response:
    """The form to hand in a mail."""
    access.require(current.user, CREATE)
    return _mail({})


@screens.post("/<org>/autonomy/mail")
@limited(UPLOAD)
def read_mail() -> Response:
    """Read a mail that was saved as a file: what it is, what stands in it, and a draft of the answer."""
    access.require(current.user, CREATE)
    sent = request.files.get("file")
    try:
        read = letters.receive(sent.stream.read(letters.LARGEST + 1) if sent else b"", (sent.filename or "") if sent else "")
    except Invalid as error:
        session().rollback()
        return _mail(error.errors, 422)
    said = ngettext("The mail was read: %(num)d proposal.", "The mail was read: %(num)d proposals.", len(read.made))
    flash(" ".join(filter(None, (said, read.remark))), "good")
    return redirect(showing.page_of(read.made[-1]), 303)


@screens.get("/<org>/autonomy/proposals/<ref>/final.pdf")
def final(ref: str) -> Response:
    """A proposal as a final document: only what was accepted is one."""
    from app.core import exports

    access.require(current.user, EXPORT)
    found, stream = _found(ref), BytesIO()
    printed = _("Printed by %(who)s, %(when)s", who=current.user.name, when=show_moment(clock.now()))
    address = current_app.extensions["settings"].base_url + showing.page_of(found)
    write_final(found, stream, exports.Imprint(found.title, current.organisation.name, printed, address, found.reference))
    audit.note("autonomy.proposal.final", resource=proposing.RESOURCE, record=found)
    return PdfResponse(stream.getvalue(), mimetype="application/pdf", headers={
        "Content-Disposition": f'attachment; filename="{found.reference}.pdf"'})


@screens.post("/api/v1/<org>/autonomy/propose")
def hand_in() -> Response:
    """What a machine proposes, as JSON: kind, title, text; sources [{label, url, hash}], inputs {}, confidence, cost, provider, model."""
    access.require(current.user, CREATE)
    return calls.once(lambda: _proposed(calls.body()), lambda _said: None)  # it says the name of what was made, and nothing of it


def _proposed(given: Mapping[str, Any]) -> Response:
    made = proposing.propose(*(str(given.get(name) or "") for name in ("kind", "title", "text")), **_handed(given))
    response = jsonify(reference=made.reference, kind=made.kind, level=made.level.value, status=made.status.value,
                       evidence_hash=made.evidence_hash, url=showing.page_of(made))
    response.status_code = 201
    return response


def _handed(given: Mapping[str, Any]) -> dict[str, Any]:
    """What may come with a proposal. Raises `Invalid`."""
    sources, inputs = given.get("sources") or [], given.get("inputs") or {}
    if not isinstance(sources, list) or len(sources) > MOST_SOURCES or not all(isinstance(each, dict) for each in sources):
        raise Invalid({"sources": [_("A list of at most %(max)d sources is needed.", max=MOST_SOURCES)]})
    if not isinstance(inputs, dict):
        raise Invalid({"inputs": [_("A JSON object is needed.")]})
    return {"sources": [Source(str(each.get("label", ""))[:200], evidence.address(str(each.get("url", ""))), str(each.get("hash", "")))
                        for each in sources],
            "inputs": inputs, "confidence": _number(given, "confidence"), "cost": _number(given, "cost") or 0,
            "provider": str(given.get("provider") or ""), "model": str(given.get("model") or "")}


def _number(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12):
        raise Invalid({name: [_("“%(raw)s” is not a number.", raw=str(value)[:60])]})
    return value


for _view, _needs in ((table, SEE), (put, SET), (mail_form, CREATE), (read_mail, CREATE), (final, EXPORT), (hand_in, CREATE)):
    _view.needs = _needs  # type: ignore[attr-defined]


def _table(errors: Mapping[str, list[str]], status: int = 200) -> Response:
    return screen("autonomy/levels.html", status=status, rows=levels.everything(), errors=errors,
                  may_set=bool(access.can(current.user, SET)), address=lambda key: url_for("autonomy_pages.put", key=key))


def _mail(errors: Mapping[str, Any], status: int = 200) -> Response:
    return screen("autonomy/mail.html", status=status, errors=errors, action=url_for("autonomy_pages.read_mail"),
                  list_url=f"/{current.organisation.slug}/autonomy/proposals/", size=letters.LARGEST // 1024 // 1024)


def _found(ref: str) -> Proposal:
    resource = registry.resource(proposing.RESOURCE)
    found = session().scalars(select(Proposal).where(Proposal.reference == ref, access.visible(resource, current.user))).first()
    if found is None:
        raise NotFound
    return found
