"""What machines ask: alive, ready, which version, whom to tell."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.core.monitoring import health


def test_it_is_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["parts"]) == (200, {"database": "ok", "schema": "ok", "redis": "ok"})


@pytest.mark.parametrize(("parts", "status"), [({"database": "away"}, 503), ({"schema": "behind"}, 503), ({"redis": "away"}, 200)])
def test_only_the_database_must_be_there(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, parts: dict[str, str], status: int) -> None:
    for name, answer in parts.items():
        monkeypatch.setattr(health, f"_{name}", lambda answer=answer: answer)
    asked = client.get("/readyz")
    assert asked.status_code == status
    assert asked.json["parts"].items() >= parts.items()
    assert ("Retry-After" in asked.headers) is (status == 503)


def test_a_part_that_does_not_answer_is_away(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent() -> str:
        raise OSError("nobody there")

    monkeypatch.setattr(health, "_database", silent)
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_the_version_is_told(client: FlaskClient) -> None:
    assert client.get("/version").json["name"] == "OpsFlux"
    assert client.get("/version").json["version"][0].isdigit()


def test_holes_can_be_told(client: FlaskClient) -> None:
    text = client.get("/.well-known/security.txt").text
    assert "Contact: mailto:security@" in text
    assert "Expires: 20" in text


def test_the_proxy_gets_a_page_for_what_it_finds_too_large(client: FlaskClient) -> None:
    page, machine = client.get("/.too-large"), client.get("/api/.too-large")
    assert (page.status_code, machine.status_code, machine.json["status"]) == (413, 413, 413)
    assert "Too large" in page.text
    assert page.headers["X-Request-ID"] in page.text
