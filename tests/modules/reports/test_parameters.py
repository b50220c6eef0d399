"""A report asks whoever opens it for a period, a supplier: on the page, on paper, in a sheet and on a schedule, by the same words."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest
from flask import Flask
from pypdf import PdfReader

from app.core import auth, scheduler
from app.core.scheduler import Schedule
from app.kernel import clock, jobs
from app.kernel.errors import Invalid
from app.modules.reports.asking import answered
from app.modules.reports.models import Report, ReportRun
from app.modules.reports.periods import period_of
from app.modules.reports.planning import PREFIX
from tests.modules.office import Office
from tests.modules.reports.test_reports import Visit, latest, payments, report
from tests.modules.visitor import words

JULY = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)
ASKED = {"columns": "paid_on, amount, purpose", "sort": "paid_on", "parameters": "paid_on=Period&supplier=Paid to"}
__all__ = ["payments"]


def rows_of(office: Office, made: Report, values: str) -> tuple[ReportRun, list[str]]:
    """Run it with these values: the run, and the purposes in its file."""
    office.act("reports.report", "run", made.id, "olive", {"written_as": "csv", "values": values})
    found, content = latest(office, made.id)
    return found, [row[2] for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))][1:]


@pytest.mark.parametrize(("word", "first", "last"), [
    ("today", date(2026, 7, 15), date(2026, 7, 15)), ("yesterday", date(2026, 7, 14), date(2026, 7, 14)),
    ("last-7-days", date(2026, 7, 9), date(2026, 7, 15)), ("last-45-days", date(2026, 6, 1), date(2026, 7, 15)),
    ("this-week", date(2026, 7, 13), date(2026, 7, 19)), ("last-week", date(2026, 7, 6), date(2026, 7, 12)),
    ("this-month", date(2026, 7, 1), date(2026, 7, 31)), ("last-month", date(2026, 6, 1), date(2026, 6, 30)),
    ("this-quarter", date(2026, 7, 1), date(2026, 9, 30)), ("last-quarter", date(2026, 4, 1), date(2026, 6, 30)),
    ("this-year", date(2026, 1, 1), date(2026, 12, 31)), ("last-year", date(2025, 1, 1), date(2025, 12, 31))])
def test_spans_move_along_with_the_day(office: Office, word: str, first: date, last: date) -> None:
    with office.as_("olive"), clock.at(JULY):
        found = period_of(word)
        assert found is not None
        assert (found.first, found.last) == (first, last)


def test_the_day_is_that_of_the_organisation(office: Office) -> None:
    with office.as_("olive"), clock.at(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)):  # in London it is the first of July already
        found = period_of("last-month")
        assert found is not None
        assert (found.first, found.last) == (date(2026, 6, 1), date(2026, 6, 30))
        assert [period_of(word) for word in ("last-decade", "last-0-days", "this-7-days", "2026-06-01", "")] == [None] * 5


def test_a_report_is_run_with_what_it_is_told(payments: Office) -> None:
    made = payments.get(Report, report(payments, **ASKED, filters="paid_on=last-month"))
    with clock.at(JULY):
        by_default, found = rows_of(payments, made, "")
        assert found == ["Work 0", "Work 1"]
        assert "Last month (1 Jun 2026 – 30 Jun 2026)" in (by_default.filters or "")
        told, found = rows_of(payments, made, "paid_on=this-month")
        assert found == ["Work 2"]
        spelt, _same = rows_of(payments, made, "paid_on__gte=2026-07-01&paid_on__lte=2026-07-31")
        assert rows_of(payments, made, "paid_on=")[1] == ["Work 0", "Work 1", "Work 2"]
    assert told.rows_hash == spelt.rows_hash
    assert told.rows_hash != by_default.rows_hash


def test_the_values_are_part_of_the_hash_and_stand_on_every_form(payments: Office, visit: Visit) -> None:
    made = payments.get(Report, report(payments, **ASKED))
    with clock.at(JULY):
        assert rows_of(payments, made, "paid_on=last-30-days")[1] == rows_of(payments, made, "paid_on=this-month")[1] == ["Work 2"]
        said = "Last month (1 Jun 2026 – 30 Jun 2026)"
        hashes = {rows_of(payments, made, f"paid_on={word}")[0].rows_hash for word in ("last-30-days", "this-month", "last-month")}
        assert len(hashes) == 3
        page = visit("olive").get(f"/reports/reports/{made.reference}/?asked=1&paid_on=last-month")
        assert f"Period {said} Paid to All" in words(page)
        assert any(each in page for each in hashes if each)
        for form in ("pdf", "xlsx"):
            payments.act("reports.report", "run", made.id, "olive", {"written_as": form, "values": "paid_on=last-month"})
            found, content = latest(payments, made.id)
            assert found.rows_hash in hashes
            if form == "pdf":
                text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
                assert said in " ".join(text.split())
            else:
                about = {row[0].value: row[1].value for row in openpyxl.load_workbook(io.BytesIO(content))["About"].iter_rows(min_row=2)}
                assert (about["Period"], about["Paid to"]) == (said, "All")


def test_whoever_opens_it_is_asked_by_a_plain_form(payments: Office, visit: Visit) -> None:
    made = payments.get(Report, report(payments, **ASKED | {"parameters": "paid_on*=Period"}))
    olive, here = visit("olive"), f"/reports/reports/{made.reference}/"
    page = olive.get(here)
    assert "Say what is needed, then the rows are shown." in words(page)
    assert "Work 0" not in page
    assert "Period *" in words(page)
    page = olive.get(f"{here}?asked=1&paid_on=&paid_on__gte=2026-07-01&paid_on__lte=")
    assert "Work 2" in page, words(page)
    assert "Work 0" not in page
    answer = olive.client.get(f"/office{here}?asked=1&paid_on=")
    assert answer.status_code == 422
    assert "“Period” is needed: say what it is." in words(answer.text)


@pytest.mark.parametrize(("values", "name", "sentence"), [
    ("paid_on=last-mnth", "paid_on", "last-month"), ("paid_on__gte=soon", "paid_on", "“Period”"),
    ("paid_on=last-month&paid_on__gte=2026-01-01", "paid_on", "either a span"), ("supplier=SUP-1999-0001", "supplier", "“SUP-1999-0001”"),
    ("suplier=x", "suplier", "Did you mean “supplier”?"), ("amount__gte=3", "amount", "does not ask")])
def test_wrong_values_name_the_parameter_and_say_how_to_mend_it(payments: Office, visit: Visit, values: str, name: str,
                                                                sentence: str) -> None:
    made = payments.get(Report, report(payments, **ASKED))
    with pytest.raises(Invalid) as refused, payments.as_("olive"):
        answered(made, values)
    assert list(refused.value.errors) == [name]
    assert sentence in " ".join(map(str, refused.value.errors[name]))
    answer = visit("olive").client.get(f"/office/reports/reports/{made.reference}/?asked=1&{values}")
    assert answer.status_code == 422
    assert sentence in words(answer.text)


def test_the_builder_names_parameters_and_refuses_what_is_no_filter(payments: Office, visit: Visit) -> None:
    answer = visit("olive").post("/reports/build?resource=procurement.payment", {
        "r-resource": "procurement.payment", "r-do": "save", "r-title": "By period", "r-sharing": "private",
        "r-column": ["paid_on", "amount"], "paid_on": "last-month",
        "r-ask": ["paid_on", "supplier"], "r-called-paid_on": "Period", "r-must-paid_on": "1"})
    assert answer.status_code == 303, words(answer.text)
    made = payments.all(Report)[0]
    assert (made.parameters, made.filters) == ("paid_on*=Period&supplier=", "paid_on=last-month")
    with pytest.raises(Invalid) as refused:
        report(payments, parameters="suplier=Supplier")
    assert "“supplier”" in str(refused.value.errors["parameters"][0])


def test_a_schedule_keeps_the_values_and_works_days_out_when_it_runs(payments: Office, visit: Visit) -> None:
    made = payments.get(Report, report(payments, **ASKED | {"parameters": "paid_on*=Period"}))
    form = {"title": "Monthly", "repeats": "weekly", "weekday": "1", "at": "06:00", "written_as": "csv",
            "recipients": payments.staff.named["Olive Owner"].email}
    with clock.at(JULY):
        olive, address = visit("olive"), f"/reports/reports/{made.reference}/schedule"
        answer = olive.post(address, form)
        assert answer.status_code == 422
        assert "“Period” is needed" in words(answer.text)
        assert olive.post(address, form | {f"{PREFIX}paid_on": "last-month"}).status_code == 303
    schedule = payments.all(Schedule)[0]
    assert json.loads(schedule.inputs or "")["values"] == "paid_on=last-month"
    with clock.at(datetime(2026, 8, 3, 5, 0, 30, tzinfo=UTC)):
        with payments.as_("olive") as work:
            work.get_one(Schedule, (payments.place.id, schedule.id)).next_at = clock.now() - timedelta(seconds=30)
        scheduler.serve(payments.place, schedule.id)
        while jobs.turn(payments.place.id):
            pass
    runs = payments.all(ReportRun)
    assert [(each.rows, each.filters) for each in runs] == [(1, "Payment day: Last month (1 Jul 2026 – 31 Jul 2026)")]


def test_the_api_takes_values_and_names_the_one_that_is_wrong(payments: Office, app: Flask) -> None:
    made = payments.get(Report, report(payments, **ASKED))
    with payments.as_("olive"):
        _token, secret = auth.make_token("machine", ("admin",))
    call = app.test_client().post
    address, headers = f"/api/v1/office/reports/reports/{made.reference}/run", {"Authorization": f"Bearer {secret}"}
    with clock.at(JULY):
        assert call(address, json={"written_as": "csv", "values": "paid_on=last-month"}, headers=headers).status_code == 200
        found, _content = latest(payments, made.id)
        assert found.rows == 2
        refused = call(address, json={"written_as": "csv", "values": "paid_on=last-mnth"}, headers=headers)
    assert refused.status_code == 422
    assert "“Period”" in str(refused.json["errors"]["paid_on"])
