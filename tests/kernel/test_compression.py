"""Answers are small on the wire, for whoever reads them packed."""

from __future__ import annotations

import gzip

import brotli
import pytest
from flask import Response
from flask.testing import FlaskClient

from tests.kernel.browser_side import application

LONG = "<p>the same words again and again</p>" * 200


@pytest.fixture
def client() -> FlaskClient:
    app = application()
    app.add_url_rule("/long", "long", lambda: LONG)
    app.add_url_rule("/short", "short", lambda: "short")
    app.add_url_rule("/stream", "stream", lambda: Response(iter([LONG]), mimetype="text/csv"))
    app.add_url_rule("/picture", "picture", lambda: Response(LONG.encode(), mimetype="image/png"))
    return app.test_client()


@pytest.mark.parametrize(("accepted", "encoding", "unpack"), [("br, gzip", "br", brotli.decompress), ("gzip", "gzip", gzip.decompress)])
def test_a_page_is_packed_as_the_client_reads_it(client: FlaskClient, accepted: str, encoding: str, unpack: object) -> None:
    answer = client.get("/long", headers={"Accept-Encoding": accepted})
    assert answer.headers["Content-Encoding"] == encoding
    assert unpack(answer.data).decode() == LONG  # type: ignore[operator]
    assert len(answer.data) < len(LONG) / 20
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize(("path", "accepted"), [("/long", ""), ("/long", "identity"), ("/short", "br"),
                                                ("/stream", "br"), ("/picture", "br")])
def test_the_rest_passes_as_it_is(client: FlaskClient, path: str, accepted: str) -> None:
    assert "Content-Encoding" not in client.get(path, headers={"Accept-Encoding": accepted}).headers


def test_what_is_packed_already_is_left_alone(client: FlaskClient) -> None:
    answer = client.get("/static/css/app.css", headers={"Accept-Encoding": "br"})
    assert brotli.decompress(answer.data).startswith(b"/*! tailwindcss")
