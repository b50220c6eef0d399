"""What is checked when a report is saved, and what it is asked to do."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.core import access
from app.kernel.current import current
from app.kernel.fields import Form as Asked
from app.kernel.fields import choice, text
from app.modules.reports import running
from app.modules.reports.layout import of_record
from app.modules.reports.models import Form, Report, ReportRun
from app.resources.querying import narrowed


class Writing(Asked):
    """Asked when a report is run."""

    written_as = choice(_l("Written as"), Form, default=Form.PDF)
    values = text(_l("Values"), max_length=2_000, required=False, extra={"samples": ("",)}, help=_l(
        "What is said to what the report asks for, as in a list's address: paid_on=last-month. What is not named keeps its beginning."))


def before_save(report: Report) -> None:
    """Check that all its words mean something, to whoever saves it. Raises `Invalid`, `Forbidden`."""
    layout = of_record(report)
    access.require(current.user, layout.resource.permission("view"))
    narrowed(layout.wanted)


def run(report: Report, written_as: Any = Form.PDF, values: str | None = "") -> Report:
    """Run the report; its run stands in its history."""
    running.run_report(report, written_as=Form(written_as or Form.PDF), values=values or "")
    return report


def again(made: ReportRun) -> ReportRun:
    """The same once more, with the records as they are now."""
    running.again(made)
    return made
