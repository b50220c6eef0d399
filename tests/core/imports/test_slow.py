"""Files made to keep a reader busy are read, or refused, at once; names that differ in spelling alone are made once."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from time import process_time

import pytest

from app.core.imports.rows import Unusable
from app.core.imports.shapes import number_from
from app.core.imports.workbooks import check_workbook
from app.kernel.kinds import Unreadable
from app.modules.procurement.models import Payment, Supplier
from tests.core.imports.conftest import Wizard
from tests.core.stand import Stand

BEARABLE = 3.0  # seconds of processor time; the old patterns took minutes


@pytest.mark.parametrize("sheet", [b"<c " * 350_000, b"<x:row " * 150_000, b"<" + b"a" * 1_000_000, b"<c a='" + b"r=" * 400_000])
def test_a_sheet_of_unfinished_cells(sheet: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    began = process_time()
    with suppress(Unusable):
        check_workbook(packed)
    assert process_time() - began < BEARABLE


@pytest.mark.parametrize("cell", ["1" + " " * 200_000 + "x", "1" + "." * 200_000 + "x", "9" * 200_000])
def test_a_number_without_end(cell: str) -> None:
    began = process_time()
    with pytest.raises(Unreadable):
        number_from(cell, ".")
    assert process_time() - began < BEARABLE


HEAD = "Transaction number,Supplier,Amount,Payment day\n"


def test_two_spellings_of_a_new_name_make_one_record(wizard: Wizard, stand: Stand) -> None:
    wizard.run((HEAD + "A1,Café Roux,10.00,2026-10-01\nA2,Cafe Roux,11.00,2026-10-01\n").encode())
    with stand.work() as work:
        assert [s.name for s in work.query(Supplier)] == ["Café Roux"]
        assert work.query(Payment).count() == 2


def test_a_row_means_the_record_that_lives_not_its_twin_that_was_put_away(wizard: Wizard, stand: Stand) -> None:
    from app.kernel.door import perform_one

    row = "A1,Acorn,-10.00,2026-10-01\n"
    wizard.run((HEAD + row).encode())
    with stand.work() as work:
        first = work.query(Payment).one()
        first.archived_at = first.created_at
        work.flush()
        perform_one("procurement.payment", "create", data={
            "supplier": str(first.supplier_id), "amount": "-10", "paid_on": "2026-10-01", "transaction_number": "A1"})
    run = wizard.found(wizard.check((HEAD + row).encode()))
    assert (run.same_count, run.refused_count) == (1, 0)
