"""A form as whoever fills it in sees it, before anybody does: drawn by the same parts, kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict

from app.core.forms import building, keeping
from app.core.forms.models import Form
from app.core.forms.reading import sheet_of
from app.kernel.errors import Invalid
from app.kernel.fields import Field
from app.resources.answer_form import AnswerForm, Impact
from app.resources.answering import Beside

ANSWERS = Field("answers", "", name="answers", attribute="answers")


@dataclass(frozen=True)
class Preview:
    """What is asked, as far as it is asked beside what was typed; or why there is nothing to show."""

    groups: Sequence[Any] = ()
    impact: Impact | None = None
    action: str = ""
    trouble: Sequence[str] = ()

    @classmethod
    def of(cls, form: Form, said: building.Said, typed: MultiDict[str, str] | None = None) -> Preview:
        """A definition as a form."""
        action = url_for("form_designs.preview", ref=form.reference)
        try:
            sheet = sheet_of(said, keeping.around())
        except Invalid as error:
            return cls(action=action, trouble=[str(each) for some in error.errors.values() for each in some])
        answers, about = AnswerForm(ANSWERS, None), Beside({}, None)
        answers.take(MultiDict(typed or {}))
        answers.filled(sheet)
        return cls(answers.sections(sheet, about, {}, action, ""), answers.impact(sheet, about), action)

    @classmethod
    def refused(cls, form: Form, trouble: Sequence[str]) -> Preview:
        """Nothing yet, and why."""
        return cls(action=url_for("form_designs.preview", ref=form.reference), trouble=trouble)
