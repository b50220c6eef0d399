"""The plain browser with which the demo's people act."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest

from app.demo.browser import Browser, Page, RefusedError

FORM = """<form action="/org/import/IMP-1/map?x=1" method="post"><input type="hidden" name="csrf_token" value="t&amp;1">
<input name="name" value="Mine"><input type="checkbox" name="make" value="supplier" checked><input type="checkbox" name="make" value="site">
<input type="file" name="file"><input type="submit" name="go" value="Go">
<select name="column-0"><option value="">Leave out</option><option value="amount" selected>Amount <b>due</b></option></select>
<select name="column-1"><option value="">Leave out</option><option value="paid_on">Day</option></select></form>
<form action="/other"><input name="q" value="1"></form>"""


def page(text: str) -> Page:
    """An answer that holds this."""
    return Page("http://here/x", 200, "text/html", text.encode())


def test_a_form_is_read_as_it_would_be_sent() -> None:
    form = page(FORM).form("/map")
    assert form.fields == [("csrf_token", "t&1"), ("name", "Mine"), ("make", "supplier"), ("column-0", "amount"), ("column-1", "")]


def test_what_a_choice_offers_is_known_by_its_words() -> None:
    assert page(FORM).form("/map").options["column-0"] == [("", "Leave out"), ("amount", "Amount due")]


def test_fields_are_filled_in_anew() -> None:
    assert page(FORM).form("/other").with_(q="2", r="3") == [("q", "2"), ("r", "3")]


@pytest.mark.parametrize(("ending", "there"), [("/map", True), ("/other", True), ("/apply", False)])
def test_a_form_is_known_by_the_end_of_its_address(ending: str, there: bool) -> None:
    assert page(FORM).has_form(ending) is there


def test_a_missing_form_is_refused_with_the_address() -> None:
    with pytest.raises(RefusedError, match="http://here/x"):
        page(FORM).form("/apply")


class _Site(BaseHTTPRequestHandler):
    """A sign-in with a token and a cookie, a redirect, and an error."""

    sent: list[tuple[str, list[tuple[str, str]]]] = []

    def do_GET(self) -> None:
        """A page with a token; `/broken` is an error page."""
        signed_in = "signed=yes" in self.headers.get("Cookie", "")
        body = f'<form action="/sign-in"><input name="csrf_token" value="T{len(self.sent)}"></form>{"in" if signed_in else "out"}'.encode()
        self.send_response(409 if self.path == "/broken" else 200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Keep what was sent, and send the browser home with a cookie."""
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.sent.append((self.headers["Content-Type"], parse_qsl(raw.decode("latin-1"))))
        self.send_response(303)
        self.send_header("Location", "/home")
        self.send_header("Set-Cookie", "signed=yes; Path=/")
        self.end_headers()

    def log_message(self, *_said: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    """The address of a small site."""
    _Site.sent.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_signing_in_sends_the_token_of_the_page_and_keeps_the_cookie(site: str) -> None:
    browser = Browser(site)
    landed = browser.sign_in("a@b.example", "secret")
    assert _Site.sent[0][1] == [("csrf_token", "T0"), ("email", "a@b.example"), ("password", "secret")]
    assert (landed.url, landed.text.endswith("in")) == (f"{site}/home", True)


def test_after_a_redirect_the_next_token_is_the_new_one(site: str) -> None:
    browser = Browser(site)
    browser.get("/")
    browser.post("/first", {})
    browser.post("/second", {})
    assert [dict(fields)["csrf_token"] for _kind, fields in _Site.sent] == ["T0", "T1"]


def test_without_following_the_redirect_is_the_answer(site: str) -> None:
    assert Browser(site).post("/decide", {}, follow=False).status == 303


def test_an_error_page_is_an_answer_too(site: str) -> None:
    answer = Browser(site).get("/broken")
    assert (answer.status, answer.kind) == (409, "text/html")


def test_a_file_goes_as_one_part_of_several(site: str) -> None:
    Browser(site).post("/upload", {"mapping": "7"}, ("file", "june.csv", b"a,b\n1,2\n"))
    assert _Site.sent[0][0].startswith("multipart/form-data; boundary=")
