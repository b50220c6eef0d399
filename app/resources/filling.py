"""Draws a form that belongs to no field of a record, and understands what was typed: a step of a workflow at which one is filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from app.core.forms.filling import Filling
from app.core.forms.sheet import FORM
from app.kernel.errors import Invalid
from app.kernel.fields import Field
from app.resources.answer_form import PREFIX, AnswerForm
from app.resources.answering import bind_answers
from app.resources.binding import parse_answer

NOWHERE = "filled_in"  # no attribute of any record: the answers are kept in the story of the request


def understood(filling: Filling, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as they are kept. Raises Invalid, by the names of the questions."""
    field, errors = _field(filling), dict[str, list[str]]()
    values: dict[str, Any] = {NOWHERE: dict(sent)}
    bind_answers(field, values, errors, filling.record, parse_answer)
    if errors:
        raise Invalid(errors)
    found = dict(values[NOWHERE])
    found.pop(FORM, None)
    return found


def typed(filling: Filling, form: MultiDict[str, str]) -> dict[str, Any]:
    """The answers that somebody sent from a page, to what is asked beside them."""
    made = _form(filling, form)
    return made.data(filling.sheet, filling.record)


def drawn(filling: Filling, form: MultiDict[str, str], errors: Mapping[str, Sequence[Any]], redraw: str) -> dict[str, Any]:
    """What the page draws: the questions below their headings, and what the answers come to."""
    made = _form(filling, form)
    return {"groups": made.sections(filling.sheet, filling.record, errors, redraw, ""),
            "impact": made.impact(filling.sheet, filling.record)}


def _form(filling: Filling, form: MultiDict[str, str]) -> AnswerForm:
    made = AnswerForm(_field(filling), None)
    made.take(form)
    made.sheet({}, {})
    return made


def _field(filling: Filling) -> Field:
    return Field("answers", "", name=PREFIX, attribute=NOWHERE, chosen=lambda _value_of, _before: (filling.reference, filling.sheet))
