"""Answers are compressed by the application, so that they are small on every path; tokens in them are masked anew (BREACH)."""

from __future__ import annotations

import gzip

import brotli
from flask import Flask, Response, request

SMALLEST = 600  # bytes; below, compressing costs more than it saves
TEXTS = ("text/", "application/json", "application/problem+json", "image/svg+xml")
BROTLI_QUALITY, GZIP_LEVEL = 4, 5


def squeeze(response: Response) -> Response:
    """Compress a text answer for a client that reads brotli or gzip; streams and files pass."""
    if not _worth_it(response):
        return response
    response.vary.add("Accept-Encoding")
    content = response.get_data()
    if len(content) < SMALLEST:
        return response
    if request.accept_encodings["br"]:
        encoding, packed = "br", brotli.compress(content, quality=BROTLI_QUALITY, mode=brotli.MODE_TEXT)
    elif request.accept_encodings["gzip"]:
        encoding, packed = "gzip", gzip.compress(content, GZIP_LEVEL, mtime=0)
    else:
        return response
    response.set_data(packed)
    response.headers["Content-Encoding"] = encoding
    return response


def _worth_it(response: Response) -> bool:
    return ((response.mimetype or "").startswith(TEXTS) and not response.direct_passthrough and not response.is_streamed
            and "Content-Encoding" not in response.headers and response.status_code not in (204, 206, 304)
            and response.mimetype != "text/event-stream" and request.method != "HEAD")


def install_compression(app: Flask) -> None:
    """Compress what leaves; registered first, so that it runs last."""
    app.after_request(squeeze)
