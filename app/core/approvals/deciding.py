"""The forms of the decisions, and what comes back: fragments for htmx, 303 for a plain form, 409 and 422 with the form itself."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.core.approvals import bulk, consulting, filling, guards, modifying, news, queue, rounds, showing
from app.core.approvals.decisions import Decided
from app.core.approvals.decisions import decide as answer
from app.core.approvals.legs import open_legs
from app.core.approvals.models import ApprovalRequest, Colour, Verb
from app.core.approvals.views import screens, tabs, undos
from app.core.people import Member, members_visible_to
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden, Invalid, Refusal
from app.kernel.kinds import show_moment
from app.kernel.registry import registry
from app.kernel.screens import screen, wants_fragment

FORMS = ("approve", "modify", "return", "ask", "answer", "delegate", "opinion", "advise", "add", "comment", "escalate", "snooze")
NAMING = ("delegate", "opinion", "add")
MOST_NAMES = 200
CHANGE = "change-"
APPROVING = ("approve", "modify")
RESHAPING = ("_redraw", "_add_line", "_remove_line")
MORNING = time(8)


@screens.get("/<org>/inbox/<ref>/decide")
def decide_form(ref: str) -> Response:
    """The form of one decision."""
    verb = request.args.get("verb", "approve")
    found = queue.find(ref)
    if verb not in FORMS:
        raise Invalid({"verb": [_("“%(verb)s” is not something that can be answered.", verb=verb[:40])]})
    if said := guards.as_another():
        raise Forbidden(said)
    if verb == "modify" or Verb(verb) in guards.SEATED:
        guards.require_seat(found)
    elif verb == "advise":
        guards.require_opinion_seat(found)
    return form(found, verb)


@screens.post("/<org>/inbox/<ref>/decide")
def decide(ref: str) -> Response:
    """Take a decision. `decision` is the verb; `hash` the snapshot that was shown; `_key` makes a repeat the same decision."""
    found = queue.find(ref)
    verb = request.form.get("decision") or "approve"
    if any(name in request.form for name in RESHAPING):
        return form(found, verb, values=request.form)
    try:
        return decided(answer(found, verb, **said(request.form), answers=_answers(found)))
    except (Invalid, Conflict) as error:
        return refused(found.id, "modify" if _changes(request.form) else verb, error)


@screens.post("/<org>/inbox/<ref>/undo")
def undo(ref: str) -> Response:
    """Take back one's approval inside the hold window; nothing has left by then."""
    done = answer(queue.find(ref), Verb.UNDO, key=request.form.get("_key", ""))
    return decided(done)


@screens.post("/<org>/inbox/<ref>/done")
def done(ref: str) -> Response:
    """Put away what only informs: it leaves the queue, nothing is decided."""
    found = queue.find(ref)
    news.put_away(found)
    sentence = _("%(reference)s put away", reference=found.record_reference)
    if not wants_fragment():
        flash(sentence, "success")
        return redirect(url_for("inbox.listing", tab="requested" if found.requested_by == current.user.id else "watching"), 303)
    return _left(found, gone=True, trigger={"decided": {"said": sentence}})


def _answers(found: ApprovalRequest) -> dict[str, Any] | None:
    """What was typed into the form of the step at which the reader is asked, where one is filled in there."""
    wanted = _wanted(found)
    return filling.typed(wanted, request.form) if wanted is not None else None


def _wanted(found: ApprovalRequest) -> filling.Filling | None:
    """The form that the reader fills in."""
    if not _fills(found):
        return None
    model: Any = registry.resource(found.resource).model
    seat = guards.seat_of(found, current.user.id)
    return filling.asked(found, session().scalars(select(model).where(model.id == found.record_id)).first(), seat)


def _fills(found: ApprovalRequest) -> bool:
    """Whether the reader is asked to fill in a form; where no form is asked for, nobody need look at the seats."""
    forms = any(leg.kind == "form" for _number, leg in open_legs(found))
    return forms and filling.awaited(found, guards.seat_of(found, current.user.id))


def said(values: Mapping[str, str]) -> dict[str, Any]:
    """What a form or an API call says, as `decide()` takes it. Raises Invalid."""
    return {"reason": values.get("reason", ""), "shown_hash": values.get("hash", ""), "key": values.get("_key") or values.get("key") or "",
            "to": _member(values.get("member", "")), "until": _moment(values.get("until", "")), "word": values.get("word", ""),
            "password": values.get("password", ""), "stance": values.get("stance", ""),
            "changes": _changes(values)}


def _changes(values: Mapping[str, str]) -> dict[str, str] | None:
    """What is changed while approving: fields whose names begin with `change-`; None where nothing was."""
    return {name.removeprefix(CHANGE): value for name, value in values.items() if name.startswith(CHANGE)} or None


def _member(raw: str) -> UUID | None:
    try:
        return UUID(raw) if raw else None
    except ValueError:
        raise Invalid({"member": [_("“%(raw)s” is not known here.", raw=raw[:80])]}) from None


def _moment(raw: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(raw) if raw else None
    except ValueError:
        raise Invalid({"until": [_("“%(raw)s” is not a moment. Write it like 2026-01-31T08:00.", raw=raw[:80])]}) from None
    return found.replace(tzinfo=ZoneInfo(current.user.timezone)) if found is not None and found.tzinfo is None else found


def form(found: ApprovalRequest, verb: str, *, status: int = 200, values: Mapping[str, str] | None = None,
         errors: Mapping[str, Any] | None = None, changed: Any = ()) -> Response:
    """The form, empty or with what was typed and what is wrong with it."""
    verb = {"reject": "return"}.get(verb, verb if verb in FORMS else "approve")
    labels = {"approve": _("Approve"), "modify": _("Change, then approve"), "return": _("Return for changes, or reject"),
              "ask": _("Ask for information"), "answer": _("Answer"),
              "delegate": _("Delegate"), "comment": _("Comment"), "escalate": _("Escalate"), "snooze": _("Snooze"),
              "opinion": _("Ask for a second opinion"), "advise": _("Give your opinion"), "add": _("Add an approver")}
    wanted = _wanted(found) if verb == "approve" else None
    labels |= {"approve": _("Fill in the form")} if wanted else {}
    address = url_for("inbox.decide", ref=found.reference)
    response = screen(
        "inbox/decide.html", block="form", status=status, verb=verb, heading=labels[verb],
        peek=showing.peek(found, dry_run=verb in APPROVING), action=address,
        filling=filling.drawn(wanted, MultiDict(values or {}), errors or {}, address) if wanted else None,
        back_url=showing.page_url(found), hash=found.snapshot_hash, key=_key(found, verb),
        fills=_fills(found), in_dialog=wants_fragment(),
        guard=found.risk.value if verb in APPROVING else "", offered=_offered(found) if verb == "modify" else [],
        word=guards.word(), members=_members(found) if verb in NAMING else [], until=later() if verb == "snooze" else [],
        question=consulting.question_to(found, current.user.id) if verb == "advise" else None,
        values=values or {}, errors=errors or {}, changed=changed)
    if status != 200:
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#decision-body", "innerHTML"
    return response


def _offered(found: ApprovalRequest) -> list[modifying.Change]:
    """The fields that may be changed while approving. Raises Conflict where there are none."""
    model: Any = registry.resource(found.resource).model
    fields = modifying.offered(found, session().scalars(select(model).where(model.id == found.record_id)).first())
    if not fields:
        raise Conflict(_("This is approved as it is, or returned."))
    return fields


def _key(found: ApprovalRequest, verb: str) -> str:
    return guards.evidence_key(found) if verb in APPROVING and found.risk == Colour.RED else secrets.token_urlsafe(16)


def _members(found: ApprovalRequest) -> list[tuple[str, str]]:
    """Who may be named: active, and neither a maker nor oneself; those of the same department first."""
    left_out = {UUID(i) for i in found.makers} | {current.user.id}
    near = (Member.department_id != found.department_id) if found.department_id else Member.name_key.is_(None)
    rows = session().execute(select(Member.id, Member.name).where(
        Member.active, Member.archived_at.is_(None), Member.id.not_in(left_out), members_visible_to(current.user))
        .order_by(near, Member.name_key).limit(MOST_NAMES))
    return [(str(row[0]), row[1]) for row in rows]


def later() -> list[tuple[str, str]]:
    """When to be reminded: in the reader's zone."""
    zone = ZoneInfo(current.user.timezone)
    now = clock.now().astimezone(zone)
    tomorrow = datetime.combine(now.date() + timedelta(days=1), MORNING, zone)
    shift = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=(6 - now.hour) % 12 or 12)
    week = datetime.combine(clock.week_of(now.date(), current.organisation.week_start)[1] + timedelta(days=1), MORNING, zone)
    return [(moment.isoformat(), f"{label} · {show_moment(moment)}") for label, moment in (
        (_("Tomorrow"), tomorrow), (_("Next shift"), shift), (_("Next week"), week), (_("In a week"), tomorrow + timedelta(days=6)),
        (_("Crew change, in two weeks"), tomorrow + timedelta(days=13)))]


def decided(done: Decided) -> Response:
    """The answer to a decision: what leaves the queue, the undo bar, what the live region says."""
    session().flush()
    sentence = _("%(what)s, %(left)d left", what=done.said, left=queue.waiting_count())
    if not wants_fragment():
        flash(sentence, "success")
        return redirect(url_for("inbox.listing") if done.gone else showing.page_url(done.request), 303)
    trigger: dict[str, Any] = {"decided": {"said": sentence}}
    if done.verb == Verb.UNDO:
        trigger["queue-refresh"] = {}
    return _left(done.request, gone=done.gone, trigger=trigger)


def _left(found: ApprovalRequest, *, gone: bool, trigger: Mapping[str, Any]) -> Response:
    """What changes in the queue: the row goes, or stays and says what it says now."""
    stays = [] if gone else [showing.row(next(iter(queue.chosen([found.id], opinions=True)), queue.Entry(found, None)))]
    return screen("inbox/decided.html", trigger=trigger, gone=[found.id] if gone else [], stays=stays, tabs=tabs("mine", queue.counts()),
                  undos=undos())


def refused(request_id: UUID, verb: str, error: Refusal) -> Response:
    """The form again, with what is wrong, or with what has changed since it was shown."""
    session().rollback()
    found = session().get_one(ApprovalRequest, (current.organisation.id, request_id))
    _catch_up(found, error)
    errors = dict(error.errors) if isinstance(error, Invalid) else {"": [str(error)]}
    typed = {name: value for name, value in request.form.items() if name != "password"}
    return form(found, verb, status=error.status, values=typed, errors=errors, changed=error.details.get("changed", ()))


def _catch_up(found: ApprovalRequest, error: Refusal) -> None:
    """A record that was changed by a way that did not say so: its requests are brought up to date now, whatever the answer's status."""
    if not error.details.get("changed"):
        return
    resource = registry.resource(found.resource)
    model: Any = resource.model
    record = session().scalars(select(model).where(model.id == found.record_id).with_for_update()).first()
    if record is not None:
        rounds.recheck(resource, [record])
        session().commit()


@screens.post("/<org>/inbox/bulk")
def bulk_sheet() -> Response:
    """What was selected, sorted: alike, and what is left for a look."""
    verb = Verb.APPROVE if request.form.get("decision") == "approve" else Verb.RETURN
    ids = [i for raw in request.form.getlist("ids") if (i := _member(raw))]
    return _bulk_page(bulk.sort_out(queue.chosen(ids), verb), verb)


@screens.post("/<org>/inbox/bulk/decide")
def bulk_decide() -> Response:
    """Start the job that decides what is alike."""
    verb = request.form.get("decision", "approve")
    items, looked = _shown("items"), _shown("looked")
    try:
        job = bulk.submit(items, verb, looked=looked, reason=request.form.get("reason", ""), key=request.form.get("_key", ""))
    except Invalid as error:
        chosen = bulk.sort_out(queue.chosen([i for i, _hash in (*items, *looked)]), Verb.RETURN if verb != "approve" else Verb.APPROVE)
        return _bulk_page(chosen, Verb.RETURN if verb != "approve" else Verb.APPROVE, errors=error.errors, status=422)
    flash(_("%(title)s: under way", title=job.title), "success")
    return redirect(url_for("inbox.listing", look=request.form.getlist("left")[:queue.SIZE]), 303)


def _shown(name: str) -> list[tuple[UUID, str]]:
    """The requests that were ticked, each with the hash that was shown."""
    pairs = [raw.partition(":") for raw in request.form.getlist(name)]
    return [(found, shown) for i, _sep, shown in pairs if (found := _member(i))]


def _bulk_page(chosen: bulk.Sorted, verb: Verb, *, errors: Mapping[str, Any] | None = None, status: int = 200) -> Response:
    return screen("inbox/bulk.html", status=status, heading=_("Approve together") if verb == Verb.APPROVE else _("Return together"),
                  verb=verb.value, action=url_for("inbox.bulk_decide"), key=secrets.token_urlsafe(16), back_url=url_for("inbox.listing"),
                  alike=[showing.row(e) for e in chosen.alike], red=[showing.row(e) for e in chosen.red],
                  outliers=[(showing.row(e), reasons) for e, reasons in chosen.outliers], errors=errors or {})
