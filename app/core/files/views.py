"""Handing a file out: always as a download, never shown in the page."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from flask import Blueprint, Response, request, stream_with_context, url_for
from flask_babel import gettext as _
from werkzeug.http import dump_options_header

from app.core import audit
from app.core.files.models import StoredFile
from app.core.files.services import find, open_file
from app.core.files.sight import readable
from app.core.files.storage import BLOCK
from app.kernel.errors import NotFound

screens = Blueprint("files", __name__)
screens.needs = "member"  # type: ignore[attr-defined]


@screens.get("/<org>/files/<uuid:file_id>/<name>")
def download(file_id: UUID, name: str) -> Response:  # noqa: ARG001 -- the name in the address is for people
    """One file as an attachment; who may not read it learns nothing of it."""
    file = find(file_id)
    if not readable(file):
        raise NotFound(_("The file is no longer there."))
    if request.method != "HEAD":
        audit.note("files.stored_file.view", resource="files.stored_file", record_id=file.id, record_reference=file.name,
                   context={"sha256": file.sha256})
    return hand_out(file)


def hand_out(file: StoredFile) -> Response:
    """The response that carries a file's bytes."""
    source = open_file(file)

    def blocks() -> Iterator[bytes]:
        with source:
            while block := source.read(BLOCK // 4):
                yield block

    response = Response(stream_with_context(blocks()), mimetype=file.content_type, direct_passthrough=True)
    response.headers["Content-Disposition"] = disposition(file.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    response.content_length = file.size
    return response


def disposition(name: str) -> str:
    """The header that makes a browser save rather than show."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return dump_options_header("attachment", {"filename": plain} if plain == name else {"filename": plain, "filename*": name})


def url_of(file: StoredFile) -> str:
    """The address of a file."""
    return url_for("files.download", file_id=file.id, name=file.name)
