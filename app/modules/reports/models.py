"""Reports, and every time that one was run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from flask import request
from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import fields
from app.kernel.kinds import Choices
from app.kernel.records import Record
from app.kernel.registry import registry


class Drawing(Choices):
    """How the groups of a report are drawn."""

    BAR = "bar", _l("Bars")
    LINE = "line", _l("Line")
    PIE = "pie", _l("Pie")


class Sharing(Choices):
    """Who sees a report; the rows in it are each reader's own."""

    PRIVATE = "private", _l("Only me"), "muted"
    SHARED = "shared", _l("Everybody who may see such records"), "info"


class Form(Choices):
    """What a run is written as."""

    PDF = "pdf", _l("PDF")
    XLSX = "xlsx", _l("Excel (XLSX)")
    CSV = "csv", _l("CSV")


class Outcome(Choices):
    """How far a run is."""

    UNDER_WAY = "under_way", _l("Under way"), "info"
    DONE = "done", _l("Done"), "good"
    FAILED = "failed", _l("Failed"), "danger"


def kinds() -> Mapping[str, Any]:
    """The kinds of records that a report can be about, with their plural."""
    return {key: resource.plural for key, resource in sorted(registry.reported.items())}


class Report(Record):
    """What is looked at, and how: kept as the words of the lists' own addresses, so that a list and a report mean the same."""

    __tablename__ = "reports_report"
    __prefix__ = "REP"
    __label__, __plural__, __slug__ = _l("Report"), _l("Reports"), "reports"

    title: Mapped[str] = fields.text(_l("Title"), max_length=120)
    description: Mapped[str | None] = fields.long_text(_l("Description"), max_length=1_000)
    resource: Mapped[str] = fields.listed(_l("About"), kinds, extra={"samples": ("organisation.site",)})
    columns: Mapped[str | None] = fields.text(
        _l("Columns"), max_length=2_000, required=False, sortable=False, extra={"samples": ("",)},
        help=_l("Names of fields in their order, with commas between; one step along a link is site.name. Empty: those of the list."))
    filters: Mapped[str | None] = fields.text(
        _l("Filters"), max_length=4_000, required=False, sortable=False, extra={"samples": ("",)},
        help=_l("As in the address of the list: status=open&due_on__lte=today-30."))
    sort: Mapped[str | None] = fields.text(
        _l("Sorted by"), max_length=100, required=False, sortable=False, extra={"samples": ("",)},
        help=_l("The name of a field; with a minus before it the last comes first."))
    grouped_by: Mapped[str | None] = fields.text(
        _l("Grouped by"), max_length=100, required=False, sortable=False, extra={"samples": ("",)},
        help=_l("The name of a field; of days also by month or year: due_on:month."))
    across: Mapped[str | None] = fields.text(
        _l("Across"), max_length=100, required=False, sortable=False, extra={"samples": ("",)},
        help=_l("A second field, whose values stand side by side in a table against the groups; of days by month or year: due_on:month."))
    totals: Mapped[str | None] = fields.text(
        _l("Totals"), max_length=1_000, required=False, sortable=False, extra={"samples": ("",)},
        help=_l("Of columns with numbers: amount:sum, days:average; also smallest and largest."))
    chart: Mapped[Drawing | None] = fields.choice(_l("Chart"), Drawing, required=False, extra={"samples": ("",)})
    parameters: Mapped[str | None] = fields.text(
        _l("What it asks for"), max_length=2_000, required=False, sortable=False, extra={"samples": ("",)},
        help=_l("Filters that whoever opens the report is asked for, with what they are called; a star where one is needed: "
                "paid_on=Period&supplier*=Supplier. They begin with what the filters say."))
    sharing: Mapped[Sharing] = fields.choice(_l("Who sees it"), Sharing, default=Sharing.PRIVATE)

    @property
    def page(self) -> Any:
        """What its page shows, worked out once a request: what it is asked for stands in the address."""
        from app.modules.reports import showing

        kept = request.environ.setdefault("opsflux.report", {})
        if self.id not in kept:
            kept[self.id] = showing.page_of(self)
        return kept[self.id]


class ReportRun(Record):
    """One run whose figures were written down: when the rows were asked for, by what, for whom, and the hash of what they said."""

    __tablename__ = "reports_run"
    __prefix__ = "RR"
    __record_name__: ClassVar[str] = "run"
    __label__, __plural__, __slug__ = _l("Run of a report"), _l("Runs of reports"), "runs"

    title: Mapped[str] = fields.text(_l("Report"), max_length=160)
    report_id: Mapped[UUID | None] = fields.reference("reports_report", _l("Own report"), required=False)
    runner_id: Mapped[UUID | None] = fields.reference("member", _l("Run for"), required=False, groups=False)
    written_as: Mapped[Form] = fields.choice(_l("Written as"), Form, default=Form.PDF)
    status: Mapped[Outcome] = fields.choice(_l("State"), Outcome, default=Outcome.UNDER_WAY)
    asked_at: Mapped[datetime | None] = fields.moment(_l("Time of the query"), required=False)
    seconds: Mapped[Decimal | None] = fields.decimal(_l("Took, in seconds"), scale=3, required=False)
    rows: Mapped[int | None] = fields.integer(_l("Rows"), required=False)
    filters: Mapped[str | None] = fields.long_text(_l("Filters"), max_length=4_000)
    rows_hash: Mapped[str | None] = fields.text(_l("Hash of the rows"), max_length=64, required=False, sortable=False)
    error: Mapped[str | None] = fields.long_text(_l("Reason"), required=False)
    source: Mapped[str] = mapped_column(default="", info={"label": _l("Report that comes with a module")})
    layout: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, info={"audited": False})
    file_id: Mapped[UUID | None] = mapped_column(Uuid, info={"audited": False})
    job_id: Mapped[UUID | None] = mapped_column(Uuid, info={"audited": False})

    @cached_property
    def shown(self) -> Any:
        """What its page shows beside its fields."""
        from app.modules.reports import showing

        return showing.run_of(self)


_run = ReportRun.__table__
Index("ix_reports_run_source", _run.c.organisation_id, _run.c.source, _run.c.id)
