"""One template answers with a page or with the part that htmx asked for."""

from __future__ import annotations

import pytest
from flask import Flask, flash, redirect
from flask.testing import FlaskClient
from jinja2 import UndefinedError

from app.kernel.screens import dom_id, screen, target_id, wants_fragment
from tests.kernel.browser_side import application, framed  # noqa: F401 -- a fixture

TEMPLATES = {
    "page.html": '{% extends "layout/page.html" %}{% block title %}Rows{% endblock %}{% block content %}'
                 '{% block rows %}<ul id="rows">{{ ui.badge(word) }}</ul>{% endblock %}{% endblock %}'
                 '{% block tally %}<p id="tally">{{ word }}</p>{% endblock %}',
    "below.html": '{% extends "page.html" %}{% block rows %}<b>below</b>{{ super() }}{% endblock %}',
    "other.html": "other {{ word }}",
}
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "ul#rows"}


@pytest.fixture
def app(framed: None) -> Flask:  # noqa: F811 -- pytest finds the fixture by its name
    app = application(TEMPLATES)
    app.add_url_rule("/rows", "rows", lambda: screen("page.html", "rows", oob=("tally",), word="one", push="/rows?q=1",
                                                      trigger={"decided": {"said": "x"}}))
    app.add_url_rule("/first", "first", lambda: screen(["absent.html", "other.html"], word="kept"))
    app.add_url_rule("/below", "below", lambda: screen("below.html", "content", word="one"))
    app.add_url_rule("/broken", "broken", lambda: screen("page.html", "rows"))
    app.add_url_rule("/save", "save", lambda: redirect("/rows", 303), methods=["POST"])
    app.add_url_rule("/asked", "asked", lambda: f"{wants_fragment()} {target_id()}")
    app.add_url_rule("/said", "said", lambda: (flash("Saved", "good"), screen("page.html", word="x"))[1])
    app.before_request_funcs[None] = []
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_a_plain_request_gets_the_page(client: FlaskClient) -> None:
    page = client.get("/rows").text
    assert page.startswith("<!doctype html>")
    assert '<ul id="rows">' in page
    assert "Northgate Council" in page


def test_a_partial_request_gets_the_block_and_the_others_out_of_band(client: FlaskClient) -> None:
    answer = client.get("/rows", headers=PARTIAL)
    assert answer.text.startswith('<ul id="rows">')
    assert '<hx-partial hx-target="#tally" hx-swap="outerHTML"><p id="tally">one</p></hx-partial>' in answer.text
    assert "<html" not in answer.text
    assert answer.headers["HX-Trigger"] == '{"decided": {"said": "x", "target": "body"}}'
    assert answer.headers["HX-Push-Url"] == "/rows?q=1"


@pytest.mark.parametrize("headers", [{"HX-Request": "true", "HX-Request-Type": "full"}, {"HX-Request": "true"},
                                     {"HX-Request-Type": "partial"}])
def test_boosted_and_restored_pages_are_whole(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get("/rows", headers=headers).text.startswith("<!doctype html>")


def test_caches_are_told_what_the_answer_depends_on(client: FlaskClient) -> None:
    assert client.get("/rows").headers["Vary"] == "HX-Request, HX-Request-Type, Accept-Encoding, Cookie"
    assert "HX-Request-Type" in client.get("/rows", headers=PARTIAL).headers["Vary"]


def test_the_fragment_is_inside_the_page(client: FlaskClient) -> None:
    fragment = client.get("/rows", headers=PARTIAL).text.partition("<hx-partial")[0]
    assert fragment in client.get("/rows").text


def test_a_block_that_the_template_inherits_is_answered_with_what_it_overrides(client: FlaskClient) -> None:
    answer = client.get("/below", headers=PARTIAL).text
    assert answer.startswith('<b>below</b><ul id="rows">')
    assert answer in client.get("/below").text


def test_of_several_templates_the_first_that_exists_is_taken(client: FlaskClient) -> None:
    assert client.get("/first").text == "other kept"


def test_a_word_that_is_not_given_is_an_error(app: Flask) -> None:
    app.testing = True
    with pytest.raises(UndefinedError):
        app.test_client().get("/broken", headers=PARTIAL)


def test_a_redirect_after_a_change_is_told_to_htmx(client: FlaskClient) -> None:
    plain, asked = client.post("/save"), client.post("/save", headers=PARTIAL)
    assert (plain.status_code, plain.headers["Location"]) == (303, "/rows")
    assert (asked.status_code, asked.headers["HX-Redirect"], asked.text) == (200, "/rows", "")
    assert "Location" not in asked.headers


def test_the_target_is_read_from_htmx_4(client: FlaskClient) -> None:
    assert client.get("/asked", headers=PARTIAL).text == "True rows"
    assert client.get("/asked").text == "False "


def test_messages_are_shown_once(client: FlaskClient) -> None:
    assert "Saved" in client.get("/said").text
    assert "Saved" not in client.get("/rows").text


def test_ids_name_a_part_of_a_record() -> None:
    class Thing:
        id = "42"

    assert dom_id(Thing(), "facts") == "facts-42"


def test_the_page_has_its_landmarks(client: FlaskClient) -> None:
    page = client.get("/rows").text
    for part in ('<a class="skip" href="#main">', 'id="main"', 'id="announcer"', 'aria-live="polite"', 'popovertarget="sidebar"',
                 'class="bottombar"', 'aria-current="page"', 'data-badge="inbox"'):
        assert part in page, part
