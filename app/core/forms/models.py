"""Forms and their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index
from sqlalchemy import text as text_of
from sqlalchemy.orm import Mapped

from app.kernel.fields import choice, long_text, moment, small_integer, text
from app.kernel.kinds import Choices
from app.kernel.records import Record

CODES = tuple(f"visit_{number}" for number in range(40))
SAMPLES = tuple(f'{{"sections": [{{"fields": [{{"name": "{name}", "required": true}}]}}]}}' for name in ("guests", "reason"))


class Stage(Choices):
    """Whether a version is filled in now. One that was replaced still serves what was filled in with it."""

    DRAFT = "draft", _l("Draft"), "neutral"
    ACTIVE = "active", _l("In force"), "success"
    RETIRED = "retired", _l("Retired"), "neutral"


class Form(Record):
    """One version of a form, by its code. A draft is changed; once it has been in force it stays as it is."""

    __tablename__ = "form_definition"
    __prefix__ = "FRM"
    __label__, __plural__, __slug__ = _l("Form"), _l("Forms"), "forms"

    title: Mapped[str] = text(_l("Title"), max_length=120)
    code: Mapped[str] = text(_l("Short name"), max_length=40, sortable=False, extra={"samples": CODES},
                             help=_l("Small letters, digits and _. Versions of one form have the same."))
    number: Mapped[int] = small_integer(_l("Version"), default=1, minimum=1)
    stage: Mapped[Stage] = choice(_l("State"), Stage, default=Stage.DRAFT)
    definition: Mapped[str] = long_text(_l("Definition"), required=True, max_length=60_000, extra={"samples": SAMPLES},
                                        help=_l("JSON: sections with fields, conditions and sums."))
    activated_at: Mapped[datetime | None] = moment(_l("In force since"), required=False)


_form: Any = Form.__table__
Index("uq_form_definition_number", _form.c.organisation_id, _form.c.code, _form.c.number, unique=True)
Index("uq_form_definition_active", _form.c.organisation_id, _form.c.stage, _form.c.code, unique=True,
      postgresql_where=text_of("stage = 'active'"))
