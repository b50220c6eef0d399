"""The export for outside auditors: what is on the page, in two forms, signed, and checked by a script of its own."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from flask import Flask

from app.core import audit
from app.core.audit.asking import Filters, every
from app.core.audit.outgoing import run, write
from tests.core.audit.house import outside, signed_in
from tests.core.stand import Stand


@pytest.fixture
def filled(stand: Stand) -> Stand:
    """Entries, one of which would be a formula in a spreadsheet."""
    with stand.work():
        stand.site("Nordsee Alpha")
        for number in range(30):
            audit.note("probe.step", context={"reason": f"step {number}"})
        audit.note("probe.formula", record_reference="=HYPERLINK(1)", context={"reason": "@SUM(1)"})
    return stand


def _written(stand: Stand, form: str, tmp_path: Path) -> Path:
    file = tmp_path / f"{form}.zip"
    with stand.work("auditor"), file.open("wb") as target:
        write(form, Filters(action="probe."), {"action": "probe."}, target)
    return file


@pytest.mark.requirement("OF-231")
@pytest.mark.requirement("PK-031")
@pytest.mark.requirement("PK-032")
@pytest.mark.requirement("FL-080")
@pytest.mark.requirement("FL-081")
def test_both_forms_hold_exactly_what_the_filters_find(app: Flask, filled: Stand, tmp_path: Path) -> None:
    with filled.work("auditor"):
        wanted = [(str(row.id), row.action, row.at.isoformat()) for rows in every(Filters(action="probe.")) for row in rows]
    with zipfile.ZipFile(_written(filled, "csv", tmp_path)) as packed:
        rows = list(csv.DictReader(io.StringIO(packed.read("trail.csv").decode("utf-8-sig"))))
    with zipfile.ZipFile(_written(filled, "json", tmp_path)) as packed:
        objects = json.loads(packed.read("trail.json"))
    assert [(row["id"], row["action"], row["at"]) for row in rows] == wanted
    assert [each["entry"]["id"] for each in objects] == [each[0] for each in wanted]
    formula = next(row for row in rows if row["action"] == "probe.formula")
    assert (formula["record"], formula["reason"]) == ("'=HYPERLINK(1)", "'@SUM(1)")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_it_is_checked_without_the_product_and_a_change_is_noticed(app: Flask, filled: Stand, tmp_path: Path, form: str) -> None:
    file = _written(filled, form, tmp_path)
    assert outside(app, file).stdout.startswith("WHOLE: 31 entries")
    for name, before, after in ((f"trail.{form}", b"probe.step", b"probe.stop"), ("manifest.json", b'"entries":31', b'"entries":30')):
        other = tmp_path / "other.zip"
        with zipfile.ZipFile(file) as source, zipfile.ZipFile(other, "w") as target:
            for each in source.namelist():
                content = source.read(each)
                target.writestr(each, content.replace(before, after, 1) if each == name else content)
        told = outside(app, other)
        assert (told.returncode, told.stdout[:6]) == (1, "BROKEN"), name


@pytest.mark.requirement("OF-220")
def test_an_export_of_people_says_who_took_what_and_how_many(app: Flask, filled: Stand) -> None:
    owner, people = signed_in(app, filled, "owner"), f"/{filled.organisation.slug}/people/members/"
    taken = owner.get(f"{people}export?format=csv&status=active")
    assert taken.status_code == 200, taken.headers
    (row,) = filled.entries(action="people.member.export")
    assert row.actor_id == filled.actors["owner"].id
    assert (row.context["rows"], "status=active" in row.context["filters"]) == (3, True)
    page = owner.get(f"/{filled.organisation.slug}/audit/{row.id}/").text
    assert "status=active" in page
    assert "Owner Prüfer" in page


@pytest.mark.requirement("OF-220")
def test_the_job_leaves_its_own_entry_with_filter_and_count(app: Flask, filled: Stand) -> None:
    from app.kernel import jobs

    with filled.work("auditor"):
        job = jobs.enqueue(run, "csv", {"action": "probe."}, title="Export")
        job_id = job.id
    assert jobs.run(job_id, filled.organisation.id)
    (row,) = filled.entries(action="audit.entry.export")
    assert (row.context["rows"], row.context["filters"], row.actor_id) == (31, {"action": "probe."}, filled.actors["auditor"].id)
    with filled.work("auditor"):
        done = jobs.find(job_id)
        assert done is not None
        assert done.file_id is not None
