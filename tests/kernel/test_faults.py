"""Refusals and failures: a designed page, a toast for htmx, a problem document for machines."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from flask import Flask, abort

from app.kernel.current import acting
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, TooMany, Unavailable
from app.kernel.forgery import BYTES, KEPT_AS
from tests.kernel.browser_side import application

ERRORS = {
    "403": Forbidden("You need hse.incident.close, which Manager has."), "404": NotFound("INC-1 was not found."),
    "409": Conflict("It changed."),
    "413": TooLarge("At most 100 MB."), "422": Invalid({"title": ["This is needed."]}), "429": TooMany("Too often.", retry_after=7),
    "503": Unavailable("The database is away."),
}


@pytest.fixture
def app() -> Iterator[Flask]:
    app = application()

    def fail(status: str) -> str:
        if status in ERRORS:
            raise ERRORS[status]
        if status == "405":
            abort(405)
        raise RuntimeError("SELECT secret FROM credentials")

    app.add_url_rule("/fail/<status>", "fail", fail)
    app.add_url_rule("/api/v1/fail/<status>", "api_fail", fail)
    with acting(None, None, request_id="req-7f3a"):
        yield app


@pytest.mark.parametrize("status", [*ERRORS, "405", "500"])
def test_the_page_says_what_and_carries_the_request(app: Flask, status: str) -> None:
    answer = app.test_client().get(f"/fail/{status}")
    assert answer.status_code == int(status)
    assert answer.text.startswith("<!doctype html>")
    assert "req-7f3a" in answer.text
    assert "Content-Security-Policy" in answer.headers


def test_a_failure_shows_nothing_of_the_inside(app: Flask) -> None:
    for path in ("/fail/500", "/api/v1/fail/500"):
        text = app.test_client().get(path).text
        assert "SELECT" not in text
        assert "Traceback" not in text


def test_the_reason_is_shown(app: Flask) -> None:
    assert "which Manager has." in app.test_client().get("/fail/403").text
    assert "This is needed." in app.test_client().get("/fail/422").text


def test_what_was_typed_is_kept_for_another_try(app: Flask) -> None:
    app.add_url_rule("/send/<status>", "send", app.view_functions["fail"], methods=["POST"])
    token = "00" * BYTES + "5a" * BYTES

    def send(path: str, data: dict[str, object]) -> str:
        with app.test_client() as client:
            with client.session_transaction() as kept:
                kept[KEPT_AS] = "5a" * BYTES
            return client.post(path, data=data | {"csrf_token": token}).text

    typed: dict[str, object] = {"title": "<b>A long story</b>", "site": ["1", "2"]}
    page = send("/send/503?step=2", typed)
    assert '<form method="post" action="/send/503?step=2">' in page
    assert 'name="title" value="&lt;b&gt;A long story&lt;/b&gt;"' in page
    assert (page.count('name="site"'), token in page) == (2, False)
    for data in ({"password": "secret", "email": "a@b.example"}, {"file": (BytesIO(b"x"), "x.csv")}):
        assert 'action="/send' not in send("/send/503", data)
    assert 'action="/send' not in send("/send/409", typed)


def test_when_to_come_back_is_said(app: Flask) -> None:
    assert app.test_client().get("/fail/429").headers["Retry-After"] == "7"
    assert app.test_client().get("/fail/503").headers["Retry-After"] == "30"


def test_htmx_gets_a_toast_and_the_page_stays(app: Flask) -> None:
    answer = app.test_client().get("/fail/409", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 409
    assert answer.text.strip().startswith('<hx-partial hx-target="#toasts" hx-swap="beforeend">')
    assert 'role="alert"' in answer.text


def test_machines_get_a_problem_document(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/fail/422")
    assert answer.mimetype == "application/problem+json"
    assert answer.json == {"type": "about:blank", "title": "Something is missing or wrong", "status": 422,
                           "detail": "title: This is needed.",
                           "request_id": "req-7f3a", "errors": {"title": ["This is needed."]}}


def test_an_unknown_address_is_a_designed_page(app: Flask) -> None:
    answer = app.test_client().get("/nowhere/at/all")
    assert answer.status_code == 404
    assert "Not found" in answer.text


def test_which_methods_are_allowed_is_said(app: Flask) -> None:
    answer = app.test_client().put("/static/css/app.css")
    assert answer.status_code in (403, 405)
    assert "GET" in app.test_client().options("/fail/403").headers["Allow"]
