"""What the pages show of a request: a row of the queue, the panel beside it, the sheet. Templates ask nothing more."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta
from flask import url_for
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, audit, files
from app.core.approvals import backtests, filling, guards, levels, modifying, news, preview, reasons, sentences, snapshots, words
from app.core.approvals.case import Case
from app.core.approvals.legs import AHEAD, OPEN, Leg, legs_of, open_legs
from app.core.approvals.models import ASIDE, ApprovalDecision, ApprovalRequest, ApprovalSeat, Asked, Colour, Seat, State, Verb
from app.core.approvals.progress import progress
from app.core.approvals.queue import Entry
from app.core.approvals.seats import place_of, seats_of
from app.core.calendar import Absence, absences
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.kinds import show_moment
from app.kernel.manifest import Resource
from app.kernel.outbox import OutboxRow, undelivered
from app.kernel.registry import registry

ROW_VERBS = ("approve", "return", "ask", "delegate", "opinion", "add", "comment", "escalate", "snooze")
DELIVERIES = "monitoring.delivery.view"
LATE = timedelta(hours=4)
DECIDED = (Verb.APPROVE, Verb.RETURN, Verb.REJECT, Verb.UNDO)
TAGS, LONGEST_TAG = 2, 42


def row(entry: Entry, selected: bool = False) -> dict[str, Any]:
    """One line of the queue; `selected` when it was left for a look by a bulk decision."""
    request, left = entry.request, entry.request.due_at - clock.now()
    return {
        "id": request.id, "url": page_url(request), "peek_url": url_for("inbox.peek", ref=request.reference), "title": heading(request),
        "reference": request.record_reference, "subtitle": request.subtitle or "",
        "tags": [*_asked_as(entry), *tags(request)], "risk": request.risk.value,
        "amount": preview.money(request), "step": step_text(request), "due": due_text(request, left), "late": left < LATE,
        "overdue": left.total_seconds() < 0, "mine": entry.seat is not None and entry.seat.asked.value in ("own", "escalated", "added"),
        "star": star(request),
        "timeline_url": timeline_url(request), "links": links(entry), "done_url": done_url(request) if entry.is_news else "",
        "green": green(entry), "outlier": request.reasons, "hash": request.snapshot_hash, "selected": selected}


def star(request: ApprovalRequest) -> dict[str, Any]:
    """Whether the reader starred it, and where they star it."""
    return {"id": request.id, "on": request.starred, "url": url_for("inbox.star", ref=request.reference),
            "label": _("Star %(title)s", title=request.record_reference)}


def timeline_url(request: ApprovalRequest) -> str:
    """The time line of a request."""
    return url_for("inbox.timeline", ref=request.reference)


def page_url(request: ApprovalRequest) -> str:
    """The page of a request."""
    return url_for("inbox.show", ref=request.reference)


def heading(request: ApprovalRequest) -> str:
    """“Release: Harwood Finch LLP”."""
    resource = registry.resources.get(request.resource)
    action = resource.action(request.action) if resource else None
    return _("%(action)s: %(title)s", action=action.label or request.action, title=request.title) if action else request.title


def _asked_as(entry: Entry) -> list[str]:
    """What is asked of the reader, where it is not simply to decide."""
    said = {Asked.OPINION: _("Your opinion"), Asked.ADDED: _("Added by an approver")}
    return filling.mark(entry.request, entry.seat) + ([said[entry.seat.asked]] if entry.seat and entry.seat.asked in said else [])


def tags(request: ApprovalRequest) -> list[str]:
    """The first reasons to look twice, shortened."""
    marks = [_("Waiting for an answer")] if request.paused_at else []
    marks += [_("Changed")] if request.round > 1 else []
    return marks + [said if len(said) <= LONGEST_TAG else f"{said[:LONGEST_TAG - 1]}…" for said in request.reasons[:TAGS]]


def step_text(request: ApprovalRequest) -> str:
    """“2 of 3 · Finance”; the state once it is settled."""
    if request.state != State.OPEN or not request.steps:
        return str(request.state.label)
    return _("%(level)d of %(levels)d · %(label)s", level=request.level, levels=len(request.steps),
             label=", ".join(leg.name for _number, leg in open_legs(request)))


def due_text(request: ApprovalRequest, left: timedelta) -> str:
    """How long is left, or by how much it is late."""
    if request.paused_at:
        return _("paused")
    amount = format_timedelta(abs(left), threshold=1.5, format="narrow", locale=get_locale())
    return _("%(time)s left", time=amount) if left.total_seconds() >= 0 else _("%(time)s late", time=amount)


def links(entry: Entry) -> list[tuple[str, str]]:
    """The verbs that the reader has on this row, with their forms."""
    address = url_for("inbox.decide", ref=entry.request.reference)
    if entry.seat is not None and entry.seat.state == Seat.WAITING and entry.seat.asked == Asked.OPINION:
        return [(verb, f"{address}?verb={verb}") for verb in ("advise", "comment")]
    if entry.seat is not None and entry.seat.state == Seat.WAITING:
        more = ("modify",) if modifying.is_offered(entry.request) else ()
        return [(verb, f"{address}?verb={verb}") for verb in (*ROW_VERBS, *more)]
    verbs = ["comment"] + (["answer"] if entry.request.paused_at and guards.is_maker(entry.request, current.user.id) else [])
    return [(verb, f"{address}?verb={verb}") for verb in verbs]


def green(entry: Entry) -> dict[str, str] | None:
    """GREEN is approved by the key alone; the undo bar follows."""
    seat = entry.seat
    fills = filling.awaited(entry.request, seat)
    if entry.request.risk != Colour.GREEN or seat is None or seat.state != Seat.WAITING or seat.asked in ASIDE or fills:
        return None
    return {"action": url_for("inbox.decide", ref=entry.request.reference), "hash": entry.request.snapshot_hash,
            "key": guards.evidence_key(entry.request)}


def groups(entries: Sequence[Entry], selected: Container[str] = ()) -> list[tuple[str, list[dict[str, Any]]]]:
    """Rows by urgency, in the order in which they came."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        found.setdefault(urgency(entry.request.due_at), []).append(row(entry, str(entry.request.id) in selected))
    return list(found.items())


def columns(entries: Sequence[Entry]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Rows by the step at which they are, in the order in which they came; what is settled by its state."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        request = entry.request
        here = ", ".join(dict.fromkeys(leg.name for _number, leg in open_legs(request))) if request.state == State.OPEN else ""
        found.setdefault(here or str(request.state.label), []).append(row(entry))
    return list(found.items())


def urgency(due: datetime) -> str:
    """How near it is, in the reader's zone and by the organisation's weeks."""
    left = due - clock.now()
    if left.total_seconds() < 0:
        return _("Overdue")
    if left < timedelta(hours=24):
        return _("Within a day")
    _first, last = clock.week_of(clock.today(current.user.timezone), current.organisation.week_start)
    return _("This week") if due.astimezone(ZoneInfo(current.user.timezone)).date() <= last else _("Later")


def page(request: ApprovalRequest) -> dict[str, Any]:
    """The page of a request: the panel, and the whole story."""
    case = Case(request)
    with case.open():
        return {"peek": {**_panel(case), "alone": True}, "history": history(case)}


def peek(request: ApprovalRequest, *, dry_run: bool = True) -> dict[str, Any]:
    """The panel of a request: facts, consequences, levels, what was said, and what the reader can do."""
    case = Case(request)
    with case.open():
        return _panel(case, dry_run=dry_run)


def _panel(case: Case, *, dry_run: bool = True) -> dict[str, Any]:
    request, resource = case.request, case.resource
    return {
        "id": request.id, "title": heading(request), "reference": request.record_reference, "record_url": record_url(resource, request),
        "asked": asked_text(request), "risk": request.risk.value, "tags": tags(request), "outliers": request.reasons,
        "facts": snapshots.facts(resource, request.snapshot), "lines": _lines(resource, request), "changed": _changed(case),
        "filled": filling.given(case),
        "files": [{"name": each.name, "url": files.url_of(each)} for each in case.files], "evidence": case.evidence,
        "consequences": preview.preview(case) if case.live and dry_run else [], "levels": level_rows(case),
        "progress": progress(case), "meaning": case.meaning, "snapshot": request.snapshot_hash,
        "state": None if case.live else (str(request.state.label), request.state.tone),
        "delivery": delivery(request), "backtest": backtests.asked_about(case), "star": star(request),
        "timeline_url": timeline_url(request),
        "done_url": done_url(request) if not case.waits_for(current.user.id) and news.is_news(request) else "", "alone": False,
        "comments": _comments(case.told), "buttons": buttons(case), "sheet_url": sheet_url(request), "held": undo(request)}


def requests_about(requests: Sequence[ApprovalRequest]) -> list[dict[str, Any]]:
    """For the page of a record: the requests about it, as `of_record` gives them, with their levels and what was decided."""
    decided = _decided(requests)
    return [{"title": heading(found), "state": str(found.state.label), "tone": found.state.tone, "url": page_url(found),
             "risk": found.risk.value, "place": f"{found.level}/{len(found.steps)}" if found.state == State.OPEN and found.steps else "",
             "decisions": decided.get(found.id, []), "progress": progress(case),
             "levels": level_rows(case), "filled": filling.given(case), "delivery": delivery(found),
             "snapshot": found.snapshot_hash, "sheet_url": sheet_url(found)}
            for found in requests for case in [Case(found)]]


def _decided(requests: Sequence[ApprovalRequest]) -> dict[UUID, list[dict[str, str]]]:
    """By request, each decision with person, time and comment, the first first."""
    if not requests:
        return {}
    lines = session().scalars(select(ApprovalDecision).where(
        ApprovalDecision.request_id.in_([each.id for each in requests]), ApprovalDecision.verb.in_(DECIDED)).order_by(
        ApprovalDecision.at, ApprovalDecision.id)).all()
    names = words.people([i for line in lines for i in (line.by_id, line.on_behalf_of)])
    found: dict[UUID, list[dict[str, str]]] = {}
    for line in lines:
        who = sentences.behalf(names[line.by_id], names.get(line.on_behalf_of, "") if line.on_behalf_of else "")
        found.setdefault(line.request_id, []).append(
            {"who": who, "said": _("filled in") if line.data.get("form") else str(line.verb.label), "when": show_moment(line.at),
             "text": words.reason_of(line)})
    return found


def record_url(resource: Resource, request: ApprovalRequest) -> str:
    """The page of the record itself."""
    return f"/{current.organisation.slug}/{resource.module}/{resource.slug}/{request.record_reference}/"


def sheet_url(request: ApprovalRequest) -> str:
    """The decision sheet in PDF, once something was decided."""
    return url_for("inbox.sheet", ref=request.reference)


def asked_text(request: ApprovalRequest) -> str:
    """“asked by R. Osei, 3 h ago”."""
    name = words.people([request.requested_by])[request.requested_by]
    ago = format_timedelta(request.requested_at - clock.now(), add_direction=True, locale=get_locale())
    return _("asked by %(name)s, %(ago)s", name=name, ago=ago)


def _lines(resource: Resource, request: ApprovalRequest) -> Any:
    heads, rows = snapshots.line_table(resource, request.snapshot)
    return (heads, rows) if rows else None


def _changed(case: Case) -> list[tuple[str, str, str]]:
    """What changed since it was asked, or since the reader decided: the last void, and any drift from what is stored."""
    voids = [line for line in case.told if line.verb in (Verb.VOID, Verb.APPROVE) and line.data.get("changes")]
    found = [(c["label"], c["before"], c["after"]) for c in (voids[-1].data["changes"] if voids else [])]
    if case.live and case.now.hash != case.request.snapshot_hash:
        found += [(c.label, c.before, c.after) for c in snapshots.differences(case.resource, case.request.snapshot, case.now.text)]
    return found


def level_rows(case: Case) -> list[dict[str, str]]:
    """“So far”: each level with who was asked and what they said."""
    request, seats = case.request, case.seats
    names = words.people([i for seat in seats for i in (seat.member_id, seat.for_member_id)])
    found = []
    for number, leg in enumerate(legs_of(request), 1):
        here = [seat for seat in seats if seat.level == number and seat.state != Seat.WATCHING]
        if leg.kind == "wait":
            found += _wait(leg)
        else:
            found += _level(case, leg, here, names)
    return found


def asked_now(request: ApprovalRequest) -> str:
    """Whose answer is waited for: “you, Adam Roe and 2 more”; empty when nobody's."""
    waiting = _parted(seats_of(request, Seat.WAITING))[0] if request.state == State.OPEN else []
    return _crowd(waiting, words.people([i for seat in waiting for i in (seat.member_id, seat.for_member_id)]), {}) if waiting else ""


def _wait(leg: Leg) -> list[dict[str, str]]:
    """A step that only waits: until when."""
    until = _("until %(moment)s", moment=show_moment(leg.due_at)) if leg.state == OPEN else _("over")
    return [{"label": leg.name, "who": "", "state": until, "tone": "neutral"}]


def _level(case: Case, leg: Leg, seats: Sequence[ApprovalSeat], names: Mapping[UUID, str]) -> list[dict[str, str]]:
    label = leg.name
    answered = [s for s in seats if s.state not in (Seat.WAITING, Seat.SETTLED)]
    done = {Seat.APPROVED: _("Filled in")} if leg.kind == "form" else {}
    rows = [{"label": label, "who": _who(seat, names), "state": done.get(seat.state, str(seat.state.label)), "tone": seat.state.tone}
            for seat in answered]
    waiting, advising = _parted(seats)
    if advising:
        rows.append({"label": label, "who": _crowd(advising, names, case.away), "state": _("opinion asked"), "tone": "neutral"})
    if waiting:
        rows.append({"label": label, "who": _crowd(waiting, names, case.away), "state": _("waiting"), "tone": "neutral"})
    if leg.state == AHEAD and case.request.state == State.OPEN:
        rows.append({"label": label, "who": "", "state": _("later"), "tone": "neutral"})
    return rows


def _parted(seats: Iterable[ApprovalSeat]) -> tuple[list[ApprovalSeat], list[ApprovalSeat]]:
    """Of those who are waited for: who decides, and who is asked for an opinion."""
    waiting = [seat for seat in seats if seat.state == Seat.WAITING]
    return [seat for seat in waiting if seat.asked not in ASIDE], [seat for seat in waiting if seat.asked == Asked.OPINION]


def _who(seat: ApprovalSeat, names: Mapping[UUID, str]) -> str:
    name = words.you_or(names[seat.member_id], seat.member_id, _("you"))
    if seat.asked == Asked.ADDED:
        return _("%(name)s (added)", name=name)
    return _("%(name)s for %(other)s", name=name, other=names[seat.for_member_id]) if seat.for_member_id else name


def _crowd(seats: Sequence[ApprovalSeat], names: Mapping[UUID, str], away: Mapping[UUID, Absence]) -> str:
    ordered = sorted(seats, key=lambda s: s.member_id != current.user.id)
    said = ", ".join(_where(seat, names, away) for seat in ordered[:3])
    return said if len(seats) <= 3 else ngettext("%(names)s and %(num)d more", "%(names)s and %(num)d more", len(seats) - 3, names=said)


def _where(seat: ApprovalSeat, names: Mapping[UUID, str], away: Mapping[UUID, Absence]) -> str:
    """Who is waited for: “Sam (offshore until 12 Jan, Ines covers)” while somebody is away."""
    absence = away.get(place_of(seat))
    if absence is None:
        return _who(seat, names)
    if seat.for_member_id is None:
        return _("%(name)s (%(until)s)", name=_who(seat, names), until=absences.until(absence))
    return _("%(name)s (%(until)s, %(other)s covers)", name=names[seat.for_member_id], until=absences.until(absence),
             other=words.you_or(names[seat.member_id], seat.member_id, _("you")))


def _comments(told: Sequence[ApprovalDecision]) -> list[dict[str, str]]:
    spoken = [line for line in told if line.reason or line.verb in (Verb.DELEGATE, Verb.ESCALATE)]
    names = words.people([line.by_id for line in spoken])
    return [{"who": f"{names[line.by_id]} · {line.verb.label}", "when": show_moment(line.at), "text": line.reason or line.data.get("name",
                                                                                                                                   "")}
            for line in spoken]


def buttons(case: Case) -> list[dict[str, Any]]:
    """The decisions, each with its form, or with the sentence that says why not."""
    request = case.request
    if request.state != State.OPEN:
        return []
    address, me = url_for("inbox.decide", ref=request.reference), current.user.id
    reason = _why_not(case, me)
    labels = {"approve": _("Approve"), "return": _("Return or reject"), "ask": _("Ask"), "delegate": _("Delegate"),
              "opinion": _("Second opinion"), "add": _("Add an approver"), "comment": _("Comment"), "escalate": _("Escalate"),
              "snooze": _("Snooze")}
    if filling.awaited(request, case.seat):
        labels |= {"approve": _("Fill in the form"), "return": _("Return for changes")}
    elif modifying.is_offered(request):
        labels = dict([*list(labels.items())[:2], ("modify", _("Change, then approve")), *list(labels.items())[2:]])
    found = [{"verb": verb, "label": label, "url": f"{address}?verb={verb}", "primary": verb == "approve",
              "allowed": not reason or (verb == "comment" and not guards.as_another()), "reason": reason} for verb, label in labels.items()]
    if request.paused_at and guards.is_maker(request, me):
        found.insert(0, {"verb": "answer", "label": _("Answer"), "url": f"{address}?verb=answer", "primary": True, "allowed": True,
                         "reason": ""})
    if case.advises(me) and not guards.as_another():
        found.insert(0, {"verb": "advise", "label": _("Give your opinion"), "url": f"{address}?verb=advise", "primary": True,
                         "allowed": True, "reason": ""})
    return found


def _why_not(case: Case, member_id: UUID) -> str:
    if said := guards.as_another():
        return said
    if guards.is_maker(case.request, member_id):
        return guards.own(case.request)
    if not case.decides(member_id):
        if case.advises(member_id):
            return guards.only_opinion()
        return reasons.why_not_now(case.request, member_id) or _(
            "You are not asked to decide %(reference)s.", reference=case.request.record_reference)
    return ""


def delivery(request: ApprovalRequest) -> dict[str, str] | None:
    """For those who look after deliveries: that the effect does not get through, and where it can be helped."""
    if request.effect_id is None or request.state not in (State.HELD, State.VOID) or not access.can(current.user, DELIVERIES):
        return None
    row = session().scalars(select(OutboxRow).where(OutboxRow.id == request.effect_id, undelivered())).first()
    if row is None:
        return None
    said = ngettext("The effect did not get through: %(num)d attempt", "The effect did not get through: %(num)d attempts", row.attempts)
    return {"text": said, "url": url_for("deliveries.listing", _anchor=f"row-{row.id}")}


def done_url(request: ApprovalRequest) -> str:
    """Where it is put away."""
    return url_for("inbox.done", ref=request.reference)


def undo(request: ApprovalRequest) -> dict[str, Any] | None:
    """The undo bar, while the reader can still take an approval back."""
    from app.core.approvals.decisions import seconds_left

    seconds = seconds_left(request)
    last = levels.last_approval(request) if seconds else None
    if last is None or last.by_id != current.user.id:
        return None
    return {"text": _("%(reference)s approved", reference=request.record_reference), "seconds": seconds,
            "url": url_for("inbox.undo", ref=request.reference)}


def history(case: Case) -> list[dict[str, Any]]:
    """The whole story, for the page of a request, newest first."""
    names = words.people([i for line in case.told for i in (line.by_id, line.on_behalf_of)])
    return [{"who": sentences.behalf(names[line.by_id], names.get(line.on_behalf_of, "")), "sentence": sentences.of(line),
             "record": case.request.record_reference, "other": sentences.other(line), "when": show_moment(line.at),
             "channel": audit.channel_label(line.channel), "reason": words.reason_of(line),
             "changes": [(c["label"], c["before"], c["after"]) for c in line.data.get("changes", [])]} for line in reversed(case.told)]
