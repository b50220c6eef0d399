"""Running a report: at once while it is short, as a job with progress when it is long; each run is kept with what it said."""

from __future__ import annotations

from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, select, true

from app.core import audit, exports, files
from app.kernel import jobs
from app.kernel.current import current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import NotFound, Refusal
from app.kernel.manifest import ReportOf
from app.kernel.outbox import GiveUp
from app.kernel.records import new_id
from app.kernel.references import assign
from app.kernel.registry import registry
from app.modules.reports import policy
from app.modules.reports.addresses import home_of
from app.modules.reports.asking import answered
from app.modules.reports.layout import Layout, address_of, said_of, understood
from app.modules.reports.models import Form, Outcome, Report, ReportRun
from app.modules.reports.reading import figures_of
from app.modules.reports.writing import TYPES, filters_in_words, write
from app.resources.querying import narrowed

AT_ONCE = {Form.PDF: 1_000, Form.XLSX: 5_000, Form.CSV: 5_000}
RUN = "reports.report.run"


def run_report(report: Report, *, written_as: Form = Form.PDF, values: str = "") -> ReportRun:
    """Run a report of one's own, or one that is shared, with what is said to its parameters; what comes of it is the run."""
    return begin(answered(report, values), Form(written_as), report=report)


def prebuilt(key: str) -> ReportOf:
    """The report that a module brings under that key. Raises `NotFound`."""
    found = registry.reports.get(key)
    if found is None:
        raise NotFound(_("No module brings this report any more."))
    return found


def layout_of(declared: ReportOf, asked: str | None = None) -> Layout:
    """The layout of a report that comes with a module; `asked` are filters instead of those that it begins with. Raises `Invalid`."""
    return understood(str(declared.label), said_of(declared) | ({} if asked is None else {"filters": asked}))


def again(run: ReportRun) -> ReportRun:
    """The same once more, with the records as they are now: a new run, which the old one stays beside."""
    report = session().get(Report, (current.organisation.id, run.report_id)) if run.report_id else None
    return begin(understood(run.title, run.layout), run.written_as, report=report, source=run.source)


def begin(layout: Layout, form: Form, *, report: Report | None = None, source: str = "", here: bool = False) -> ReportRun:
    """Keep a run, and write its file: now when it is short or when `here` says so, otherwise as a job. Raises `Forbidden`, `Invalid`."""
    policy.require(layout.resource, export=True)
    run = ReportRun(id=new_id(), title=layout.title, report_id=report.id if report else None, source=source, written_as=form,
                    runner_id=None if current.user.is_system else current.user.id, layout=dict(layout.said),
                    filters=filters_in_words(layout) or None, status=Outcome.UNDER_WAY)
    assign([run])
    with audit.doing("reports.run.create"):
        session().add(run)
        session().flush()
        if here or not _is_long(layout, AT_ONCE[form]):
            _write(run, layout)
        else:
            run.job_id = jobs.enqueue(work_off, str(run.id), title=_("Report: %(title)s", title=layout.title)).id
        session().flush()
    return run


def work_off(run_id: str) -> None:
    """The job: write the file of a run, keep it, announce it."""
    job = jobs.current_job()
    try:
        with audit.doing("reports.run.finish"), unit_of_work():
            run = session().get_one(ReportRun, (current.organisation.id, UUID(run_id)))
            layout = understood(run.title, run.layout)
            policy.require(layout.resource, export=True)
            total = session().scalar(select(func.count()).select_from(narrowed(layout.wanted).with_only_columns(true()).subquery())) or 0
            file = _write(run, layout, told=lambda steps: job.tell(steps, 2 * total))
            job.finish(file_id=file.id, result={"rows": run.rows, "name": file.name, "bytes": file.size, "sha256": file.sha256})
    except Refusal as error:
        with audit.doing("reports.run.fail"), unit_of_work():
            run = session().get_one(ReportRun, (current.organisation.id, UUID(run_id)))
            run.status, run.error = Outcome.FAILED, str(error)
        raise GiveUp(str(error)) from error


def _write(run: ReportRun, layout: Layout, told: Any = None) -> files.StoredFile:
    """Read the rows once, write them, and keep what they said. The export is audited as that of the list is."""
    figures = figures_of(layout, shown=run.written_as is Form.PDF, told=told)
    with SpooledTemporaryFile(max_size=4 * 1024 * 1024) as target:
        path = f"/{current.organisation.slug}/reports/runs/{run.reference}/"
        write(layout, figures, run.written_as, cast("BinaryIO", target), path, run.reference, told)
        target.seek(0)
        name = exports.file_name(run.reference.lower(), run.written_as.value)
        file = files.store(cast("BinaryIO", target), name, TYPES[run.written_as], purpose="export")
    run.file_id, run.rows, run.rows_hash, run.asked_at = file.id, figures.count, figures.rows_hash, figures.asked_at
    run.seconds, run.status = Decimal(str(figures.seconds)), Outcome.DONE
    taken = f"{layout.resource.key}.export"  # what a ledger asks for may be called otherwise
    audit.note(taken, resource=layout.resource.key, record=None, context={
        "format": run.written_as.value, "rows": figures.count, "filters": address_of(layout.wanted), "report": run.reference,
        "list": home_of(layout.resource)})
    return file


def _is_long(layout: Layout, most: int) -> bool:
    limited = narrowed(layout.wanted).with_only_columns(true()).limit(most + 1).subquery()
    return (session().scalar(select(func.count()).select_from(limited)) or 0) > most
