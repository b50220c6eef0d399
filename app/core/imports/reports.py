"""The reports that come with imports."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import ReportOf

ROWS = ("row_count", "created_count", "updated_count", "refused_count")
TOTALS = tuple(f"{name}:sum" for name in ROWS)

REPORTS = (
    ReportOf("imports.by_kind", _l("Imports by kind of record"), "imports.came",
             ("reference", "filename", "importer", "state", "created_at", *ROWS),
             _l("The files of the last ninety days: rows read, taken and refused."),
             filters="created_at__gte=today-90", sort="-created_at", group="resource", totals=TOTALS, chart="bar"),
    ReportOf("imports.by_person", _l("Imports by person"), "imports.came",
             ("reference", "resource", "filename", "state", "created_at", *ROWS, "seconds"),
             _l("Who brought in what in the last ninety days, and how much of it was refused."),
             filters="created_at__gte=today-90", sort="-created_at", group="importer", totals=(*TOTALS, "seconds:median"), chart="bar"),
)
