"""What every response carries, and what a request from elsewhere meets."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kernel.forgery import csrf_token
from app.kernel.screens import screen
from tests.kernel.browser_side import application

TEMPLATES = {"page.html": '{% extends "layout/bare.html" %}{% block content %}<a hx-get="/x" href="/x" {{ hx() }}>x</a>{% endblock %}'}


@pytest.fixture
def app() -> Flask:
    app = application(TEMPLATES)
    app.add_url_rule("/page", "page", lambda: screen("page.html"))
    app.add_url_rule("/token", "token", csrf_token)
    app.add_url_rule("/change", "change", lambda: "changed", methods=["POST"])
    app.add_url_rule("/api/change", "api_change", lambda: "changed", methods=["POST"])
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_policy_has_the_nonce_of_the_page(client: FlaskClient) -> None:
    answer = client.get("/page")
    nonce = re.search(r"'nonce-([0-9a-f]{32})'", answer.headers["Content-Security-Policy"])
    assert nonce
    assert f'hx-nonce="{nonce[1]}"' in answer.text
    assert re.findall(r'<script[^>]*nonce="([^"]+)"', answer.text) == [nonce[1]] * 4


def test_each_answer_has_a_nonce_of_its_own(client: FlaskClient) -> None:
    first, second = (client.get("/page").headers["Content-Security-Policy"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize("part", ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'",
                                  "require-trusted-types-for 'script'", "trusted-types htmx worker"])
def test_policy_is_strict(client: FlaskClient, part: str) -> None:
    policy = client.get("/page").headers["Content-Security-Policy"]
    assert part in policy
    assert "unsafe" not in policy


def test_other_headers(client: FlaskClient) -> None:
    headers = client.get("/page").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_servers_ask_for_https() -> None:
    app = application(TEMPLATES, local=False)
    assert "max-age=" in app.test_client().get("/nowhere").headers["Strict-Transport-Security"]


def test_a_change_needs_the_token(client: FlaskClient) -> None:
    token = client.get("/token").text
    assert client.post("/change").status_code == 403
    assert client.post("/change", data={"csrf_token": "00" * 48}).status_code == 403
    assert client.post("/change", data={"csrf_token": "zz"}).status_code == 403
    assert client.post("/change", data={"csrf_token": token}).text == "changed"
    assert client.post("/change", headers={"X-CSRF-Token": token}).text == "changed"


def test_the_token_is_masked_anew_each_time(client: FlaskClient) -> None:
    first, second = client.get("/token").text, client.get("/token").text
    assert first != second
    assert client.post("/change", data={"csrf_token": first}).text == client.post("/change", data={"csrf_token": second}).text == "changed"


def test_the_token_of_another_session_is_refused(app: Flask) -> None:
    stranger, client = app.test_client(), app.test_client()
    client.get("/token")
    assert client.post("/change", data={"csrf_token": stranger.get("/token").text}).status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                                     {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_change_from_another_site_is_refused_even_with_the_token(client: FlaskClient, headers: dict[str, str]) -> None:
    token = client.get("/token").text
    assert client.post("/change", data={"csrf_token": token}, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, {"Sec-Fetch-Site": "none"}])
def test_our_own_pages_may_change(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post("/change", data={"csrf_token": client.get("/token").text}, headers=headers).text == "changed"


def test_a_bearer_token_is_proof_by_itself_where_machines_ask_and_nowhere_else(client: FlaskClient) -> None:
    bearer = {"Authorization": "Bearer of_x"}
    assert client.post("/api/change", headers=bearer).text == "changed"
    assert client.post("/change", headers=bearer).status_code == 403
