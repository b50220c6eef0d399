"""Dates and numbers of a spreadsheet arrive as what they are, however the sheet shows them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import xlsxwriter
from flask import Flask
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from app.core.imports.keys import same
from app.core.organisations import Site
from app.kernel.door import perform_one
from app.kernel.fields import fields_of
from app.modules.hse.models import Incident, Kind, Likelihood, Risk, Severity
from app.modules.procurement.models import Payment
from tests.core.imports.conftest import Wizard, records
from tests.core.stand import Stand

HEADS = ["Supplier", "Amount", "Payment day", "Transaction number"]
TWENTY = [(date(2024 + n // 12, 1 + n % 12, 1 + n), Decimal(n * 10_001 - 30_000) / 100) for n in range(20)]


def book(rows: Sequence[Sequence[Any]], heads: Sequence[str] = HEADS, shown: str = "dd.mm.yyyy", **options: Any) -> bytes:
    """A workbook in which days are real days, shown in this way."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, **options}) as made:
        page, day = made.add_worksheet(), made.add_format({"num_format": shown})
        page.write_row(0, 0, heads)
        for place, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                page.write_datetime(place, column, cell, day) if isinstance(cell, date) else page.write(place, column, cell)
    return target.getvalue()


def paid(stand: Stand) -> dict[str, tuple[date, Decimal]]:
    return {p.transaction_number: (p.paid_on, Decimal(p.amount) / 100) for p in records(stand, Payment)}


@pytest.mark.requirement("OF-166")
@pytest.mark.parametrize(("shown", "options"), [
    ("dd.mm.yyyy", {}), ("m/d/yy", {}), ("yyyy-mm-dd", {}), ("d mmm", {}), ("[$-407]dddd, d. mmmm yyyy", {}),
    ("dd.mm.yyyy", {"date_1904": True}),
])
def test_twenty_records_come_from_a_workbook_with_dates_and_numbers_right(
    wizard: Wizard, stand: Stand, shown: str, options: dict[str, Any]
) -> None:
    rows = [("Acme", float(amount), day, f"T-{n}") for n, (day, amount) in enumerate(TWENTY)]
    run = wizard.found(wizard.run(book(rows, shown=shown, **options), "assets.xlsx"))
    assert (run.row_count, run.created_count, run.refused_count) == (20, 20, 0)
    assert paid(stand) == {f"T-{n}": pair for n, pair in enumerate(TWENTY)}


@pytest.mark.parametrize(("cell", "amount"), [
    (0.1 + 0.2, "0.30"), (1234.1 * 3, "3702.30"), (-12.5, "-12.50"), (1e6, "1000000.00"), (7_000_000_000_000.25, "7000000000000.25"),
    ("1.234.567,89", "1234567.89"), ("(12,50)", "-12.50"), ("12,50 €", "12.50"), ("-3,00", "-3.00"),
])
def test_a_number_is_what_the_sheet_shows_of_it(wizard: Wizard, stand: Stand, cell: Any, amount: str) -> None:
    others = [("Acme", "1,25" if isinstance(cell, str) else 1.25, date(2026, 6, 1), f"O-{n}") for n in range(3)]
    run = wizard.found(wizard.run(book([*others, ("Acme", cell, date(2026, 6, 1), "T-1")]), "a.xlsx"))
    assert run.refused_count == 0
    assert paid(stand)["T-1"][1] == Decimal(amount)
    assert paid(stand)["O-1"][1] == Decimal("1.25")


def test_days_written_as_text_and_as_days_stand_in_one_column(wizard: Wizard, stand: Stand) -> None:
    cells = [date(2026, 6, 25), "26.06.2026", "27.06.2026", date(2026, 1, 2), "03.02.2026"]
    wizard.run(book([("Acme", 1, cell, f"T-{n}") for n, cell in enumerate(cells)]), "a.xlsx")
    assert [day for _n, (day, _amount) in sorted(paid(stand).items())] == [
        date(2026, 6, 25), date(2026, 6, 26), date(2026, 6, 27), date(2026, 1, 2), date(2026, 2, 3)]


def test_numbers_that_name_something_keep_their_digits(wizard: Wizard, stand: Stand) -> None:
    wizard.run(book([("Acme", 1, date(2026, 6, 1), number) for number in (1001.0, "00123", 900_719_925_474_099, "1e5")]), "a.xlsx")
    assert set(paid(stand)) == {"1001", "00123", "900719925474099", "1e5"}


def test_the_days_of_another_calendar_and_of_another_program(wizard: Wizard, stand: Stand) -> None:
    made, target = openpyxl.Workbook(), io.BytesIO()
    made.epoch = CALENDAR_MAC_1904
    made.active.append(HEADS)
    made.active.append(["Acme", Decimal("99.90"), date(2026, 2, 28), "T-1"])
    made.save(target)
    wizard.run(target.getvalue(), "mac.xlsx")
    assert paid(stand) == {"T-1": (date(2026, 2, 28), Decimal("99.90"))}


def test_a_moment_is_the_same_as_the_one_that_a_sheet_can_hold_of_it() -> None:
    incident, field = Incident(), fields_of(Incident)["occurred_at"]
    incident.occurred_at = datetime(2026, 7, 1, 14, 30, 21, 68_969, tzinfo=UTC)
    assert same(field, incident, "2026-07-01T14:30:21.069000+00:00")
    assert same(field, incident, "2026-07-01T16:30:21.068969+02:00")
    assert not same(field, incident, "2026-07-01T14:30:22+00:00")


def test_incidents_come_in_too(app: Flask, wizard: Wizard, stand: Stand) -> None:
    """Filled into the very template that the wizard hands out: choices by their words, sites by name, moments in the reader's zone."""
    with stand.work():
        for name in ("Platform A", "Base Ostend"):
            perform_one("organisation.site", "create", None, {"name": name, "kind": "office"})
    template = openpyxl.load_workbook(io.BytesIO(wizard.get("/hse/incidents/import/template.xlsx").data))
    page = template.worksheets[0]
    heads = [cell.value for cell in page[1]]
    for n in range(12):
        said = {
            "Title": f"Slip number {n}", "Kind": ("First aid", "Near miss", "lost_time")[n % 3],
            "Site": ("Platform A", "base ostend")[n % 2],
            "Occurred": datetime(2026, 7, 1 + n, 14, 30), "Actual severity": "2 · Minor", "Potential severity": "5",  # noqa: DTZ001 -- as in a sheet
            "Potential likelihood": "Likely", "Narrative": f"It rained.\nNumber {n}.",
        }
        page.append([said.get(head.rstrip(" *")) for head in heads])
    target = io.BytesIO()
    template.save(target)
    url = wizard.run(target.getvalue(), "incidents.xlsx", "/hse/incidents")
    run = wizard.found(url)
    assert (run.created_count, run.refused_count) == (12, 0), wizard.get(f"{url}errors.csv").text
    found = records(stand, Incident)
    with stand.work() as work:
        sites = {site.id: site.name for site in work.query(Site)}
    zone = ZoneInfo(stand.actors["owner"].timezone)
    assert [(i.title, sites[i.site_id], i.occurred_at.astimezone(UTC)) for i in found] == [
        (f"Slip number {n}", ("Platform A", "Base Ostend")[n % 2], datetime(2026, 7, 1 + n, 14, 30, tzinfo=zone).astimezone(UTC))
        for n in range(12)]
    assert [i.kind for i in found[:3]] == [Kind.FIRST_AID, Kind.NEAR_MISS, Kind.LOST_TIME]
    assert {(i.actual_severity, i.potential_severity, i.potential_likelihood) for i in found} == {
        (Severity.MINOR, Severity.CATASTROPHIC, Likelihood.LIKELY)}
    assert {i.potential_risk for i in found} == {Risk.EXTREME}, "what the module derives is derived here too"
    assert found[0].narrative == "It rained.\nNumber 0."
    assert "Slip number 11" in wizard.get(f"/hse/incidents/?import={run.reference}").text
