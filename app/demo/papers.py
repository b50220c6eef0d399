"""Two templates of documents to begin with: an incident as a Word report, and the list of requisitions as an Excel sheet."""

from __future__ import annotations

from datetime import timedelta

from app.core import files
from app.core.documents import starters
from app.core.documents.filling import TYPES
from app.demo.flow import acting_at
from app.demo.staff import Staff
from app.kernel import clock
from app.kernel.door import perform_one
from app.kernel.registry import registry

PAPERS = (("Incident report", "hse.incident", "record", "docx"), ("Purchase list", "procurement.requisition", "list", "xlsx"))


def share(staff: Staff) -> None:
    """The owner makes the templates and gives each its file, through the door, as by hand."""
    with acting_at(staff.with_role("owner")[0], clock.now() - timedelta(days=3)):
        for name, subject, scope, kind in PAPERS:
            made = perform_one("documents.template", "create", data={
                "name": name, "subject": subject, "scope": scope, "kind": kind, "language": "en", "active": True}).record
            drawn = (starters.word_starter if kind == "docx" else starters.sheet_starter)(registry.resource(subject), many=scope == "list")
            file = files.store(drawn, f"{name.lower().replace(' ', '-')}.{kind}", TYPES[kind])
            perform_one("documents.template", "upload", made, {"file": str(file.id), "note": "To begin with"})
