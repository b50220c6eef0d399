"""Theme, density, language and keys of this device."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kernel.current import Actor, acting
from app.kernel.preferences import preference, within
from app.kernel.screens import screen
from tests.kernel.browser_side import ORGANISATION, PERSON, application


@pytest.fixture
def app() -> Flask:
    app = application({"page.html": '{% extends "layout/bare.html" %}'})
    app.add_url_rule("/page", "page", lambda: screen("page.html"))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', client.get("/page").text)
    assert found
    return found[1]


def test_the_theme_is_on_the_page_before_anything_is_drawn(client: FlaskClient) -> None:
    assert '<html lang="en" class="auto" data-density="comfortable">' in client.get("/page").text
    client.set_cookie("theme", "dark")
    client.set_cookie("density", "compact")
    assert '<html lang="en" class="dark" data-density="compact">' in client.get("/page").text


def test_a_choice_is_kept_and_leads_back(client: FlaskClient) -> None:
    answer = client.post("/preferences", data={"csrf_token": token(client), "theme": "dark", "next": "/page?x=1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/page?x=1")
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("theme="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert 'class="dark"' in client.get("/page").text


def test_only_what_was_changed_is_kept_and_the_account_can_be_followed_again(client: FlaskClient) -> None:
    unchanged = {"theme": "dark", "language": "account", "density": "comfortable", "keys": "gmail"}
    answer = client.post("/preferences", data={"csrf_token": token(client), **unchanged})
    assert [c.partition("=")[0] for c in answer.headers.getlist("Set-Cookie") if "Max-Age=0" not in c and "session" not in c] == ["theme"]
    client.post("/preferences", data={"csrf_token": token(client), "language": "de"})
    assert str(getattr(client.get_cookie("language"), "value", "")) == "de"
    client.post("/preferences", data={"csrf_token": token(client), **unchanged})
    assert client.get_cookie("language") is None
    assert client.get_cookie("theme") is not None


def test_an_unknown_choice_is_not_kept(client: FlaskClient) -> None:
    answer = client.post("/preferences", data={"csrf_token": token(client), "theme": "pink", "keys": "vi"})
    assert not [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(("theme", "keys"))]
    client.set_cookie("theme", "<script>")
    assert 'class="auto"' in client.get("/page").text


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "", None, "/a\nb"])
def test_nobody_is_led_elsewhere(address: str | None) -> None:
    assert within(address) == "/"


def test_an_address_of_ours_is_kept() -> None:
    assert within("/northgate/inbox/?tab=mine") == "/northgate/inbox/?tab=mine"


def test_the_persons_own_setting_stands_where_the_device_has_none(app: Flask) -> None:
    person = Actor(PERSON.id, "Mara", preferences={"keys": "linear"})
    with acting(ORGANISATION, person):
        with app.test_request_context():
            assert preference("keys") == "linear"
        with app.test_request_context(headers={"Cookie": "keys=off"}):
            assert preference("keys") == "off"


def test_cookies_of_a_server_are_secure() -> None:
    app = application({"page.html": '{% extends "layout/bare.html" %}'}, local=False)
    app.add_url_rule("/page", "page", lambda: screen("page.html"))
    client = app.test_client()
    answer = client.post("/preferences", data={"csrf_token": token(client), "theme": "dark"})
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-theme"))
    assert "Secure" in cookie
    assert "Path=/" in cookie
