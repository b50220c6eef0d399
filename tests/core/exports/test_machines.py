"""Exports for other systems: the records of the screen, by a token; long ones at an address; as ZIP; no PDF past its limit."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from flask import Flask

from app.core import auth, settings
from app.resources.features import exporting
from tests.core.imports.conftest import Wizard
from tests.core.stand import Stand

SITES = "organisation/sites"


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation with four sites."""
    made = Stand("machines")
    with made.work():
        for name in ("Harbour", "Quay north", "Quay south", "=Yard"):
            made.site(name)
    return made


class Machine:
    """A program with somebody's token."""

    def __init__(self, app: Flask, stand: Stand, role: str = "owner") -> None:
        with stand.work(role):
            _token, secret = auth.make_token("exports")
        self.client, self.headers = app.test_client(), {"Authorization": f"Bearer {secret}"}
        self.base = f"/api/v1/{stand.organisation.slug}/"

    def get(self, path: str) -> Any:
        """A call."""
        return self.client.get(path if path.startswith("/") else f"{self.base}{path}", headers=self.headers)


@pytest.mark.requirement("OF-183")
def test_a_token_and_a_filter_give_the_records_of_the_screen(app: Flask, stand: Stand) -> None:
    machine, owner = Machine(app, stand), Wizard(app, stand)
    answer = machine.get(f"{SITES}/export?format=csv&q=quay&sort=-name&columns=name")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv"), answer.text
    rows = [row[0] for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))]
    assert rows == ["Name", "Quay south", "Quay north"]
    page = owner.get(f"/{SITES}/?q=quay&sort=-name").text.partition('id="results"')[2]
    assert page.index("Quay south") < page.index("Quay north")
    assert "Harbour" not in page
    lines = machine.get(f"{SITES}/export?format=jsonl&columns=name").data.splitlines()
    assert sorted(json.loads(line)["name"] for line in lines) == ["=Yard", "Harbour", "Quay north", "Quay south"]
    assert machine.get(f"{SITES}/export?format=csv&columns=salary").status_code == 422
    assert app.test_client().get(f"{machine.base}{SITES}/export").status_code == 401
    assert Machine(app, stand, "member").get(f"{SITES}/export").status_code == 403


def test_a_long_one_is_told_where_it_will_be(app: Flask, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    machine = Machine(app, stand)
    answer = machine.get(f"{SITES}/export?format=csv&columns=name")
    assert answer.status_code == 202
    place = answer.headers["Location"]
    assert machine.get(place).status_code == 202
    Wizard(app, stand).work()
    done = machine.get(place)
    assert done.status_code == 200
    assert done.data.decode("utf-8-sig").count("\r\n") == 5
    assert Machine(app, stand, "auditor").get(place).status_code == 404, "bound to whoever asked"


@pytest.mark.parametrize("packed", ["", "&zip=1"])
def test_from_so_many_rows_on_it_is_a_zip(app: Flask, stand: Stand, monkeypatch: pytest.MonkeyPatch, packed: str) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    monkeypatch.setattr(exporting, "ZIP_FROM", 50 if packed else 3)
    machine = Machine(app, stand)
    place = machine.get(f"{SITES}/export?format=xlsx{packed}").headers["Location"]
    Wizard(app, stand).work()
    bundle = zipfile.ZipFile(io.BytesIO(machine.get(place).data))
    assert [name.rpartition(".")[2] for name in bundle.namelist()] == ["xlsx"]
    assert zipfile.ZipFile(io.BytesIO(bundle.read(bundle.namelist()[0]))).testzip() is None


def test_a_pdf_ends_at_its_limit_and_the_other_formats_are_offered(app: Flask, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "most_printed", lambda: 3)
    with stand.work():
        assert settings.get("views.pdf_rows") == 5_000
    page = Wizard(app, stand).get(f"/{SITES}/export?format=pdf&sort=name")
    assert page.status_code == 422
    assert "sort=name&amp;format=ods" in page.text
    assert Machine(app, stand).get(f"{SITES}/export?format=pdf").json["errors"]["format"]
    assert Wizard(app, stand).get(f"/{SITES}/export?format=pdf&q=quay").mimetype == "application/pdf"
