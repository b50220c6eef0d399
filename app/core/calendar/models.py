"""When a site works, which days are free, and who is on duty."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.current import current
from app.kernel.fields import choice, day, moment, reference, text
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted


class Weekday(Choices):
    """A day of the week; the value is its number in ISO 8601."""

    MONDAY = "1", _l("Monday")
    TUESDAY = "2", _l("Tuesday")
    WEDNESDAY = "3", _l("Wednesday")
    THURSDAY = "4", _l("Thursday")
    FRIDAY = "5", _l("Friday")
    SATURDAY = "6", _l("Saturday")
    SUNDAY = "7", _l("Sunday")


def _timezone() -> str:
    return current.organisation.timezone


class WorkCalendar(Record):
    """The working hours of a site, or of the whole organisation where none is named, by the clock of its zone."""

    __tablename__ = "work_calendar"
    __prefix__ = "CAL"
    __label__, __plural__, __slug__ = _l("Working hours"), _l("Working hours"), "working-hours"

    name: Mapped[str] = text(_l("Name"), max_length=120)
    site_id: Mapped[UUID | None] = reference("site", _l("Site"), required=False, help=_l("Empty: for every site without hours of its own."))
    timezone: Mapped[str] = text(_l("Time zone"), max_length=60, required=False, sortable=False,
                                 column={"default": _timezone, "nullable": False}, extra={"samples": ("Europe/Paris",)})


class WorkShift(Tenanted):
    """From when to when work is done on a day of the week; until an earlier time is until that time of the next day."""

    __tablename__ = "work_shift"
    __label__, __plural__ = _l("Shift"), _l("Shifts")
    __audited__ = True

    calendar_id: Mapped[UUID] = reference("work_calendar", _l("Working hours"))
    position: Mapped[int] = mapped_column(Integer, info={"label": _l("Position")})
    weekday: Mapped[Weekday] = choice(_l("Day"), Weekday, default=Weekday.MONDAY)
    opens: Mapped[str] = text(_l("From"), max_length=5, sortable=False, help=_l("Like 08:00."), extra={"samples": ("08:00",)})
    closes: Mapped[str] = text(_l("Until"), max_length=5, sortable=False, help=_l("Like 17:30; 24:00 is midnight."),
                               extra={"samples": ("17:30",)})


class Holiday(Record):
    """Days on which no work is done, at one site's hours or everywhere."""

    __tablename__ = "holiday"
    __prefix__ = "HOL"
    __label__, __plural__, __slug__ = _l("Holiday"), _l("Holidays"), "holidays"

    name: Mapped[str] = text(_l("Name"), max_length=120)
    starts_on: Mapped[date] = day(_l("From"), extra={"samples": ("2026-12-24",)})
    ends_on: Mapped[date | None] = day(_l("Until"), required=False, extra={"samples": ("2026-12-26",)}, help=_l("Empty: one day."))
    calendar_id: Mapped[UUID | None] = reference("work_calendar", _l("Only for"), required=False, help=_l("Empty: everywhere."))


class DutyRota(Record):
    """A duty that people take in turns."""

    __tablename__ = "duty_rota"
    __prefix__ = "ROTA"
    __label__, __plural__, __slug__ = _l("Duty rota"), _l("Duty rotas"), "rotas"

    name: Mapped[str] = text(_l("Name"), max_length=120)
    purpose: Mapped[str | None] = text(_l("What it is for"), required=False, max_length=300, sortable=False)


class DutyTurn(Record):
    """Somebody's turn on a duty."""

    __tablename__ = "duty_turn"
    __prefix__ = "TURN"
    __label__, __plural__, __slug__ = _l("Turn of duty"), _l("Turns of duty"), "turns"

    rota_id: Mapped[UUID] = reference("duty_rota", _l("Duty rota"))
    member_id: Mapped[UUID] = reference("member", _l("Who"), groups=True)
    starts_at: Mapped[datetime] = moment(_l("From"), extra={"samples": ("2026-01-05T08:00",)})
    ends_at: Mapped[datetime] = moment(_l("Until"), extra={"samples": ("2096-01-05T08:00", "2096-01-12T08:00", "2096-01-19T08:00")})


def _unique_name(model: Any) -> None:
    table = model.__table__
    Index(f"uq_{table.name}_name", table.c.organisation_id, table.c.name_key, unique=True, postgresql_where=table.c.archived_at.is_(None))


_unique_name(WorkCalendar)
_unique_name(DutyRota)
_turn: Any = DutyTurn.__table__
Index("ix_duty_turn_now", _turn.c.organisation_id, _turn.c.rota_id, _turn.c.ends_at, _turn.c.starts_at)
