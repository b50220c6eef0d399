"""What the scheduler remembers: who leads, up to which moment each declared schedule was served, and an organisation's own schedules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.calendar import Weekday
from app.core.scheduler.offering import all_tasks
from app.kernel import fields
from app.kernel.current import current
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted
from app.kernel.registry import registry


class SchedulerLead(Tenanted):
    """The lease of the one scheduler that leads; its only row belongs to the platform."""

    __tablename__ = "scheduler_lead"

    holder: Mapped[str] = mapped_column(Text)
    lease_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ScheduleTick(Tenanted):
    """The last moment for which a declared schedule was served in an organisation: a tick happens for whoever moves it forward.

    `job_id` is the job that it became, `failures` how often in a row those have failed.
    """

    __tablename__ = "schedule_tick"

    name: Mapped[str] = mapped_column(Text)
    moment: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    job_id: Mapped[UUID | None] = mapped_column(Uuid)
    failures: Mapped[int] = mapped_column(default=0, server_default="0")


class Repeats(Choices):
    """How a schedule comes back."""

    DAILY = "daily", _l("Every day")
    WEEKLY = "weekly", _l("Every week")
    MONTHLY = "monthly", _l("Every month")
    CRON = "cron", _l("By a cron expression")
    ONCE = "once", _l("Once")


class CatchUp(Choices):
    """What becomes of the times that passed while nothing could run."""

    LATEST = "latest", _l("Make up for the latest one")
    ALL = "all", _l("Make up for each of them")
    NONE = "none", _l("Leave them out")


class Status(Choices):
    """Whether a schedule ticks."""

    ACTIVE = "active", _l("Active"), "good"
    PAUSED = "paused", _l("Paused"), "muted"
    FINISHED = "finished", _l("Finished"), "neutral"


class Outcome(Choices):
    """What became of one time of a schedule."""

    ASKED = "asked", _l("Under way"), "info"
    DONE = "done", _l("Done"), "good"
    FAILED = "failed", _l("Failed"), "danger"
    CANCELLED = "cancelled", _l("Cancelled"), "muted"
    SKIPPED = "skipped", _l("Condition not met"), "neutral"
    OVERLAPPED = "overlapped", _l("The one before was still running"), "warning"
    MISSED = "missed", _l("Left out after a standstill"), "warning"


def tasks() -> Mapping[str, Any]:
    """What can be scheduled, with its label."""
    return {task.key: task.label for task in all_tasks()}


def kinds_of_records() -> Mapping[str, Any]:
    """The kinds of records that a condition can be about, with their plural."""
    return {key: resource.plural for key, resource in sorted(registry.resources.items())}


class Schedule(Record):
    """Work that an organisation has done at certain times. `next_at` is the next of them, empty when there is none."""

    __tablename__ = "schedule"
    __prefix__ = "SCHED"
    __label__, __plural__, __slug__ = _l("Schedule"), _l("Schedules"), "schedules"
    __relayed__ = ("id", "organisation_id", "next_at", "status", "archived_at")

    title: Mapped[str] = fields.text(_l("Title"), max_length=120)
    task: Mapped[str] = fields.listed(_l("Work"), tasks, extra={"samples": ("scheduler.clear_away",)})
    inputs: Mapped[str | None] = fields.long_text(
        _l("What the work is given"), max_length=20_000, extra={"samples": ("",)},
        help=_l("JSON, for work that takes inputs; the page of a run writes it."))
    repeats: Mapped[Repeats] = fields.choice(_l("How often"), Repeats, default=Repeats.DAILY)
    at: Mapped[str | None] = fields.text(
        _l("Time of day"), max_length=5, required=False, sortable=False, extra={"samples": ("06:00", "18:30")},
        help=_l("Such as 06:30; for every day, week and month."))
    weekday: Mapped[Weekday | None] = fields.choice(_l("Day of the week"), Weekday, required=False, help=_l("For every week."))
    day: Mapped[int | None] = fields.small_integer(
        _l("Day of the month"), required=False, minimum=1, maximum=31, extra={"samples": (1, 15)},
        help=_l("For every month; in a shorter month its last day."))
    cron: Mapped[str | None] = fields.text(
        _l("Cron expression"), max_length=100, required=False, sortable=False, extra={"samples": ("0 2 * * *", "30 6 * * 1-5")},
        help=_l("Minute, hour, day, month, day of the week: 0 2 * * * is every day at 02:00."))
    once_at: Mapped[datetime | None] = fields.moment(_l("Once at"), required=False, extra={"samples": ("2096-01-05T08:00",)})
    timezone: Mapped[str] = fields.text(
        _l("Time zone"), max_length=60, required=False, sortable=False, extra={"samples": ("Europe/Paris",)},
        column={"default": lambda: current.organisation.timezone, "nullable": False},
        help=_l("The organisation's own unless you say another."))
    condition_of: Mapped[str | None] = fields.listed(_l("Only if there are"), kinds_of_records, required=False, extra={"samples": ("",)})
    condition: Mapped[str | None] = fields.text(
        _l("For which this holds"), max_length=500, required=False, sortable=False, extra={"samples": ("",)},
        help=_l("A condition as in roles, such as status = open. Without one, any such record will do."))
    catch_up: Mapped[CatchUp] = fields.choice(_l("After a standstill"), CatchUp, default=CatchUp.LATEST)
    status: Mapped[Status] = fields.choice(_l("State"), Status, default=Status.ACTIVE)
    next_at: Mapped[datetime | None] = fields.moment(_l("Next time"), required=False)
    last_at: Mapped[datetime | None] = fields.moment(_l("Last time"), required=False)
    failures: Mapped[int] = fields.integer(_l("Failures in a row"), default=0)


class ScheduleRun(Record):
    """One time of an organisation's schedule: what it was meant for, and what became of it. A moment of a schedule is there once."""

    __tablename__ = "schedule_run"
    __prefix__ = "RUN"
    __record_name__: ClassVar[str] = "run"
    __label__, __plural__, __slug__ = _l("Scheduled run"), _l("Scheduled runs"), "runs"

    schedule_id: Mapped[UUID] = fields.reference("schedule", _l("Schedule"))
    moment: Mapped[datetime] = fields.moment(_l("Meant for"))
    outcome: Mapped[Outcome] = fields.choice(_l("Outcome"), Outcome, default=Outcome.ASKED)
    ended_at: Mapped[datetime | None] = fields.moment(_l("Ended"), required=False)
    seconds: Mapped[int | None] = fields.integer(_l("Took, in seconds"), required=False)
    note: Mapped[str | None] = fields.text(_l("Remark"), max_length=500, required=False, sortable=False)
    job_id: Mapped[UUID | None] = mapped_column(Uuid, info={"label": _l("Job")})


_lead, _tick = SchedulerLead.__table__, ScheduleTick.__table__
_schedule, _run = Schedule.__table__, ScheduleRun.__table__
Index("uq_scheduler_lead_organisation_id", _lead.c.organisation_id, unique=True)
Index("uq_schedule_tick_name", _tick.c.organisation_id, _tick.c.name, unique=True)
Index("ix_schedule_tick_job_id", _tick.c.organisation_id, _tick.c.job_id)
Index("ix_schedule_due", _schedule.c.next_at, postgresql_where=text("status = 'active' AND archived_at IS NULL"))
Index("uq_schedule_run_moment", _run.c.organisation_id, _run.c.schedule_id, _run.c.moment, unique=True)
Index("ix_schedule_run_job_id", _run.c.organisation_id, _run.c.job_id)
