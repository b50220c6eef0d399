"""Pages of other sites: only those that are configured may read what the API answers, and never with cookies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from app.kernel.config import ConfigError, Settings

OURS, OTHER = "https://app.example.org", "https://elsewhere.example"
API, ASKED = "/api/v1/openapi.json", {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def permissive(headers: object) -> dict[str, str]:
    """What lets another site read."""
    return {name: value for name, value in headers if name.startswith("Access-Control-")}  # type: ignore[attr-defined]


@pytest.fixture
def open_app(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with one other site configured."""
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], cors_origins=(OURS,)))
    return app


@pytest.mark.requirement("LG-320")
def test_only_a_configured_origin_gets_a_permissive_header(open_app: Flask) -> None:
    client = open_app.test_client()
    allowed = client.get(API, headers={"Origin": OURS})
    assert allowed.headers["Access-Control-Allow-Origin"] == OURS
    for origin in (OTHER, "null", f"{OURS}.elsewhere.example", "http://app.example.org", OURS.upper(), f"{OURS}:444"):
        answer = client.get(API, headers={"Origin": origin})
        assert (answer.status_code, permissive(answer.headers)) == (200, {}), origin
    assert permissive(client.get(API).headers) == {}


@pytest.mark.requirement("LG-320")
def test_a_preflight_is_answered_for_configured_origins_only(open_app: Flask) -> None:
    client = open_app.test_client()
    address = "/api/v1/home/people/members/"
    allowed = client.options(address, headers={**ASKED, "Origin": OURS})
    assert allowed.status_code == 204
    assert "POST" in allowed.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in allowed.headers["Access-Control-Allow-Headers"]
    assert permissive(client.options(address, headers={**ASKED, "Origin": OTHER}).headers) == {}


def test_no_answer_goes_to_another_site_with_cookies_or_outside_the_api(open_app: Flask) -> None:
    client = open_app.test_client()
    assert "Access-Control-Allow-Credentials" not in client.get(API, headers={"Origin": OURS}).headers
    for address in ("/sign-in", "/scim/v2/home/Users", "/"):
        assert permissive(client.get(address, headers={"Origin": OURS}).headers) == {}


def test_caches_keep_the_origins_apart(open_app: Flask) -> None:
    assert "Origin" in open_app.test_client().get(API).headers["Vary"]


def test_a_refusal_can_be_read_too(open_app: Flask) -> None:
    answer = open_app.test_client().get("/api/v1/home/people/members/", headers={"Origin": OURS})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, OURS)
    assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]


def test_without_any_configured_nobody_gets_one(app: Flask) -> None:
    assert permissive(app.test_client().get(API, headers={"Origin": OTHER}).headers) == {}


@pytest.mark.parametrize("wrong", ["*", "app.example.org", "https://app.example.org/", "https://*.example.org", "http://app.example.org",
                                   "https://user@app.example.org", "https://App.example.org", "null"])
def test_what_is_no_origin_stops_the_start(wrong: str, tmp_path: object) -> None:
    with pytest.raises(ConfigError, match="CORS_ORIGINS"):
        Settings.load({"OPSFLUX_HOME": str(tmp_path), "DATABASE_URL": "postgresql://a:b@db.example/c", "REDIS_URL": "redis://db.example",
                       "CORS_ORIGINS": wrong})


def test_origins_are_listed_with_their_ports(tmp_path: object) -> None:
    environ = {"OPSFLUX_HOME": str(tmp_path), "DATABASE_URL": "postgresql://a:b@db.example/c", "REDIS_URL": "redis://db.example",
               "CORS_ORIGINS": "https://app.example.org, http://localhost:5173"}
    assert Settings.load(environ).cors_origins == ("https://app.example.org", "http://localhost:5173")
