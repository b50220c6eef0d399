"""Who is away, from when until when, and who covers: the table. Leave, rotations and calendars feed it later; people fill it today."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, Text
from sqlalchemy import text as text_of
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.current import current
from app.kernel.fields import choice, moment, reference, text
from app.kernel.kinds import Choices
from app.kernel.records import Record


class AbsenceKind(Choices):
    """Why somebody is away."""

    LEAVE = "leave", _l("Leave")
    OFFSHORE = "offshore", _l("Offshore")
    TRAVEL = "travel", _l("Travelling")
    TRAINING = "training", _l("Training")
    SICK = "sick", _l("Sick")
    OTHER = "other", _l("Away")


class AbsenceSource(Choices):
    """Who says so."""

    PERSON = "person", _l("Entered by hand")
    ICAL = "ical", _l("Calendar file")
    LEAVE = "leave", _l("Leave")
    ROTATION = "rotation", _l("Rotation")


def _timezone() -> str:
    return current.user.timezone or current.organisation.timezone


class Absence(Record):
    """For a time somebody is away; what waits for their decision goes to whoever covers, and comes back afterwards."""

    __tablename__ = "absence"
    __prefix__ = "ABS"
    __label__, __plural__, __slug__ = _l("Absence"), _l("Absences"), "absences"

    member_id: Mapped[UUID] = reference("member", _l("Who"), groups=False)
    starts_at: Mapped[datetime] = moment(_l("From"), extra={"samples": ("2026-01-05T08:00",)})
    ends_at: Mapped[datetime] = moment(_l("Until"), extra={"samples": ("2096-01-05T08:00",)})
    timezone: Mapped[str] = text(_l("Time zone"), max_length=60, required=False, sortable=False,
                                 column={"default": _timezone, "nullable": False}, extra={"samples": ("Europe/Paris",)},
                                 help=_l("In which the days are counted. Empty: that of the person."))
    kind: Mapped[AbsenceKind] = choice(_l("Why"), AbsenceKind, default=AbsenceKind.LEAVE)
    cover_id: Mapped[UUID | None] = reference("member", _l("Who covers"), groups=False, required=False, extra={"samples": ("",)},
                                              help=_l("Decides in the meantime what waits for the person. Empty: it waits."))
    note: Mapped[str | None] = text(_l("Note"), max_length=200, required=False, sortable=False, personal=True)
    source: Mapped[AbsenceSource] = choice(_l("From where"), AbsenceSource, default=AbsenceSource.PERSON)
    uid: Mapped[str | None] = mapped_column(Text, info={"label": _l("Mark in the calendar")})


_absence: Any = Absence.__table__
Index("ix_absence_now", _absence.c.organisation_id, _absence.c.ends_at, _absence.c.starts_at)
Index("uq_absence_uid", _absence.c.organisation_id, _absence.c.member_id, _absence.c.uid, unique=True,
      postgresql_where=text_of("uid IS NOT NULL AND archived_at IS NULL"))
