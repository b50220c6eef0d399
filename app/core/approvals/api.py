"""The same decisions for machines and apps: list what waits, look at one, answer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, jsonify, request, url_for
from flask_babel import gettext as _

from app.core.approvals import filling, guards, queue
from app.core.approvals.case import Case
from app.core.approvals.deciding import CHANGE, said
from app.core.approvals.decisions import Decided, decide, seconds_left
from app.core.approvals.models import ApprovalRequest, Colour, State
from app.core.approvals.queue import Entry
from app.core.approvals.rounds import story
from app.core.approvals.snapshots import content_of
from app.kernel import calls
from app.kernel.errors import Invalid, NotFound
from app.kernel.kinds import major_units

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
api = Blueprint("approvals_api", __name__, url_prefix="/api/v1/<org>/approvals")
api.needs = "member"  # type: ignore[attr-defined]


@api.get("/")
def listing() -> Response:
    """What waits for the caller: `tab` (mine, groups, delegated, starred, watching, requested), `after` from the page before."""
    guards.require_token("view")
    tab = next((t for t in queue.TABS if t == request.args.get("tab", "mine")), None)
    if tab is None:
        raise NotFound
    page = queue.page(tab, after=request.args.get("after", ""), size=min(max(request.args.get("limit", queue.SIZE, int), 1), 200))
    following = url_for("approvals_api.listing", tab=tab, after=page.after, limit=request.args.get("limit")) if page.after else None
    return jsonify(results=[brief(entry) for entry in page.entries], next=following, counts=queue.counts())


@api.get("/<ref>/")
def detail(ref: str) -> Response:
    """One request with the exact snapshot, its hash, its story, and the key with which a RED decision shows that it was read."""
    guards.require_token("view")
    found = queue.find(ref)
    case = Case(found)
    wanted = filling.asked(found, case.record, case.seat)
    return jsonify(**brief(Entry(found, None)), snapshot=content_of(found.snapshot), flags=found.reasons, key=guards.evidence_key(found),
                   form=filling.described(wanted) if wanted else None, filled=filling.plain(case),
                   story=[{"verb": line.verb.value, "by": str(line.by_id), "on_behalf_of": line.on_behalf_of and str(line.on_behalf_of),
                           "at": line.at.isoformat(), "reason": line.reason, "hash": line.shown_hash, "round": line.round,
                           "level": line.level, "to": line.data.get("to"), "opinion": line.data.get("stance")}
                          for line in story(found)])


@api.post("/<ref>/decide")
def answer(ref: str) -> Response:
    """Answer, as JSON or a form: decision, hash, key, reason, member, until, word, password, stance, changes, answers."""
    values = request.form if request.mimetype in FORMS else calls.body()
    return calls.once(lambda: _decided(ref, values), lambda _said: _still(ref), _without_password(values))


def _decided(ref: str, values: Mapping[str, Any]) -> Response:
    changes = _object(values, "changes") or {}
    flat = {**values, **{f"{CHANGE}{name}": value for name, value in changes.items()}}
    done = decide(queue.find(ref), str(values.get("decision", "")), answers=_object(values, "answers"),
                  **said({k: str(v) for k, v in flat.items() if v is not None}))
    return jsonify(**outcome(done))


def _still(ref: str) -> None:
    """Refuse a kept answer to whoever may not decide any more, or sees the request no more."""
    guards.require_token("decide")
    queue.find(ref)


def _without_password(values: Mapping[str, Any]) -> bytes:
    """By what a repeat is known as the same call: a password is not kept, not even as part of a hash."""
    return orjson.dumps({name: value for name, value in values.items() if name != "password"}, option=orjson.OPT_SORT_KEYS)


def _object(values: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """The changes, or the answers to the form of the step, as they were sent. Raises `Invalid`."""
    found = values.get(name)
    if found is not None and not isinstance(found, dict):
        raise Invalid({name: [_("A JSON object is needed.")]})
    return found


def outcome(done: Decided) -> dict[str, Any]:
    """What came of an answer."""
    found = done.request
    return {"reference": found.reference, "record": found.record_reference, "decision": done.verb.value, "state": found.state.value,
            "repeated": done.repeated, "held_seconds": seconds_left(found), "level": found.level, "levels": len(found.steps)}


def brief(entry: Entry) -> dict[str, Any]:
    """A request in a list."""
    found: ApprovalRequest = entry.request
    amount = None if found.amount is None else {"amount": str(major_units(found.amount, found.currency)), "currency": found.currency}
    return {"id": str(found.id), "reference": found.reference, "resource": found.resource, "record": found.record_reference,
            "record_id": str(found.record_id), "action": found.action, "title": found.title, "state": found.state.value,
            "risk": found.risk.value,
            "amount": amount, "level": found.level, "levels": len(found.steps), "due_at": found.due_at.isoformat(),
            "hash": found.snapshot_hash,
            "requested_by": str(found.requested_by), "paused": found.paused_at is not None, "round": found.round,
            "may_decide": found.state == State.OPEN and entry.seat is not None, "guard": Colour(found.risk).value}
