"""Where the pages of reports are."""

from __future__ import annotations

from typing import Any

from flask import url_for

from app.kernel.current import current
from app.kernel.manifest import Ledger, Resource
from app.resources.urls import list_url


def home_of(resource: Resource) -> str:
    """Where what a report is about is looked at one by one."""
    if isinstance(resource, Ledger):
        return f"/{current.organisation.slug}/{resource.page}" if resource.page else ""
    return list_url(resource)


def builder(report: Any = None) -> str:
    """The page on which a report is put together."""
    return url_for("report_builder.change", ref=report.reference) if report else url_for("report_builder.make")


def page(report: Any) -> str:
    """The page of a report, with its rows."""
    from app.resources.urls import url_of

    return url_of(report)
