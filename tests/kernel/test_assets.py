"""Static files: what the manifest names, by its hash, compressed beforehand."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor

import brotli
import pytest
from flask.testing import FlaskClient

from app import ROOT
from app.kernel.assets import Assets, asset, assets, icon
from tests.kernel.browser_side import application

NAMES = sorted(assets.entries)


@pytest.fixture
def client() -> FlaskClient:
    return application().test_client()


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_is_what_lies_on_the_disk(name: str) -> None:
    content = (ROOT / "static" / name).read_bytes()
    entry = assets.entries[name]
    assert hashlib.sha256(content).hexdigest()[:12] == entry["hash"]
    assert len(content) == entry["bytes"]
    if entry["compressed"]:
        assert brotli.decompress((ROOT / "static" / f"{name}.br").read_bytes()) == content
        assert gzip.decompress((ROOT / "static" / f"{name}.gz").read_bytes()) == content


def test_vendored_files_are_those_of_their_packages() -> None:
    for entry in json.loads((ROOT / "static/vendor/manifest.json").read_text()):
        assert entry["version"]
        assert entry["license"]
        if "sha256" in entry:
            assert hashlib.sha256((ROOT / "static/vendor" / entry["name"]).read_bytes()).hexdigest() == entry["sha256"]


def test_every_static_file_is_kept_for_ever_under_its_hashed_name(client: FlaskClient) -> None:
    kept = {name: client.get(asset(name)) for name in assets.entries}
    assert "js/app.bundle.js" in kept
    assert {name for name, answer in kept.items() if answer.status_code != 200} == set()
    assert {answer.headers["Cache-Control"] for answer in kept.values()} == {"public, max-age=31536000, immutable"}


def test_a_hashed_name_is_kept_for_ever(client: FlaskClient) -> None:
    answer = client.get(asset("css/app.css"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.mimetype == "text/css"


def test_the_compressed_twin_is_sent_to_who_reads_it(client: FlaskClient) -> None:
    for encoding, suffix in (("br", ".br"), ("gzip", ".gz"), ("", "")):
        answer = client.get(asset("js/app.bundle.js"), headers={"Accept-Encoding": encoding})
        assert answer.headers.get("Content-Encoding", "") == encoding
        assert answer.data == (ROOT / f"static/js/app.bundle.js{suffix}").read_bytes()
        assert answer.headers["Vary"] == "Accept-Encoding"


def test_a_known_file_is_not_sent_twice(client: FlaskClient) -> None:
    first = client.get(asset("img/icons.svg"))
    assert client.get(asset("img/icons.svg"), headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/static/src/package.json", "/static/js/app.js", "/static/manifest.json", "/static/../app/__init__.py",
                                  "/static/css/app.000000000000.css", "/static/css/app.css.br", "/static/nothing.css"])
def test_nothing_else_is_served(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_plain_name_is_not_kept_long(client: FlaskClient) -> None:
    assert client.get("/static/img/logo.svg").headers["Cache-Control"] == "public, max-age=300"


def test_an_icon_is_decorative_unless_it_has_words() -> None:
    assert 'aria-hidden="true"' in icon("inbox")
    assert 'role="img" aria-label="Late &amp; &#34;hot&#34;"' in icon("flame", label='Late & "hot"')
    with pytest.raises(LookupError, match=r"icons\.txt"):
        icon("no-such-icon")


def test_every_icon_that_templates_name_is_in_the_sprite() -> None:
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "templates").rglob("*.html"))
    named = set(re.findall(r'icon\("([a-z0-9-]+)"', text)) | set(re.findall(r'image="([a-z0-9-]+)"', text))
    assert named <= assets.icons, named - assets.icons


def test_many_first_readers_all_find_the_manifest() -> None:
    """A thread that comes while another one reads must not see an empty manifest."""
    with ThreadPoolExecutor(16) as pool:
        for _round in range(20):
            fresh = Assets()
            assert all(pool.map(lambda _n, seen=fresh: seen.find(asset("css/app.css").removeprefix("/static/")), range(16)))


def test_the_first_page_stays_light() -> None:
    entries = [name for name in NAMES if name.endswith((".css", ".js"))]
    assert sum(len((ROOT / "static" / f"{name}.br").read_bytes()) for name in entries) < 50_000
