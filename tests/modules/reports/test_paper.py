"""A report on paper: heads on every page, numbers, contents, groups with what they come to, charts; long ones in the background."""

from __future__ import annotations

import io
import subprocess
import tempfile
import time
from datetime import date, timedelta

import pytest
from pypdf import PdfReader

from app.core import charts
from app.kernel import jobs
from app.kernel.config import PROJECT
from app.kernel.jobs import DONE, Job
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from app.modules.procurement.models import Payment, Supplier
from app.modules.reports import layout, reading, writing
from app.modules.reports.models import Outcome, Report, ReportRun
from tests.modules.office import Office
from tests.modules.reports.test_reports import latest, report, run

LONG = "Repair of the northern access road, second part, with the survey that the insurer asked for. " * 5


def paid(office: Office, count: int, purpose: str = "Work") -> None:
    """So many payments to three suppliers, a day apart."""
    with office.as_("olive") as work:
        suppliers = [Supplier(name=name) for name in ("Acme", "Beta", "Gamma")]
        assign(suppliers)
        for each in suppliers:
            refresh_keys(each)
        work.add_all(suppliers)
        work.flush()
        made = [Payment(supplier_id=suppliers[n % 3].id, amount=100 * (n + 1), currency="GBP",
                        paid_on=date(2025, 1, 1) + timedelta(days=n % 300), purpose=f"{purpose} {n}", transaction_number=f"T-{n}")
                for n in range(count)]
        assign(made)
        for payment in made:
            refresh_keys(payment)
        work.add_all(made)


def valid(content: bytes) -> None:
    """That a validator of PDF files finds nothing to say about it: qpdf, which the tests install for themselves."""
    subprocess.run([str(PROJECT / ".ci" / "need-server"), "qpdf", "qpdf", "PDF files"], check=True, timeout=600)
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(content)
        file.flush()
        said = subprocess.run(["qpdf", "--check", file.name], capture_output=True, text=True, timeout=120, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "No syntax or stream encoding errors found" in said.stdout


def test_the_validator_sees_what_is_broken() -> None:
    with pytest.raises(AssertionError):
        valid(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 9 0 R >>\n%%EOF\n")


def pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


@pytest.mark.requirement("OF-339", "OF-341")
def test_200_rows_run_over_pages_with_the_head_on_each(office: Office) -> None:
    paid(office, 200)
    made, content = run(office, report(office, columns="transaction_number, paid_on, amount", sort="paid_on"), "pdf")
    found = pages(content)
    valid(content)
    assert len(found) > 3
    assert all("Transaction number" in page and "Payment day" in page for page in found)
    assert all(f"Page {number} / " in page and f"{len(found)}" in page for number, page in enumerate(found, start=1))
    text = "\n".join(found)
    assert all(f"T-{n}\n" in text for n in range(200))
    assert made.rows == 200
    assert made.rows_hash in text


@pytest.mark.requirement("OF-340")
def test_60_pages_are_written_in_the_background_complete_and_numbered(office: Office) -> None:
    paid(office, 1_010, LONG)
    made = report(office, columns="transaction_number, paid_on, purpose, amount", grouped_by="supplier", totals="amount:sum")
    found, content = run(office, made, "pdf")
    assert (found.status, content) == (Outcome.UNDER_WAY, b"")
    began = time.monotonic()
    while jobs.turn(office.place.id):
        pass
    took = time.monotonic() - began
    found, content = latest(office, made)
    assert [each.state for each in office.all(Job, Job.id == found.job_id)] == [DONE]
    text = pages(content)
    assert found.status is Outcome.DONE
    assert len(text) >= 60
    assert took < 20, took
    whole = "\n".join(text)
    assert all(f"T-{n}\n" in whole for n in range(1_010))
    assert "Contents" in text[0]
    assert all(f"Page {number} / " in page for number, page in enumerate(text, start=1))
    outline = [each.title for each in PdfReader(io.BytesIO(content)).outline]
    assert outline == ["Acme", "Beta", "Gamma"]
    assert "£170,185.00" in whole  # Acme's
    assert "£510,555.00" in text[-1]


@pytest.mark.requirement("OF-338")
@pytest.mark.parametrize("kind", ["bar", "line", "pie"])
def test_each_kind_of_chart_is_drawn_with_the_right_values(office: Office, kind: str) -> None:
    paid(office, 6)
    made = report(office, columns="transaction_number, amount", grouped_by="supplier", totals="amount:sum", chart=kind)
    _run, content = run(office, made, "pdf")
    with office.as_("olive") as work:
        asked = layout.of_record(work.get_one(Report, (office.place.id, made)))
        chart = writing.chart_of(asked, reading.figures_of(asked, shown=True))
        assert chart is not None
        assert chart.kind == kind
        assert charts.table(chart)[1:] == [["Acme", "£5.00"], ["Beta", "£7.00"], ["Gamma", "£9.00"]]
        drawn = charts.summary(chart)
    text = " ".join(" ".join(pages(content)).split())
    assert drawn in text
    assert all(name in text for name in ("Acme", "Beta", "Gamma"))
    assert len(office.all(ReportRun)) == 1
