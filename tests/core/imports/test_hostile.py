"""What people and machines get wrong on purpose or by accident: a clear message by row and field, nothing lost, nothing executed."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask

from app.core.imports import State
from app.kernel.current import acting
from app.kernel.db import unit_of_work
from app.modules.procurement.models import Payment, Supplier
from tests.core.imports.conftest import Wizard, records
from tests.core.stand import Stand

SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "x.csv", "is empty"),
        (b"\x00" * 5000, "x.csv", "does not hold what its ending"),
        (b"a,b\n", "x.csv", "nothing below them"),
        (b"PK\x03\x04", "x.xlsx", "does not hold"),
        (b"a,b\n1,2\n", "x.exe", "not taken"),
        (b"<html><script>1</script></html>", "x.csv", "does not hold"),
        (b"MZ\x90\x00", "x.csv", "does not hold"),
    ],
)
def test_a_file_that_is_no_table_is_refused_on_the_same_page(wizard: Wizard, content: bytes, name: str, said: str) -> None:
    answer = wizard.upload(content, name)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_no_file_at_all(wizard: Wizard) -> None:
    answer = wizard.post("/procurement/payments/import", {})
    assert answer.status_code == 422
    assert "Choose a file." in answer.text


def test_a_file_over_the_limit_is_413(wizard: Wizard, stand: Stand) -> None:
    from app.core import settings

    with stand.work():
        settings.set("imports.max_megabytes", 1)
    answer = wizard.upload(b"a,b\n" + b"1,2\n" * 400_000)
    assert answer.status_code == 413
    assert "larger than the 1 MB" in answer.text


def test_script_and_formulas_are_kept_as_text_and_run_nowhere(wizard: Wizard, stand: Stand) -> None:
    rows = f'Name,Contact,Note\n"{SCRIPT}","=cmd|\'/C calc\'!A0","@SUM(1)"\n'
    url = wizard.run(rows.encode(), "s.csv", "/procurement/suppliers")
    supplier = records(stand, Supplier)[0]
    assert (supplier.name, supplier.contact, supplier.note) == (SCRIPT, "=cmd|'/C calc'!A0", "@SUM(1)")
    for page in (url, "/procurement/suppliers/", f"/procurement/suppliers/{supplier.reference}/"):
        shown = wizard.get(page)
        assert shown.status_code == 200
        assert SCRIPT not in shown.text
    exported = wizard.get("/procurement/suppliers/export?format=csv").text
    assert "'=cmd" in exported
    assert "'@SUM" in exported


def test_a_day_that_does_not_exist_and_too_long_a_text_are_named_by_row_and_column(wizard: Wizard, stand: Stand) -> None:
    head = "Supplier,Amount,Payment day,Transaction number,Purpose\n"
    url = wizard.check(
        f"{head}Acme,1.00,2026-02-30,T1,x\nAcme,1.00,2026-02-28,T2,{'y' * 10_000}\nAcme,1e999,2026-02-27,T3,z\n".encode(),
        date_shape="%Y-%m-%d",
    )
    listed = wizard.get(f"{url}errors.csv").text
    assert "2,Payment day,2026-02-30" in listed
    assert "3,Purpose" in listed
    assert "At most 200 characters; this has 10000." in listed
    assert "4,Amount,1e999" in listed
    assert records(stand, Payment) == []


def test_another_organisations_id_is_not_known_here(wizard: Wizard, stand: Stand) -> None:
    other = Stand("elsewhere")
    with acting(other.organisation, other.actors["owner"]), unit_of_work():
        from app.kernel.door import perform_one

        foreign = perform_one("procurement.supplier", "create", None, {"name": "Foreign"}).record.id
    head = "Supplier,Amount,Payment day,Transaction number\n"
    url = wizard.check(f"{head}{foreign},1.00,2026-02-28,T1\n{uuid4()},1.00,2026-02-28,T2\n".encode())
    run = wizard.found(url)
    assert (run.created_count, run.refused_count) == (0, 2)
    assert wizard.get(f"{url}errors.csv").text.count("is not known here") == 2


def test_the_wrong_encoding_can_be_put_right_by_hand(wizard: Wizard, stand: Stand) -> None:
    content = "Name,Contact\nŁódź,Ó\n".encode("cp1250")
    url = wizard.upload(content, "s.csv", "/procurement/suppliers").headers["Location"]
    answer = wizard.post(f"{url}map", {"encoding": "cp1250"}, url)
    assert answer.status_code == 303
    assert "Łódź" in wizard.get(url).text


def test_twice_the_same_key_in_one_file_names_the_other_row(wizard: Wizard) -> None:
    url = wizard.check(b"Supplier,Amount,Payment day,Transaction number\nA,1,2026-01-01,T1\nB,2,2026-01-01,T1\n")
    assert "Row 2 has the same Transaction number." in wizard.get(f"{url}errors.csv").text


def test_cancelling_takes_back_what_was_written(wizard: Wizard, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.core.imports import applying
    from app.kernel import jobs

    monkeypatch.setattr(applying, "CHUNK", 10)
    url = wizard.check(("Name,Contact\n" + "".join(f"S{n},C\n" for n in range(40))).encode(), "s.csv", "/procurement/suppliers")
    real = applying.write_chunk

    def then_cancel(run_id: object) -> int:
        count = real(run_id)  # type: ignore[arg-type]
        with stand.work():
            jobs.cancel(jobs.current_job().id)
        return count

    monkeypatch.setattr(applying, "write_chunk", then_cancel)
    wizard.post(f"{url}apply", {}, url)
    wizard.work()
    assert wizard.found(url).state == State.UNDONE
    assert records(stand, Supplier) == []


def test_what_can_no_longer_be_done_says_so(wizard: Wizard) -> None:
    url = wizard.run(b"Name,Contact\nAcme,Ann\n", "s.csv", "/procurement/suppliers")
    assert wizard.post(f"{url}apply", {}, url.replace("//", "/") + "rollback").status_code == 303
    answer = wizard.post(f"{url}map", {"column-0": "name"}, f"{url}rollback")
    assert answer.status_code in (409, 422)


def test_an_import_of_somebody_elses_organisation_does_not_exist(app: Flask, wizard: Wizard) -> None:
    url = wizard.upload(b"Name,Contact\nAcme,Ann\n", "s.csv", "/procurement/suppliers").headers["Location"]
    other = Wizard(app, Stand("elsewhere"))
    assert other.get(url.removeprefix(wizard.base)).status_code == 404
    assert other.client.get(url).status_code in (302, 303, 404)
