"""Imports as the rest of the system knows them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.imports.ledgers import LEDGERS
from app.core.imports.reports import REPORTS
from app.kernel.manifest import Module, Setting

module = Module(
    "imports", label=_l("Imports"), icon="upload", section="system", ledgers=LEDGERS, reports=REPORTS,
    settings=(
        Setting("imports.max_megabytes", _l("Largest file to import, in megabytes"), "integer", 50, minimum=1, maximum=100),
        Setting("imports.max_rows", _l("Most rows in one import"), "integer", 200_000, minimum=100, maximum=1_000_000),
    ),
    says={
        "imports.import_run.take_back": _l("%(name)s stopped %(record)s, and what it had written was taken back"),
        "imports.import_run.roll_back": _l("%(name)s rolled %(record)s back"),
    },
)
