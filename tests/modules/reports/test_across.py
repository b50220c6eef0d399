"""Groups down and groups across: the same figures on the page, on paper and in the workbook, from one query; and what a page leaves out."""

from __future__ import annotations

import io

import openpyxl
import pytest
from pypdf import PdfReader

from app.kernel.errors import Invalid
from app.modules.reports import layout, reading
from app.modules.reports.models import Report
from tests.modules.office import Office
from tests.modules.reports.test_paper import paid
from tests.modules.reports.test_reports import Visit, payments, report, run
from tests.modules.visitor import words

CROSSED = {"columns": "paid_on, amount, purpose", "sort": "paid_on", "grouped_by": "supplier", "across": "paid_on:month",
           "totals": "amount:sum"}
__all__ = ["payments"]


def test_page_paper_and_workbook_have_the_same_figures(payments: Office, visit: Visit) -> None:
    made = report(payments, **CROSSED)
    page = words(visit("olive").get(f"/reports/reports/{payments.get(Report, made).reference}/"))
    said = ("Supplier June 2026 July 2026 All of it Acme £12.50 £7.25 £19.75 Beta £100.00 – £100.00 "
            "All of it £112.50 £7.25 £119.75")
    assert said in page
    assert "2 down, 2 across. The highest is £100.00: Beta, June 2026." in page
    _run, content = run(payments, made, "pdf")
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())
    for row in ("Acme £12.50 £7.25 £19.75", "Beta £100.00 – £100.00", "All of it £112.50 £7.25 £119.75"):
        assert row in text
    found, content = run(payments, made, "xlsx")
    assert [[cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(content))["Across"].iter_rows()] == [
        ["Supplier", "June 2026 (GBP)", "July 2026 (GBP)", "All of it (GBP)"],
        ["Acme", 12.5, 7.25, 19.75], ["Beta", 100, None, 100], ["All of it", 112.5, 7.25, 119.75]]
    assert found.rows_hash == _run.rows_hash


def test_without_a_total_rows_are_counted(payments: Office) -> None:
    made = report(payments, **CROSSED | {"totals": ""})
    _run, content = run(payments, made, "xlsx")
    assert [[cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(content))["Across"].iter_rows()][1:] == [
        ["Acme", 1, 1, 2], ["Beta", 1, None, 1], ["All of it", 2, 1, 3]]


def test_too_many_columns_are_refused_with_the_way_out(office: Office, visit: Visit) -> None:
    paid(office, reading.MOST_ACROSS + 1)
    made = report(office, **CROSSED | {"across": "paid_on:day"})
    with pytest.raises(Invalid) as refused:
        run(office, made, "csv")
    sentence = "“Payment day” has 13 values; at most 12 stand side by side. Narrow the report by a filter, take a longer span of days"
    assert sentence in str(refused.value.errors["across"][0])
    assert sentence in words(visit("olive").get(f"/reports/reports/{office.get(Report, made).reference}/"))


def test_a_table_across_needs_other_groups(payments: Office) -> None:
    for said in ({"grouped_by": ""}, {"across": "supplier"}, {"across": "suplier"}):
        with pytest.raises(Invalid) as refused:
            report(payments, **CROSSED | said)
        assert "across" in refused.value.errors


def test_the_builder_asks_what_stands_across(payments: Office, visit: Visit) -> None:
    answer = visit("olive").post("/reports/build?resource=procurement.payment", {
        "r-resource": "procurement.payment", "r-do": "save", "r-title": "By month", "r-sharing": "private",
        "r-column": ["paid_on", "amount"], "r-grouped_by": "supplier", "r-across": "paid_on",
        "r-across-span": "year", "r-total": "amount:sum"})
    assert answer.status_code == 303, words(answer.text)
    assert payments.all(Report)[0].across == "paid_on:year"


def test_one_query_reads_rows_and_table(payments: Office) -> None:
    made = report(payments, **CROSSED)
    with payments.as_("olive") as work:
        asked = layout.of_record(work.get_one(Report, (payments.place.id, made)))
        found = reading.figures_of(asked, shown=True)
    assert [(each.label, each.tally.count) for each in found.across] == [("June 2026", 2), ("July 2026", 1)]
    assert sum(tally.count for group in found.groups for tally in group.cells.values()) == found.count == 3


def test_a_page_says_how_many_rows_it_leaves_out(office: Office, visit: Visit) -> None:
    paid(office, 503)
    page = words(visit("olive").get(f"/reports/reports/{office.get(Report, report(office)).reference}/"))
    assert "500 of 503 rows are shown here, 3 are not. The files have all of them; the totals count them all. PDF Excel (XLSX) CSV" in page


def test_the_builder_opens_a_report_of_more_rows_than_it_previews(office: Office, visit: Visit) -> None:
    paid(office, 23)
    page = words(visit("olive").get(f"/reports/reports/{office.get(Report, report(office)).reference}/build"))
    assert "20 of 23 rows are shown here, 3 are not." in page
