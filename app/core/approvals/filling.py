"""Steps at which a form is filled in: what is asked there, what was answered, and what those who decide later read of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.core import forms, workflow
from app.core.approvals import words
from app.core.approvals.case import Case
from app.core.approvals.legs import Leg, leg_at, legs_of
from app.core.approvals.models import ASIDE, ApprovalDecision, ApprovalRequest, ApprovalSeat, Seat, Verb
from app.core.forms import filling as filled_in
from app.core.forms.filling import Filling
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.fields import Field
from app.kernel.kinds import show_moment


def awaited(request: ApprovalRequest, seat: ApprovalSeat | None) -> bool:
    """Whether somebody at this seat is asked to fill in a form."""
    return (seat is not None and seat.state == Seat.WAITING and seat.asked not in ASIDE and bool(request.steps)
            and leg_at(request, seat.level).kind == "form")


def mark(request: ApprovalRequest, seat: ApprovalSeat | None) -> list[str]:
    """What a row of the queue says of it."""
    return [_("To be filled in")] if awaited(request, seat) else []


def code_of(request: ApprovalRequest, leg: Leg) -> str:
    """The form that a leg asks for; empty for other kinds."""
    if leg.kind != "form" or request.version_id is None:
        return ""
    return workflow.graph_of_version(request.version_id).place(leg.path)[1].form


def asked(request: ApprovalRequest, record: Any, seat: ApprovalSeat | None) -> Filling | None:
    """The form that is to be filled in at a seat; None where none is. Raises Conflict where it is not in force any more."""
    if seat is None or not awaited(request, seat):
        return None
    found = filled_in.filling_of(code_of(request, leg_at(request, seat.level)), record)
    if found is None:
        raise Conflict(_("The form of this step is not in force any more: an administrator puts one in force, or moves the request."))
    return found


def require_filled(request: ApprovalRequest, record: Any, seat: ApprovalSeat, answers: Mapping[str, Any] | None, *,
                   bulk: bool) -> dict[str, Any]:
    """At a step with a form its answers, as the story keeps them. Raises Invalid by question, Forbidden among many."""
    wanted = asked(request, record, seat)
    if wanted is None:
        if answers:
            raise Invalid({"": [_("This step asks for no form.")]})
        return {}
    if bulk:
        raise Forbidden(_("Forms are filled in one by one."))
    return {"answers": filled_in.filled(wanted, answers or {}), "form": wanted.title}


def typed(wanted: Filling, form: MultiDict[str, str]) -> dict[str, Any]:
    """The answers that somebody sent from a page."""
    return filled_in.filler().typed(wanted, form)


def drawn(wanted: Filling, form: MultiDict[str, str], errors: Mapping[str, Sequence[Any]], redraw: str) -> dict[str, Any]:
    """The form as the page draws it."""
    return {"title": _(wanted.title), **filled_in.filler().drawn(wanted, form, errors, redraw)}


def described(wanted: Filling) -> dict[str, Any]:
    """The form as a machine fills it in: what it asks, by name."""
    asked_for = [each for each in wanted.sheet.questions.values() if each.sum is None]
    return {"code": wanted.code, "title": _(wanted.title), "questions": [
        {**_question(each.field, "rows" if each.columns else each.field.kind),
         "columns": [_question(column, column.kind) for column in each.columns]} for each in asked_for]}


def _question(field: Field, kind: str) -> dict[str, Any]:
    return {"name": field.name, "label": str(field.label), "kind": kind, "required": field.required, "choices": _choices(field)}


def _choices(field: Field) -> dict[str, str]:
    return {str(code): str(label) for code, label in field.listed().items()} if field.listed else {}


def standing(case: Case) -> list[ApprovalDecision]:
    """The answers that count now: of this round, the last at each seat, and not taken back."""
    if not any(leg.kind == "form" for leg in legs_of(case.request)):
        return []
    seats = {str(seat.id) for seat in case.seats if seat.state == Seat.APPROVED}
    last = {line.data["seat"]: line for line in case.told if line.verb == Verb.APPROVE and line.round == case.request.round
            and line.data.get("answers") and line.data.get("seat") in seats}
    return list(last.values())


def title_of(line: ApprovalDecision) -> str:
    """What the form is called, in the reader's language where a module brought it."""
    title = str(line.data["form"])
    return _(title)


def given(case: Case) -> list[dict[str, Any]]:
    """The same for those who read them: by whom, when, at which step, and the answers below their headings."""
    lines, legs = standing(case), legs_of(case.request)
    names = words.people([line.by_id for line in lines])
    return [{"title": title_of(line), "step": legs[line.level - 1].name, "who": names[line.by_id], "when": show_moment(line.at),
             "sections": sections(line.data["answers"])} for line in lines]


def sections(kept: Mapping[str, Any]) -> list[tuple[str, list[forms.Part]]]:
    """Answers in words, below their headings."""
    sheet = forms.of_answers(kept)
    return list(sheet.parts(kept)) if sheet else []


def plain(case: Case) -> list[dict[str, Any]]:
    """The same for machines."""
    return [{"form": line.data["answers"].get("form"), "title": line.data["form"], "by": str(line.by_id), "at": line.at.isoformat(),
             "level": line.level, "answers": {name: value for name, value in line.data["answers"].items() if name != "form"}}
            for line in standing(case)]


def missing(request: ApprovalRequest, leg: Leg) -> bool:
    """Whether a leg waits for a form that is not in force: nobody could fill it in."""
    return leg.kind == "form" and code_of(request, leg) not in forms.titles()
