"""Static files: hashed names that may be cached for ever, and the pre-compressed twin that the browser can read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from time import monotonic
from typing import Any

from flask import Flask, Response, abort, request, send_file
from markupsafe import Markup

STATIC = Path(__file__).resolve().parents[2] / "static"
YEAR = 365 * 24 * 3600
LOOK_AGAIN = 1.0  # seconds between two looks at the manifest
_HASHED = re.compile(r"^(?P<stem>.+)\.(?P<hash>[0-9a-f]{12})(?P<suffix>\.[a-z0-9]+)$")
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".png": "image/png",
          ".webmanifest": "application/manifest+json"}
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))


class Assets:
    """The manifest that `make assets` writes; read again when it changes on disk."""

    def __init__(self, folder: Path = STATIC) -> None:
        self.folder = folder
        self._stamp, self._looked = -1, -LOOK_AGAIN
        self._drawn: dict[tuple[str, str, str], Markup] = {}
        self._entries: dict[str, dict[str, Any]] = {}
        self._icons: frozenset[str] = frozenset()

    @property
    def entries(self) -> dict[str, dict[str, Any]]:
        """Name → hash, size and whether compressed twins exist."""
        self._read()
        return self._entries

    def _read(self) -> None:
        """Take in the manifest when it has changed; other threads go on with the one that they had."""
        now = monotonic()
        if now - self._looked < LOOK_AGAIN:
            return
        path = self.folder / "manifest.json"
        stamp = path.stat().st_mtime_ns
        if stamp != self._stamp:
            sprite = (self.folder / "img" / "icons.svg").read_text("utf-8")
            icons = frozenset(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite))
            self._entries, self._icons, self._drawn, self._stamp = json.loads(path.read_text("utf-8")), icons, {}, stamp
        self._looked = now

    @property
    def icons(self) -> frozenset[str]:
        """The names of the icons in the sprite."""
        self._read()
        return self._icons

    def url(self, name: str) -> str:
        """The address of a static file, with its hash; an unknown name is an error."""
        stem, dot, suffix = name.rpartition(".")
        return f"/static/{stem}.{self.entries[name]['hash']}{dot}{suffix}"

    def find(self, asked: str) -> tuple[str, bool] | None:
        """The file meant by a path under `/static/`, and whether it may be cached for ever."""
        if asked in self.entries:
            return asked, False
        hashed = _HASHED.match(asked)
        if hashed is None:
            return None
        name = hashed["stem"] + hashed["suffix"]
        entry = self.entries.get(name)
        return (name, True) if entry and entry["hash"] == hashed["hash"] else None


    def icon(self, name: str, classes: str, label: str) -> Markup:
        """The markup of an icon, drawn once for all the rows that show it."""
        self._read()
        drawn, key = self._drawn, (name, classes, label)
        if key not in drawn:
            if name not in self._icons:
                raise LookupError(f"no icon “{name}”: add it to static/src/icons.txt and run make assets")
            said = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
            drawn[key] = Markup('<svg class="{}" {}><use href="{}#{}"/></svg>').format(classes, said, self.url("img/icons.svg"), name)
        return drawn[key]


assets = Assets()


def asset(name: str) -> str:
    """Jinja: `{{ asset('css/app.css') }}`."""
    return assets.url(name)


def icon(name: str, classes: str = "size-4", label: str = "") -> Markup:
    """One icon of the sprite; decorative unless it is given a label."""
    return assets.icon(name, classes, str(label))


def _chosen(path: Path, entry: dict[str, Any]) -> tuple[Path, str]:
    if entry["compressed"]:
        for encoding, suffix in _ENCODINGS:
            if request.accept_encodings[encoding]:
                return path.with_name(path.name + suffix), encoding
    return path, ""


def serve(name: str) -> Response:
    """Answer for `/static/…`: only what the manifest names."""
    found = assets.find(name)
    if found is None:
        abort(404)
    plain, immutable = found
    entry = assets.entries[plain]
    path, encoding = _chosen(assets.folder / plain, entry)
    response = send_file(path, mimetype=_TYPES[Path(plain).suffix], etag=entry["hash"] + encoding, conditional=True)
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if immutable else "public, max-age=300"
    response.headers["Vary"] = "Accept-Encoding"
    if encoding:
        response.headers["Content-Encoding"] = encoding
    return response


def install_assets(app: Flask) -> None:
    """Serve `/static/` and give templates `asset()` and `icon()`."""
    serve.needs = "public"  # type: ignore[attr-defined]
    app.add_url_rule("/static/<path:name>", "static", serve)
    app.jinja_env.globals.update(asset=asset, icon=icon)
