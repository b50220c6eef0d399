"""A report is built and run: exactly the columns, rows and order that were asked for, on the page, on paper and in a sheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import func, select

from app.core import access, files
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Forbidden, Invalid
from app.kernel.registry import registry
from app.modules.reports import showing
from app.modules.reports.models import Outcome, Report, ReportRun
from tests.modules.office import Office
from tests.modules.visitor import Visitor, words

Visit = Callable[[str], Visitor]
PAYMENTS = (("Acme", "12.50", "2026-06-02"), ("Beta", "100.00", "2026-06-03"), ("Acme", "7.25", "2026-07-01"))


@pytest.fixture
def payments(office: Office) -> Office:
    """Three payments to two suppliers."""
    made = {name: office.make("procurement.supplier", "cleo", {"name": name}).record_id for name in ("Acme", "Beta")}
    for number, (name, amount, day) in enumerate(PAYMENTS):
        office.make("procurement.payment", "cleo", {"supplier": str(made[name]), "amount": amount, "paid_on": day,
                                                    "purpose": f"Work {number}", "transaction_number": f"T-{number}"})
    return office


def report(office: Office, by: str = "olive", **said: str) -> UUID:
    """A report of somebody's own."""
    found = office.make("reports.report", by, {"title": "Payments", "resource": "procurement.payment", **said}).record_id
    assert found is not None
    return found


def run(office: Office, report_id: UUID, form: str, by: str = "olive") -> tuple[ReportRun, bytes]:
    """Run it, with the bytes of its file."""
    office.act("reports.report", "run", report_id, by, {"written_as": form})
    return latest(office, report_id)


def latest(office: Office, report_id: UUID) -> tuple[ReportRun, bytes]:
    """The last run, with the bytes of its file."""
    with office.as_() as work:
        made = work.scalars(select(ReportRun).where(ReportRun.report_id == report_id).order_by(ReportRun.id.desc())).first()
        assert made is not None
        content = b""
        if made.file_id:
            with files.open_file(files.find(made.file_id)) as source:
                content = source.read()
        work.expunge(made)
    return made, content


def sheet(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.requirement("OF-544")
def test_a_report_has_exactly_the_columns_rows_and_order_that_were_asked_for(payments: Office, visit: Visit) -> None:
    olive = visit("olive")
    answer = olive.post("/reports/build?resource=procurement.payment", {
        "r-resource": "procurement.payment", "r-do": "save", "r-title": "Acme, the dearest first", "r-sharing": "private",
        "r-column": ["reference", "amount", "supplier.name", "purpose"], "r-at-amount": "1", "r-at-supplier.name": "2", "r-at-purpose": "3",
        "r-at-reference": "4", "transaction_number__ic": "T-", "amount__gte": "7", "amount__lte": "50", "r-sort": "amount",
        "r-descending": "1"})
    assert answer.status_code == 303, words(answer.text)
    made = payments.all(Report)[0]
    assert made.columns == "amount, supplier.name, purpose, reference"
    _run, content = run(payments, made.id, "csv")
    found = sheet(content)
    assert found[0] == ["Amount", "Supplier: Name", "Purpose", "Reference"]
    assert [row[:3] for row in found[1:]] == [["12.50", "Acme", "Work 0"], ["7.25", "Acme", "Work 2"]]
    page = words(olive.get(f"/reports/reports/{made.reference}/"))
    assert "£12.50 Acme Work 0" in page
    assert page.index("£12.50 Acme") < page.index("£7.25 Acme")
    assert "£100.00" not in page


def test_what_means_nothing_is_refused_with_the_nearest_right_word(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        report(office, columns="refrence, amount", filters="amuont__gte=3", sort="amont", grouped_by="suplier", totals="purpose:sum")
    said = {name: str(sentences[0]) for name, sentences in refused.value.errors.items()}
    assert set(said) == {"columns", "filters", "sort", "grouped_by", "totals"}
    assert "“reference”" in said["columns"]
    assert "amount" in said["filters"]
    with pytest.raises(Invalid):
        report(office, filters="paid_on__gte=yesterday")


@pytest.mark.requirement("OF-343")
def test_the_workbook_has_typed_cells_and_totals(payments: Office) -> None:
    made = report(payments, columns="paid_on, amount, purpose", grouped_by="supplier", totals="amount:sum", sort="paid_on")
    found, content = run(payments, made, "xlsx")
    book = openpyxl.load_workbook(io.BytesIO(content))
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert rows[0] == ["Supplier", "Payment day", "Amount", "Purpose"]
    assert [row[0] for row in rows[1:]] == ["Acme", "Acme", "Beta"]
    assert [type(cell).__name__ for cell in rows[1]] == ["str", "datetime", "float", "str"]
    totals = [[cell.value for cell in row] for row in book["Totals"].iter_rows()]
    assert totals == [["Supplier", "Rows", "Amount, Sum (GBP)"], ["Acme", 2, 19.75], ["Beta", 1, 100], ["All of it", 3, 119.75]]
    about = {row[0].value: row[1].value for row in book["About"].iter_rows(min_row=2)}
    assert about["Hash of the rows"] == found.rows_hash
    assert about["Run for"] == "Olive Owner"


def test_page_paper_and_sheet_say_the_same_hash_and_a_change_says_another(payments: Office, visit: Visit) -> None:
    made = report(payments, columns="paid_on, amount", filters="amount__lte=50")
    hashes = {run(payments, made, form)[0].rows_hash for form in ("pdf", "xlsx", "csv")}
    assert len(hashes) == 1
    assert hashes.pop() in visit("olive").get(f"/reports/reports/{payments.get(Report, made).reference}/")
    other = report(payments, columns="paid_on, amount")
    assert run(payments, other, "csv")[0].rows_hash != run(payments, made, "csv")[0].rows_hash


def test_nobody_gets_more_than_their_list_shows(payments: Office, visit: Visit) -> None:
    shared = report(payments, sharing="shared", resource="audit.hold")
    reference = payments.get(Report, shared).reference
    assert visit("mo").client.get(f"/office/reports/reports/{reference}/").status_code == 404
    assert visit("olive").client.get(f"/office/reports/reports/{reference}/").status_code == 200
    with pytest.raises(Forbidden):
        report(payments, by="mo", resource="audit.hold")
    private = report(payments, by="cleo")
    assert visit("olive").client.get(f"/office/reports/reports/{payments.get(Report, private).reference}/").status_code == 404


def test_a_run_and_its_file_are_of_whoever_ran_it(payments: Office, visit: Visit) -> None:
    made, _content = run(payments, report(payments, sharing="shared"), "pdf")
    assert made.status is Outcome.DONE
    page = visit("olive").get(f"/reports/runs/{made.reference}/")
    link = re.search(r'href="/office(/files/[^"]+)"', page)
    assert link, words(page)
    assert visit("olive").client.get(f"/office{link[1]}").data.startswith(b"%PDF")
    assert visit("cleo").client.get(f"/office/reports/runs/{made.reference}/").status_code == 404
    assert visit("cleo").client.get(f"/office{link[1]}").status_code == 404


def test_all_reports_that_come_along_open_run_and_refuse(payments: Office, visit: Visit) -> None:
    assert len(registry.reports) >= 12
    olive, mo = visit("olive"), visit("mo")
    for key, declared in registry.reports.items():
        page = olive.get(f"/reports/prebuilt/{key}")
        assert str(declared.label) in words(page)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token
        answer = olive.client.post(f"/office/reports/prebuilt/{key}/run", data={"csrf_token": token[1], "written_as": "xlsx"})
        assert answer.status_code == 303, (key, words(answer.text))
        assert "/reports/runs/RR-" in answer.headers["Location"]
        olive.get(f"/reports/build?origin={key}")
        with payments.as_("mo"):
            may = bool(access.can(current.user, showing.needed_for(declared)))
        assert mo.client.get(f"/office/reports/prebuilt/{key}").status_code == (200 if may else 403), key
    with payments.as_():
        assert session().scalar(select(func.count()).select_from(ReportRun).where(ReportRun.source != "")) == len(registry.reports)
