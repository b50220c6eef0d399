"""A client that a generator makes of the description works against a running copy: it lists, makes, changes and archives."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.core.auth import tokens
from app.core.auth.scopes import WRITE
from app.resources.openapi import document
from tests.core.stand import Stand
from tests.infra.serving import LiveServer

NAME = "opsflux_client"


def generated(folder: Path) -> None:
    """Write the client of the whole description into a folder."""
    (folder / "openapi.json").write_bytes(orjson.dumps(document()))
    (folder / "settings.yml").write_text("post_hooks: []\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json", "--config", "settings.yml",
               "--meta", "none", "--output-path", NAME, "--fail-on-warning"]
    made = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert made.returncode == 0, (made.stdout + made.stderr)[-3_000:]


@pytest.mark.ordeal
@pytest.mark.timeout(600)
def test_a_client_made_of_the_description_works(live_server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generated(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with live_server.database.app.app_context():
        stand = Stand("generated")
        with stand.work():
            value = tokens.make_token("client", [WRITE])[1]
    client = importlib.import_module(NAME).AuthenticatedClient(
        base_url=f"{live_server.url}/api/v1", token=value, raise_on_unexpected_status=True)
    here = stand.organisation.slug

    def call(operation: str, *place: str, **said: Any) -> Any:
        module = importlib.import_module(f"{NAME}.api.procurement.procurement_supplier_{operation}")
        return module.sync_detailed(here, *place, client=client, **said)

    models = importlib.import_module(f"{NAME}.models")
    made = call("create", body=models.ProcurementSupplierWrite(name="Åsgard Søker"))
    assert (made.status_code, made.parsed.name, made.parsed.version) == (201, "Åsgard Søker", 1)
    (listed,) = call("list").parsed.items
    assert (listed.reference, listed.name) == (made.parsed.reference, "Åsgard Søker")
    changed = call("update", listed.reference, body=models.ProcurementSupplierPartial(name="Åsgard"), if_match=made.headers["ETag"])
    assert (changed.status_code, changed.parsed.name, changed.parsed.version) == (200, "Åsgard", 2)
    overtaken = call("update", listed.reference, body=models.ProcurementSupplierPartial(name="No"), if_match=made.headers["ETag"])
    assert (overtaken.status_code, overtaken.parsed.status) == (412, 412)
    archived = call("archive", listed.reference, body=models.ProcurementSupplierArchiveBody())
    assert (archived.status_code, archived.parsed.record.archived_at is None) == (200, False)
    assert call("list").parsed.items == []
    assert call("detail", "nothing").status_code == 404
