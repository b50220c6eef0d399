"""Templates as people use them: uploaded, checked, chosen on a record and on a list, filled, and traced."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.core.audit.models import AuditEntry
from app.kernel import clock
from app.kernel.door import perform_one
from app.resources.features import documenting
from tests.core.documents.papers import part, said, sheet, whole, word
from tests.core.imports.conftest import Wizard
from tests.core.stand import Stand

TITLE = "Slip <on> wet & grass"
REPORT = ("{{ incident.reference }}: {{ incident.title }}", "{{ record.kind }} at {{ record.site }} on {{ record.occurred_at }}",
          "{{ user.name|upper }}, {{ user.email }}, {{ user.company.name }}", "{{ now }} / {{ today }} / {{ app.version }}",
          "{% if user.is_admin %}Admin{% else %}Nobody{% endif %}", "{% if record.raw.kind == 'near_miss' %}Near miss{% endif %}",
          "{% for item in record.corrective_actions %}", "- {{ item.title }}", "{% endfor %}",
          "{{ template.name }} v{{ template.version }}")


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation."""
    return Stand("house")


@pytest.fixture
def wizard(app: Flask, stand: Stand) -> Wizard:
    """Its owner at a browser without JavaScript."""
    return Wizard(app, stand)


def incident(stand: Stand, title: str = TITLE) -> str:
    with stand.work():
        site = stand.site(f"Yard {title}" if title != TITLE else "Yard")
        made = perform_one("hse.incident", "create", data={
            "title": title, "kind": "near_miss", "site": str(site.id), "occurred_at": "2026-05-04T10:30", "actual_severity": "2",
            "actual_likelihood": "3", "potential_severity": "4", "potential_likelihood": "4", "narrative": "Rain\nall day."}).record
        perform_one("hse.corrective_action", "create", data={
            "title": "Mats at the gate", "incident": str(made.id), "owner": str(stand.actors["owner"].id),
            "due_on": clock.today().replace(year=clock.today().year + 1, day=1).isoformat()})
        return str(made.reference)


def template(wizard: Wizard, content: bytes | None, kind: str = "docx", scope: str = "record", subject: str = "hse.incident",
             **more: str) -> str:
    """A template made by its pages, with a file; gives its reference."""
    made = wizard.post("/documents/templates/new", {
        "name": "Report of an incident", "subject": subject, "kind": kind, "scope": scope, "language": "en", "active": "1", **more})
    assert made.status_code == 303, made.text
    reference = made.headers["Location"].rstrip("/").rpartition("/")[2]
    if content is not None:
        answer = send(wizard, reference, content, kind)
        assert answer.status_code == 303, re.findall(r"<li>.*?</li>", answer.text)
    return reference


def send(wizard: Wizard, reference: str, content: bytes, kind: str = "docx", **more: str) -> TestResponse:
    return wizard.post(f"/documents/templates/{reference}/upload", {"file": (io.BytesIO(content), f"report.{kind}"), **more})  # type: ignore[no-any-return]


def fetched(wizard: Wizard, path: str) -> bytes:
    answer = wizard.get(path)
    assert answer.status_code == 200, (answer.status_code, answer.headers.get("Location"), answer.text[:300])
    assert answer.headers["Content-Disposition"].startswith("attachment")
    whole(answer.data)
    return bytes(answer.data)


@pytest.mark.requirement("OF-335", "OF-337", "OF-346", "OF-376", "OF-377", "OF-378")
def test_an_uploaded_word_template_can_be_chosen_on_a_record_and_is_filled_with_it(wizard: Wizard, stand: Stand) -> None:
    reference, made = incident(stand), template(wizard, word(*REPORT))
    page = wizard.get(f"/hse/incidents/{reference}/")
    assert f"/hse/incidents/{reference}/documents" in page.text
    chosen = wizard.get(f"/hse/incidents/{reference}/documents").text
    assert "Report of an incident" in chosen
    document = fetched(wizard, f"/hse/incidents/{reference}/documents?template={made}")
    found = said(document)
    assert found[0] == f"{reference}: Slip <on> wet & grass"
    assert found[1] == "Near miss at Yard on 4 May 2026, 10:30"
    assert found[2] == "OWNER PRÜFER, owner@house.example, House"
    now, today, version = found[3].split(" / ")
    assert now.startswith(today)
    assert str(clock.today().year) in today
    assert version == wizard.client.get("/version").json["version"]
    assert found[4:6] == ["Admin", "Near miss"]
    assert found[6:] == ["- Mats at the gate", "Report of an incident v1"]
    assert "{{" not in "".join(found)
    assert part(document, "word/media/logo.png") == part(word("x"), "word/media/logo.png")


@pytest.mark.requirement("OF-336", "OF-179")
def test_a_list_is_exported_with_the_companys_sheet(wizard: Wizard, stand: Stand) -> None:
    first, second = incident(stand, "=1+1"), incident(stand, "Ladder fell")

    def write(page: Any, book: Any) -> None:
        page.write_string(0, 0, "{{ company.name }}", book.add_format({"bg_color": "#1D4ED8"}))
        page.write_string(1, 0, "{% for item in items %}{{ item.reference }}")
        page.write_string(1, 1, "{{ item.title }}")
        page.write_string(1, 2, "{{ item.occurred_at }}{% endfor %}")
        page.write_string(2, 0, "{{ count }}")

    made = template(wizard, sheet(write), "xlsx", "list")
    page = wizard.get("/hse/incidents/?q=ladder").text
    assert "/hse/incidents/documents?q=ladder" in page.replace("&amp;", "&")
    assert made in wizard.get("/hse/incidents/documents").text
    book = openpyxl.load_workbook(io.BytesIO(fetched(wizard, f"/hse/incidents/documents?template={made}&sort=reference"))).active
    assert book["A1"].value == "House"
    assert book["A1"].fill.fgColor.rgb == "FF1D4ED8"
    assert [book["A2"].value, book["A3"].value] == [first, second]
    assert (book["B2"].value, book["B2"].data_type) == ("=1+1", "s")
    assert book["C2"].is_date
    assert book["A4"].value == 2
    only = openpyxl.load_workbook(io.BytesIO(fetched(wizard, f"/hse/incidents/documents?template={made}&q=ladder"))).active
    assert [only["A2"].value, only["A3"].value] == [second, 1]


def test_an_export_by_a_template_stands_in_the_trail_with_its_version(wizard: Wizard, stand: Stand) -> None:
    reference, made = incident(stand), template(wizard, word("{{ record.title }}"))
    assert send(wizard, made, word("{{ record.reference }}"), note="With the reference").status_code == 303
    document = fetched(wizard, f"/hse/incidents/{reference}/documents?template={made}")
    assert said(document) == [reference]
    assert f"({made}), version 2".encode() in part(document, "docProps/core.xml")
    entry = stand.entries(action="hse.incident.export")[-1]
    assert {key: entry.context[key] for key in ("template", "template_version", "format")} == {
        "template": made, "template_version": 2, "format": "docx"}
    page = wizard.get(f"/documents/templates/{made}/").text
    assert page.count("report.docx") >= 2, "both files are kept"
    assert "With the reference" in wizard.get("/documents/versions/").text
    assert any(each.action == "documents.template.uploaded" for each in stand.entries()) or _uploaded(stand)


def _uploaded(stand: Stand) -> bool:
    return any(isinstance(each, AuditEntry) and each.action.endswith("upload") for each in stand.entries())


def test_a_wrong_file_is_refused_with_every_mistake_and_nothing_is_kept(wizard: Wizard) -> None:
    made = template(wizard, None)
    answer = send(wizard, made, word("{{ record.titel }}", "{{ usr.name }}"))
    assert answer.status_code == 422
    assert "“record.titel” is not known here. Did you mean “record.title”?" in answer.text
    assert "“usr” is not known here. Did you mean “user”?" in answer.text
    assert send(wizard, made, b"PK\x03\x04nothing", "docx").status_code == 422
    assert send(wizard, made, word("x"), "xlsx").status_code == 422
    assert "There is no file yet" in wizard.get(f"/documents/templates/{made}/").text
    assert made not in wizard.get("/hse/incidents/documents").text


def test_names_that_may_be_used_are_listed_and_a_starter_file_is_right_at_once(wizard: Wizard, stand: Stand) -> None:
    reference = incident(stand)
    for kind in ("docx", "xlsx"):
        for scope in ("record", "list"):
            made = template(wizard, None, kind, scope)
            page = wizard.get(f"/documents/templates/{made}/variables").text
            assert "{{ user.company.name }}" in page
            assert "{{ item.title }}" in page
            starter = wizard.get(f"/documents/templates/{made}/starter").data
            assert send(wizard, made, starter, kind).status_code == 303, (kind, scope)
            where = f"/hse/incidents/{reference}/documents" if scope == "record" else "/hse/incidents/documents"
            fetched(wizard, f"{where}?template={made}")


def test_who_may_not_export_makes_no_document(app: Flask, wizard: Wizard, stand: Stand) -> None:
    reference, made = incident(stand), template(wizard, word("{{ record.title }}"))
    member = Wizard(app, stand, "member")
    answer = member.get(f"/hse/incidents/{reference}/documents?template={made}")
    allowed = member.get("/hse/incidents/export?format=csv").status_code == 200
    assert answer.status_code in ((200,) if allowed else (403, 404))
    assert member.get("/documents/templates/new").status_code == 403


def test_a_template_of_another_organisation_or_out_of_use_is_not_there(app: Flask, wizard: Wizard, stand: Stand) -> None:
    made = template(wizard, word("{{ record.title }}"))
    other_stand = Stand("elsewhere")
    other = Wizard(app, other_stand)
    reference = incident(other_stand)
    assert other.get(f"/hse/incidents/{reference}/documents?template={made}").status_code == 404
    assert other.get(f"/documents/templates/{made}/variables").status_code == 404
    mine = incident(stand)
    assert wizard.get(f"/hse/incidents/{mine}/documents?template=DTP-1999-00001").status_code == 404
    off = template(wizard, word("x"), active="")
    assert wizard.get(f"/hse/incidents/{mine}/documents?template={off}").status_code == 409


def test_a_long_list_is_written_by_a_job_and_announced(wizard: Wizard, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.resources.features import exporting

    incident(stand)
    incident(stand, "Another")
    numbers = "{% for item in items %}{{ item.number }}{% endfor %}"
    made = template(wizard, sheet(lambda page, _book: page.write_string(0, 0, numbers)), "xlsx", "list")
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    answer = wizard.get(f"/hse/incidents/documents?template={made}")
    assert answer.status_code == 303
    wizard.work()
    page = wizard.get(answer.headers["Location"].removeprefix(wizard.base)).text
    link = re.search(r'href="[^"]*(/files/[^"]+)"', page)
    assert link, page[:2000]
    assert openpyxl.load_workbook(io.BytesIO(wizard.get(link[1]).data)).active["A1"].value == "12"
    document = template(wizard, word("{{ count }}"), "docx", "list")
    assert wizard.get(f"/hse/incidents/documents?template={document}").status_code == 422
    assert documenting.MOST_IN_WORD == 5_000


def test_the_language_of_the_template_is_that_of_its_values(wizard: Wizard, stand: Stand) -> None:
    reference, made = incident(stand), template(wizard, word("{{ record.kind }} {{ record.occurred_at }}"), language="de")
    assert said(fetched(wizard, f"/hse/incidents/{reference}/documents?template={made}")) == ["Beinaheunfall 4 Mai 2026, 10:30"]
