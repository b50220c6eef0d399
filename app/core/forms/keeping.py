"""Which form is filled in now, which one was; new versions, and putting one in force."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import func, select

from app.core.forms.models import Form, Stage
from app.core.forms.reading import Misread, flaw_of, sheet_of
from app.core.forms.sheet import FORM, Sheet
from app.kernel import clock
from app.kernel.bulk import record_rows
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import Field, fields_of
from app.kernel.records import new_id, refresh_keys
from app.kernel.references import assign
from app.kernel.registry import registry

COMPARED = ("text", "choice", "integer", "decimal", "money", "date", "boolean", "reference")


def of_answers(answers: Mapping[str, Any]) -> Sheet | None:
    """The form to which answers were given; what was in force never changes, so each process reads it once."""
    reference = str(answers.get(FORM) or "")
    try:
        return _kept(current.organisation.id, reference) if reference else None
    except LookupError:
        return None


@lru_cache(maxsize=500)
def _kept(_organisation_id: UUID, reference: str) -> Sheet:
    row = session().scalars(select(Form).where(Form.reference == reference, Form.stage != Stage.DRAFT)).first()
    if row is None:
        raise LookupError(reference)
    return read(row.definition)


def to_fill(code: str, answers: Mapping[str, Any]) -> tuple[str, Sheet] | None:
    """The form of a code that is to be filled in: the version of the answers so far, the one in force, or the one that a module brings
    (which has no reference until it is stored). None when there is none."""
    if not code:
        return None
    with session().no_autoflush:
        rows = session().execute(select(Form.reference, Form.stage).where(
            Form.code == code, (Form.stage == Stage.ACTIVE) | (Form.reference == str(answers.get(FORM) or "")),
            Form.stage != Stage.DRAFT)).all()
        found = next((row.reference for row in rows if row.reference == answers.get(FORM)), None)
        found = found or next((row.reference for row in rows if row.stage == Stage.ACTIVE), None)
        if found:
            return found, _kept(current.organisation.id, found)
    brought = registry.forms.get(code)
    return ("", read(text_of(brought[1]))) if brought else None


def stored(code: str) -> str:
    """The reference of the form of a code that is in force; what a module brings is stored when it is first filled in."""
    with session().no_autoflush:
        found = session().scalars(select(Form.reference).where(Form.code == code, Form.stage == Stage.ACTIVE)).first()
    if found:
        return found
    title, definition = registry.forms[code]
    made = Form(id=new_id(), organisation_id=current.organisation.id, title=source_of(title), code=code, number=_next(code),
                stage=Stage.ACTIVE, definition=text_of(definition), activated_at=clock.now())
    assign([made])
    record_rows([made])
    refresh_keys(made)
    session().add(made)
    session().flush([made])
    return str(made.reference)


def offered() -> dict[str, Any]:
    """The forms that were made here and are in force: code and title; those that modules bring are asked for by their own kind."""
    query = select(Form.code, Form.title).where(Form.stage == Stage.ACTIVE, Form.archived_at.is_(None))
    with session().no_autoflush:
        rows = session().execute(query.order_by(Form.title_key)).all()
    return {code: lazy_gettext(title) for code, title in rows if code not in registry.forms}


def titles() -> dict[str, Any]:
    """Every form that can be filled in today, by its code: those that modules bring, and those that were made here."""
    return {code: title for code, (title, _definition) in registry.forms.items()} | offered()


def around() -> dict[str, Field]:
    """The fields of the record that answers belong to, as far as conditions can look at them."""
    for resource in registry:
        fields = fields_of(resource.model)
        if any(each.kind == "answers" for each in fields.values()):
            return {name: said for name, said in fields.items() if said.kind in COMPARED}
    return {}


def read(definition: str) -> Sheet:
    """The sheet that the text of a definition means. Raises `Invalid`."""
    try:
        said = json.loads(definition)
    except ValueError as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        raise Invalid({"definition": [_("This is not JSON: line %(line)d, column %(column)d.", line=line, column=column)]}) from None
    return sheet_of(said, around())


def source_of(label: Any) -> str:
    """The untranslated words of a label, which are looked up when they are shown."""
    return str(getattr(label, "_args", (label,))[0])


def flaw(definition: Any) -> Misread | None:
    """What is wrong with a definition, and in which field of it; None when it is a form."""
    return flaw_of(definition, around())


def text_of(definition: Any) -> str:
    """A definition as it is kept."""
    return json.dumps(definition, ensure_ascii=False, indent=1, default=source_of)


def _next(code: str) -> int:
    with session().no_autoflush:
        return int(session().scalar(select(func.max(Form.number)).where(Form.code == code)) or 0) + 1


def complete(form: Form) -> None:
    """Number a new version, and refuse a definition that is none. Raises `Invalid`."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", form.code or ""):
        raise Invalid({"code": [_("“%(name)s” is no name for a field: small letters, digits and _ only.", name=(form.code or "")[:60])]})
    read(form.definition)
    with session().no_autoflush:
        taken = select(Form.id).where(Form.code == form.code, Form.number == (form.number or 0), Form.id != form.id)
        if not form.number or session().scalar(taken) is not None:
            form.number = _next(form.code)


def changeable(form: Form) -> bool | str:
    """Only a draft is changed: answers were given to the others."""
    return form.stage == Stage.DRAFT or _("%(reference)s was in force and stays as it is; start a new version.", reference=form.reference)


def is_draft(form: Form) -> bool | str:
    """Whether it can still be put in force."""
    return form.stage == Stage.DRAFT or _("%(reference)s is no draft any more.", reference=form.reference)


def activate(form: Form) -> Form:
    """From now on this version is filled in; the one before stays with its answers."""
    read(form.definition)
    for other in session().scalars(select(Form).where(Form.code == form.code, Form.stage == Stage.ACTIVE)):
        other.stage = Stage.RETIRED
    session().flush()
    form.stage, form.activated_at = Stage.ACTIVE, clock.now()
    return form


def is_active(form: Form) -> bool | str:
    """Whether it is filled in now."""
    return form.stage == Stage.ACTIVE or _("%(reference)s is not in force.", reference=form.reference)


def retire(form: Form) -> Form:
    """Nobody fills it in any more; what was filled in stays readable."""
    form.stage = Stage.RETIRED
    return form


def revise(form: Form) -> Form:
    """Start a new version that begins as this one."""
    made = Form(id=new_id(), organisation_id=current.organisation.id, title=form.title, code=form.code, number=_next(form.code),
                stage=Stage.DRAFT, definition=form.definition)
    assign([made])
    record_rows([made])
    refresh_keys(made)
    session().add(made)
    return form


def page(form: Form | None) -> str:
    """Where a form is made, or changed, by hand."""
    return url_for("form_designs.show", ref=form.reference) if form else url_for("form_designs.make")


def example() -> Mapping[str, Any]:
    """What a new form begins with: one of each thing, to be changed."""
    return {"definition": json.dumps(EXAMPLE, ensure_ascii=False, indent=1)}


EXAMPLE = {"sections": [{"title": "Visit", "fields": [
    {"name": "visitors", "label": "Visitors", "kind": "integer", "minimum": 1, "required": True},
    {"name": "reason", "label": "Reason", "kind": "choice", "choices": {"audit": "Audit", "training": "Training"}, "required": True},
    {"name": "topic", "label": "Topic of the training", "kind": "text", "shown_when": "reason = training",
     "needed_when": "reason = training"},
    {"name": "hours", "label": "Hours each", "kind": "decimal"},
    {"name": "all_hours", "label": "Hours together", "calculated": "visitors * hours"}]}], "impact": ["all_hours"]}
