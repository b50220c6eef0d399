"""Exporting a list: just its rows, as filtered; large ones as a job; and back again without a change."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pytest
from flask import Flask
from pypdf import PdfReader

from app.modules.procurement.models import Payment, Supplier
from app.resources.features import exporting
from tests.core.imports.conftest import Wizard, records
from tests.core.imports.conftest import stand as stand_of_imports
from tests.core.stand import Stand

stand = stand_of_imports
FILE = "Supplier,Amount,Payment day,Transaction number,Purpose,Capital or revenue\n" + "".join(
    f'"{"=Acme" if n % 2 else "Beta, Söhne"}",{n}.50,2026-06-{n + 1:02d},T-{n},"-note {n}",{"Capital" if n % 2 else ""}\n' for n in range(8)
)


@pytest.fixture
def wizard(app: Flask, stand: Stand) -> Wizard:
    """The pages, with eight payments in the list."""
    made = Wizard(app, stand)
    made.run(FILE.encode())
    assert len(records(stand, Payment)) == 8, made.failed()
    return made


def rows(wizard: Wizard, query: str = "") -> list[list[str]]:
    answer = wizard.get(f"/procurement/payments/export?format=csv{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";" if "semicolon" in query else ","))


@pytest.mark.requirement("OF-175", "OF-180")
def test_the_file_has_the_rows_of_the_list_and_only_those(wizard: Wizard) -> None:
    found = rows(wizard)
    assert len(found) == 9
    assert found[0][:2] == ["Reference", "Payment day"]
    assert sorted(r[found[0].index("Amount")] for r in found[1:]) == sorted(f"{n}.50" for n in range(8))
    assert len(rows(wizard, "&amount__gte=2&amount__lte=5")) == 4
    assert len(rows(wizard, "&q=T-3")) == 2
    assert len(rows(wizard, "&separator=semicolon")) == 9


def test_a_wrong_format_or_filter_is_refused_with_the_right_ones(wizard: Wizard) -> None:
    assert wizard.get("/procurement/payments/export?format=doc").status_code == 422
    assert wizard.get("/procurement/payments/export?format=csv&amuont=3").status_code == 422


def test_workbook_json_and_pdf_hold_the_same(wizard: Wizard) -> None:
    book = openpyxl.load_workbook(io.BytesIO(wizard.get("/procurement/payments/export?format=xlsx").data))
    assert book.worksheets[0].max_row == 9
    assert {c.value for c in book.worksheets[0]["C"]} == {"Supplier", "=Acme", "Beta, Söhne"}
    found = json.loads(wizard.get("/procurement/payments/export?format=json").data)
    assert {f["amount"] for f in found} == {f"{n}.50" for n in range(8)}
    pdf = PdfReader(io.BytesIO(wizard.get("/procurement/payments/export?format=pdf").data))
    text = "\n".join(page.extract_text() for page in pdf.pages)
    assert all(p["reference"] in text for p in found)
    assert "Printed by" in text


@pytest.mark.parametrize("form", ["csv", "xlsx", "ods", "json", "jsonl"])
def test_out_and_in_again_changes_nothing(wizard: Wizard, stand: Stand, form: str) -> None:
    content = wizard.get(f"/procurement/suppliers/export?format={form}").data
    run = wizard.found(wizard.check(content, f"suppliers.{form}", "/procurement/suppliers"))
    assert (run.created_count, run.updated_count, run.refused_count, run.same_count) == (0, 0, 0, len(records(stand, Supplier))), (
        wizard.get(f"/procurement/suppliers/import/{run.reference}/errors.csv").text
    )


def test_every_export_is_audited(wizard: Wizard, stand: Stand) -> None:
    rows(wizard, "&amount__gte=2")
    entry = stand.entries(action="procurement.payment.export")[-1]
    assert entry.context == {"format": "csv", "rows": 6, "filters": "amount__gte=2"}


@pytest.mark.requirement("PK-078")
def test_a_long_list_is_written_by_a_job_and_handed_to_who_asked_alone(
    app: Flask, wizard: Wizard, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.kernel import jobs

    monkeypatch.setattr(exporting, "AT_ONCE", 5)
    answer = wizard.get("/procurement/payments/export?format=xlsx&sort=amount")
    assert answer.status_code == 303
    followed = answer.headers["Location"]
    waiting = wizard.get(followed).text
    assert "Waiting" in waiting
    assert 'data-behaviour="progress"' in waiting
    wizard.work()
    with stand.work() as work:
        job = work.query(jobs.Job).filter_by(function="app.resources.features.exporting:run").one()
        assert (job.state, job.result["rows"]) == (jobs.DONE, 8), job.error
        path = f"/files/{job.file_id}/{job.result['name']}"
        assert (job.progress, job.total) == (8, 8)
    assert path in wizard.get(followed).text, "the result is offered where the progress stood"
    answer = wizard.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0].max_row == 9
    assert Wizard(app, stand, "member").get(path).status_code == 404
    assert Wizard(app, Stand("elsewhere")).get(path).status_code == 404
