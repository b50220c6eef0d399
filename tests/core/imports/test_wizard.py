"""The wizard from upload to rollback, page by page, as a browser without JavaScript sees it."""

from __future__ import annotations

import html
import io
import json
import re

import pytest
import xlsxwriter
from flask import Flask

from app.core import people
from app.core.imports import ImportRun, State
from app.modules.procurement.models import Payment, Supplier
from tests.core.imports.conftest import Wizard, records
from tests.core.stand import Stand

HEAD = "Nom du fournisseur;Montant;Date de paiement;Numéro de transaction;Objet\r\n"


def payments(count: int, **cells: str) -> str:
    """A file of so many payments, one line each."""
    lines = [f"Acme {n % 3};{n},50;{1 + n % 27:02d}/06/2026;T-{n};Chaises\r\n" for n in range(1, count + 1)]
    for number, line in cells.items():
        lines[int(number.removeprefix("line")) - 2] = line + "\r\n"
    return HEAD + "".join(lines)


@pytest.mark.requirement("OF-165")
def test_twenty_users_come_from_a_csv(wizard: Wizard, stand: Stand) -> None:
    rows = "".join(f"Person {n},person{n}@north.example,member,Europe/Paris\n" for n in range(20))
    before = len(records(stand, people.Member))
    url = wizard.run(f"Name,E-mail,Role,Time zone\n{rows}".encode(), "users.csv", "/people/members")
    run = wizard.found(url)
    assert (run.state, run.row_count, run.created_count, run.refused_count) == (State.DONE, 20, 20, 0), wizard.failed()
    assert len(records(stand, people.Member)) == before + 20


@pytest.mark.requirement("OF-169")
def test_columns_land_in_the_chosen_fields(wizard: Wizard, stand: Stand) -> None:
    url = wizard.upload("Nom;Courriel\r\nMüller;a@b.example\r\n".encode("cp1252"), "n.csv", "/procurement/suppliers").headers["Location"]
    shown = wizard.get(url)
    assert "Windows-1252" in shown.text
    answer = wizard.post(f"{url}map", {"column-0": "contact", "column-1": "name"}, url)
    wizard.work()
    assert answer.status_code == 303
    wizard.post(f"{url}apply", {}, url)
    wizard.work()
    assert [(s.name, s.contact) for s in records(stand, Supplier)] == [("a@b.example", "Müller")]


@pytest.mark.requirement("OF-170")
def test_exactly_the_first_ten_rows_are_previewed(wizard: Wizard) -> None:
    shown = wizard.get(wizard.check(payments(50).encode("cp1252"))).text
    preview = shown[shown.index('aria-label="Preview"') :]
    assert preview[: preview.index("</table>")].count("<tr>") == 11  # the heads, and ten rows
    assert "Acme 1" in preview
    assert "T-10<" in preview
    assert "T-11<" not in preview


@pytest.mark.requirement("OF-168", "OF-171")
def test_every_error_is_listed_by_row_and_column_and_nothing_is_written(wizard: Wizard, stand: Stand) -> None:
    bad = {"line45": "Acme;not a number;31/02/2026;T-45;x", "line46": ";5,00;01/06/2026;;x", "line47": ";;;;"}
    content = payments(60, **bad)
    url = wizard.check(content.encode("cp1252"), date_shape="%d/%m/%Y")
    shown = wizard.get(url).text
    cells = [
        tuple(re.sub(r"<[^>]+>", "", c) for c in re.findall(r"<td.*?</td>", row)) for row in re.findall(r"<tr>.*?</tr>", shown, re.DOTALL)
    ]
    found = {(c[0], c[1]): c[3] for c in cells if len(c) == 4}
    assert "not a day of the calendar" in found["45", "Date de paiement"]
    assert "Not a number" in found["45", "Montant"]
    assert found["46", "Nom du fournisseur"] == "This is needed."
    assert found["46", "Numéro de transaction"] == "This is needed."
    assert found["47", ""] == "Every field is empty."
    run = wizard.found(url)
    assert (run.row_count, run.created_count, run.refused_count) == (60, 57, 3)
    assert records(stand, Payment) == []
    listed = wizard.get(f"{url}errors.csv")
    assert listed.headers["Content-Disposition"].startswith("attachment")
    assert len(listed.text.splitlines()) == 6


def test_the_rest_comes_in_and_the_refused_rows_can_be_sent_again(wizard: Wizard, stand: Stand) -> None:
    url = wizard.run(payments(60, line45="Acme;x;01/06/2026;T-99;y").encode("cp1252"))
    run = wizard.found(url)
    assert run.row_count == run.created_count + run.refused_count == 60
    refused = wizard.get(f"{url}refused.csv").text
    assert "T-99" in refused
    assert "Not a number" in refused
    mended = refused.replace(",x,", ',"12,00",').encode()
    again = wizard.found(wizard.run(mended, "again.csv"))
    assert (again.row_count, again.created_count) == (1, 1)
    assert len(records(stand, Payment)) == 60


@pytest.mark.requirement("OF-167")
def test_a_json_list_becomes_records(wizard: Wizard, stand: Stand) -> None:
    listed = [{"supplier": "Acme", "amount": "12.30", "paid_on": "2026-06-01", "transaction_number": f"J{n}"} for n in range(3)]
    wizard.run(json.dumps(listed).encode(), "payments.json")
    assert sorted(p.transaction_number for p in records(stand, Payment)) == ["J0", "J1", "J2"]


def test_the_same_file_again_changes_nothing_and_a_changed_row_is_an_edit(wizard: Wizard, stand: Stand) -> None:
    content = "Name,Contact\nAcme,Ann\nBeta,Bob\n"
    wizard.run(content.encode(), "s.csv", "/procurement/suppliers")
    same = wizard.found(wizard.check(content.encode(), "s.csv", "/procurement/suppliers"))
    assert (same.created_count, same.updated_count, same.same_count) == (0, 0, 2)
    run = wizard.found(wizard.run(content.replace("Bob", "Bea").encode(), "s.csv", "/procurement/suppliers"))
    assert (run.created_count, run.updated_count, run.same_count) == (0, 1, 1)
    assert {s.name: s.contact for s in records(stand, Supplier)} == {"Acme": "Ann", "Beta": "Bea"}


def test_rolling_back_frees_the_keys_and_leaves_what_was_edited(wizard: Wizard, stand: Stand) -> None:
    url = wizard.run(b"Name,Contact\nAcme,Ann\nBeta,Bob\nGamma,Gus\n", "s.csv", "/procurement/suppliers")
    with stand.work() as work:
        beta = work.query(Supplier).filter_by(name="Beta").one()
        beta.contact = "Somebody else"
        reference = beta.reference
    asked = wizard.get(f"{url}rollback").text
    assert reference in asked
    assert "It was edited since." in asked
    assert "2 records are removed or put back as they were, and can be imported again." in asked
    assert wizard.post(f"{url}rollback", {}).status_code == 303
    wizard.work()
    run = wizard.found(url)
    assert (run.state, run.gone_count, [s[1] for s in run.stayed]) == (State.ROLLED_BACK, 2, [reference]), wizard.failed()
    assert [s.name for s in records(stand, Supplier)] == ["Beta"]
    assert {e.action for e in stand.entries(change_set_id=run.id)} >= {"procurement.supplier.create", "procurement.supplier.delete"}
    again = wizard.found(wizard.run(b"Name,Contact\nAcme,Ann\n", "s.csv", "/procurement/suppliers"))
    assert again.created_count == 1


@pytest.mark.parametrize(("reason", "said"), [("PAY-1 was released already.", "PAY-1 was released already."),
                                              ("Its effect has run.", "PAY-1: Its effect has run.")])
def test_why_a_record_stays_says_its_reference_once(app: Flask, reason: str, said: str) -> None:
    shown = app.jinja_env.get_template("imports/_stays.html").render(reference="PAY-1", url="/x/", reason=reason)
    assert re.sub(r"<[^>]+>", "", shown).strip() == said
    assert '<a class="link" href="/x/">PAY-1</a>' in shown


def test_a_mapping_is_kept_under_a_name_and_offered_for_the_same_heads(wizard: Wizard) -> None:
    wizard.check(payments(3).encode("cp1252"), name="Bank of Brittany")
    shown = wizard.get(wizard.upload(payments(2).encode("cp1252")).headers["Location"]).text
    assert 'value="Bank of Brittany"' in shown
    assert "Bank of Brittany" in wizard.get("/procurement/payments/import").text


def test_an_unknown_reference_is_listed_or_made(wizard: Wizard, stand: Stand) -> None:
    listed = wizard.found(wizard.check(payments(3).encode("cp1252"), create_missing=[]))
    assert (listed.created_count, listed.refused_count) == (0, 3)
    made = wizard.found(wizard.run(payments(6).encode("cp1252")))
    assert (made.created_count, made.related_count) == (6, 3)
    assert sorted(s.name for s in records(stand, Supplier)) == ["Acme 0", "Acme 1", "Acme 2"]


def workbook(**sheets: list[list[object]]) -> bytes:
    """A workbook with these sheets."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for place, row in enumerate(rows):
                page.write_row(place, 0, row)
    return target.getvalue()


PAID = [["Supplier", "Amount", "Payment day", "Transaction number"], ["Acme", 12.5, "2026-06-01", "A1"], ["Beta", 3, "2026-06-02", "B1"]]


def test_what_the_file_has_no_column_for_is_given_for_every_row_and_kept_with_the_mapping(wizard: Wizard, stand: Stand) -> None:
    head, rows = "Supplier,Amount,Payment day,Transaction number\n", "Acme,12.50,2026-06-01,{0}1\nBeta,3.00,2026-06-02,{0}2\n"
    url = wizard.run((head + rows.format("A")).encode(), name="Sterling", **{"constant-currency": "gbp", "constant-category": "Fees"})
    assert wizard.found(url).created_count == 2, wizard.get(f"{url}errors.csv").text
    assert {(p.currency, p.category) for p in records(stand, Payment)} == {("GBP", "Fees")}
    again = wizard.upload((head + rows.format("B")).encode()).headers["Location"]
    shown = wizard.get(again).text
    assert re.search(r'name="constant-currency" value="gbp"', shown)
    assert 'value="Sterling"' in shown
    preview = wizard.get(wizard.check((head + rows.format("C")).encode(), **{"constant-currency": "gbp"})).text
    assert "GBP" in preview[preview.index('aria-label="Preview"') :]


@pytest.mark.parametrize(("field", "value", "said"), [
    ("currency", "Pounds", "is not a currency code of ISO 4217"),
    ("paid_on", "31/31/2026", "Payment day: "),
    ("supplier", "Acme", "comes from a column and is given for every row"),
])
def test_a_value_for_every_row_that_cannot_be_is_named_at_once_and_nothing_typed_is_lost(
    wizard: Wizard, field: str, value: str, said: str
) -> None:
    url = wizard.upload(b"Supplier,Amount,Transaction number\nAcme,1.00,A1\n").headers["Location"]
    chosen = {"column-0": "supplier", "column-1": "amount", "constant-purpose": "Chairs", f"constant-{field}": value}
    answer = wizard.post(f"{url}map", chosen, url)
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert f'name="constant-{field}" value="{value}"' in answer.text
    assert 'name="constant-purpose" value="Chairs"' in answer.text
    assert wizard.found(url).state == State.MAPPING


def test_the_sheet_of_a_workbook_is_chosen_and_kept_with_the_mapping(wizard: Wizard, stand: Stand) -> None:
    book = workbook(Cover=[["All that we paid"]], Notes=[["Name", "Contact"], ["Ann", "Bob"]], June=PAID)
    url = wizard.upload(book, "b.xlsx").headers["Location"]
    shown = wizard.get(url).text
    assert wizard.found(url).shape["sheet"] == "Notes"  # the first one that holds a table
    assert all(f'<option value="{name}"' in shown for name in ("Cover", "Notes", "June"))
    refused = wizard.post(f"{url}map", {"sheet": "Cover"}, url)
    assert refused.status_code == 422
    assert "nothing below them" in refused.text
    assert wizard.post(f"{url}map", {"sheet": "June", "constant-currency": "GBP"}, url).status_code == 303
    shown = wizard.get(f"{url}map").text
    assert '<option value="June" selected>' in shown
    assert 'name="constant-currency" value="GBP"' in shown  # what was typed beside the choice stays
    chosen = dict(re.findall(r'name="(column-\d+)".*?<option value="([^"]*)" selected>', shown))
    sent = {**chosen, "sheet": "June", "constant-currency": "GBP", "create_missing": "supplier", "name": "Our book"}
    assert wizard.post(f"{url}map", sent, url).status_code == 303
    wizard.work()
    wizard.post(f"{url}apply", {}, url)
    wizard.work()
    assert sorted((p.transaction_number, p.currency) for p in records(stand, Payment)) == [("A1", "GBP"), ("B1", "GBP")]
    later = wizard.found(wizard.upload(book, "b.xlsx").headers["Location"])
    assert (later.shape["sheet"], later.mapping_name) == ("June", "Our book")


def test_see_what_came_in_leads_to_exactly_those(wizard: Wizard, stand: Stand) -> None:
    wizard.run(b"Name,Contact\nOld,Olga\nOther,Otto\n", "s.csv", "/procurement/suppliers")
    url = wizard.run(b"Name,Contact\nOld,Oskar\nNew,Nina\nOther,Otto\n", "s.csv", "/procurement/suppliers")
    run = wizard.found(url)
    assert (run.created_count, run.updated_count, run.same_count) == (1, 1, 1)
    address = f"{wizard.base}/procurement/suppliers/?import={run.reference}"
    assert f'href="{address}"' in wizard.get(url).text
    page = wizard.get(address).text
    named = {s.name: f'/procurement/suppliers/{s.reference}/"' in page for s in records(stand, Supplier)}
    assert named == {"Old": True, "New": True, "Other": False}
    assert f'<input type="hidden" name="import" value="{run.reference}">' in page
    assert len(wizard.get(f"/procurement/suppliers/export?format=csv&import={run.reference}").text.splitlines()) == 3
    with stand.work() as work:  # an edit later on takes nothing out of it
        work.query(Supplier).filter_by(name="New").one().contact = "Somebody else"
    assert "New" in wizard.get(f"{address}&q=new").text
    assert wizard.get("/procurement/suppliers/?import=IMP-1999-00001").text.count("row-check") == 0
    wizard.post(f"{url}rollback", {})
    wizard.work()
    assert [s.name for s in records(stand, Supplier) if f'/{s.reference}/"' in wizard.get(address).text] == ["New"]


def test_the_check_shows_field_by_field_what_would_change_and_the_trail_says_it(wizard: Wizard, stand: Stand) -> None:
    wizard.run(b"Name,Contact,Note\nAcme,Ann,Old note\nBeta,Bob,\n", "s.csv", "/procurement/suppliers")
    url = wizard.check(b"Name,Contact,Note\nAcme,Ann,New note\nBeta,Bea,Added\n", "s.csv", "/procurement/suppliers")
    page = wizard.get(url).text
    part = page[page.index('aria-label="What would change"') :]
    cells = [tuple(html.unescape(re.sub(r"<[^>]+>", "", c)).strip() for c in re.findall(r"<td.*?</td>", row))
             for row in re.findall(r"<tr>.*?</tr>", part, re.DOTALL)]
    acme, beta = sorted((s.name, s.reference, s.id) for s in records(stand, Supplier))
    expected = {("2", acme[1], "Note", "Old note", "New note"), ("3", beta[1], "Contact", "Bob", "Bea"),
                ("3", beta[1], "Note", "–", "Added")}
    assert {c for c in cells if len(c) == 5} == expected
    wizard.post(f"{url}apply", {}, url)
    wizard.work()
    run = wizard.found(url)
    edits = {e.record_id: e.changes for e in stand.entries(change_set_id=run.id, action="procurement.supplier.edit")}
    assert {record_id: set(changes) for record_id, changes in edits.items()} == {acme[2]: {"note"}, beta[2]: {"contact", "note"}}
    wizard.post(f"{url}rollback", {})
    wizard.work()
    assert {s.name: (s.contact, s.note) for s in records(stand, Supplier)} == {"Acme": ("Ann", "Old note"), "Beta": ("Bob", None)}


def test_the_check_says_what_would_be_made_and_writes_amounts_as_money(wizard: Wizard) -> None:
    url = wizard.check(payments(6).encode("cp1252"))
    shown = html.unescape(wizard.get(url).text)
    assert re.search(r"Will also be created.*?3 suppliers", shown, re.DOTALL)
    preview = shown.partition('aria-label="Preview"')[2]
    assert "€6.50<" in preview


def test_numbers_of_an_import_are_grouped_for_their_reader(wizard: Wizard, stand: Stand) -> None:
    url = wizard.check(payments(3).encode("cp1252"))
    with stand.work() as work:
        work.query(ImportRun).one().created_count = 8837
    shown = wizard.get(url).text
    assert ">8,837</dd>" in shown
    assert "Import 8,837 rows" in shown
    wizard.client.set_cookie(wizard.app.extensions["settings"].cookie("language"), "fr", domain="localhost")
    assert ">8\u202f837</dd>" in wizard.get(url).text
