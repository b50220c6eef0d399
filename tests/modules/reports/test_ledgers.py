"""Reports about what comes about by itself: answers to requests, the audit trail, jobs, imports; with what the reader may see."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from app.core import audit, files
from app.kernel import clock, ledgers
from app.kernel.db import session
from app.kernel.errors import DeclarationError, Forbidden
from app.kernel.fields import Field, fields_of
from app.kernel.jobs import FAILED, Job
from app.kernel.manifest import Ledger, Module
from app.kernel.registry import registry
from app.modules.reports import running
from app.modules.reports.layout import Place
from app.modules.reports.models import Form
from app.modules.reports.reading import figures_of
from app.modules.reports.tallying import Tally
from tests.modules.office import Office
from tests.modules.visitor import Visitor, words

Visit = Callable[[str], Visitor]
ABOUT = ("approvals", "audit", "hse", "imports", "jobs", "procurement")


def test_there_are_reports_about_approvals_audit_safety_procurement_imports_and_jobs(app: Flask) -> None:
    assert {name: len([key for key in registry.reports if key.startswith(f"{name}.")]) > 1 for name in ABOUT} == dict.fromkeys(ABOUT, True)
    assert len(registry.reports) >= 20


def test_every_report_about_a_ledger_opens_and_is_written_even_with_nothing_in_it(office: Office, visit: Visit) -> None:
    keys = [key for key, each in registry.reports.items() if each.resource in registry.ledgers]
    assert len(keys) == 11
    olive = visit("olive")
    assert all(olive.get(f"/reports/prebuilt/{key}") for key in keys)
    with office.as_("olive"):
        for key in keys:
            if not key.startswith("audit."):  # what is confidential is taken out after proving oneself only
                assert running.begin(running.layout_of(running.prebuilt(key)), Form.XLSX, source=key, here=True).file_id is not None


def test_how_long_work_takes_is_the_same_on_the_page_and_in_the_sheet(office: Office, visit: Visit) -> None:
    now = clock.now()
    with office.as_("olive"):
        for seconds in (1, 2, 3, 10):
            session().add(Job(title=f"Work of {seconds}", function="tests.nothing", state=FAILED, created_at=now, due_at=now,
                              started_at=now, finished_at=now + timedelta(seconds=seconds), error="It broke."))
    page = words(visit("olive").get("/reports/prebuilt/jobs.failed"))
    assert "Work of 10" in page
    assert "It broke." in page
    with office.as_("olive"):
        layout = running.layout_of(running.prebuilt("jobs.failed"))
        assert figures_of(layout, shown=True).tally.words(layout.columns[4], layout.totals) == ["16", "Largest 10"]
        run = running.begin(layout, Form.XLSX, source="jobs.failed", here=True)
        with files.open_file(files.find(run.file_id)) as source:
            book = openpyxl.load_workbook(io.BytesIO(source.read()))
    assert [row[-2:] for row in book["Totals"].iter_rows(values_only=True)][-1] == (16, 10)


def test_the_middle_and_nine_in_ten_are_what_postgresql_says(app: Flask) -> None:
    place = Place("seconds", fields_of(registry.ledgers["jobs.job"].model)["seconds"])
    tally = Tally()
    for value in (1, 2, 3, 10):
        holder = type("Row", (), {"seconds": Decimal(value)})()
        tally.add([(place, "median")], lambda _place, row=holder: row)
    assert tally.values(place, "median") == [("", Decimal("2.5"))]
    assert tally.values(place, "p90") == [("", Decimal("7.9"))]


def test_refused_sign_ins_stand_in_their_report_and_only_for_whom_the_trail_is(office: Office, visit: Visit) -> None:
    with office.as_("olive"):
        audit.note("auth.sign_in", resource="auth.account", result="refused", context={"reason": "password"})
    assert "The password was wrong." in words(visit("olive").get("/reports/prebuilt/audit.refused_sign_ins"))
    assert visit("cleo").client.get("/office/reports/prebuilt/audit.refused_sign_ins").status_code == 403
    assert "Refused sign-ins" not in words(visit("cleo").get("/reports/"))


def test_a_ledger_names_what_is_wrong_with_it(app: Flask) -> None:
    model = ledgers.rows("tried", select(Job.organisation_id, Job.id, Job.title), title=Field("text", "Job", sortable=False))
    good = {"model": model, "columns": ("title",), "key": "tried", "label": "T", "plural": "Ts", "needs": "jobs.job.view", "sort": "title"}
    assert ledgers.complete(Module("jobs", label="Jobs"), Ledger(**good)).key == "jobs.tried"
    with pytest.raises(DeclarationError, match="Did you mean “title”"):
        ledgers.complete(Module("jobs", label="Jobs"), Ledger(**good | {"columns": ("titel",)}))
    with pytest.raises(DeclarationError, match="permission"):
        ledgers.complete(Module("jobs", label="Jobs"), Ledger(**good | {"needs": ""}))
    with pytest.raises(DeclarationError, match="error"):
        ledgers.rows("tried", select(Job.organisation_id, Job.id), error=Field("text", "Error"))


def test_a_report_of_ones_own_can_be_about_a_ledger(office: Office, visit: Visit) -> None:
    assert "Took, in seconds" in words(visit("olive").get("/reports/build?resource=jobs.job"))
    made = office.make("reports.report", "olive", {"title": "Slow work", "resource": "jobs.job", "columns": "title, seconds",
                                                   "totals": "seconds:p90", "sort": "-created_at"}).record_id
    assert made is not None
    with pytest.raises(Forbidden):
        office.make("reports.report", "cleo", {"title": "Slow work", "resource": "audit.entry", "columns": "at, action"})


def test_a_report_that_comes_along_is_asked_for_other_days_by_its_address_and_its_file_says_so(office: Office, visit: Visit) -> None:
    now = clock.now()
    with office.as_("olive"):
        for title, days in (("Nightly copy", 1), ("Long ago", 60)):
            session().add(Job(title=title, function="tests.nothing", state=FAILED, created_at=now - timedelta(days=days), due_at=now))
    olive = visit("olive")
    assert "Long ago" not in words(olive.get("/reports/prebuilt/jobs.failed"))
    asked = words(olive.get("/reports/prebuilt/jobs.failed?asked=1&state=failed&created_at__lte=today-30"))
    assert "Long ago" in asked
    assert "Nightly copy" not in asked
    assert olive.client.get("/office/reports/prebuilt/jobs.failed?asked=1&created_at__gte=soon").status_code == 422
    with office.as_("olive"):
        asked_for = running.layout_of(running.prebuilt("jobs.failed"), "state=failed&created_at__lte=today-30")
        made = running.begin(asked_for, Form.CSV, source="jobs.failed", here=True)
        assert made.rows == 1
        assert "Asked at ≤" in (made.filters or "")
