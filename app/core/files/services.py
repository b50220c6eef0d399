"""Keeping files: stored once, checked by their bytes, hung on records."""

from __future__ import annotations

import hashlib
import io
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.core import settings
from app.core.files.models import MADE, RecordFile, StoredFile
from app.core.files.sniffing import identify
from app.core.files.storage import BLOCK, new_place, refusal, storage
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, NotFound, TooLarge
from app.kernel.manifest import Resource

SPOOLED = 2 * BLOCK


def store(source: bytes | BinaryIO, name: str, content_type: str = "", *, purpose: str = "attachment", only: tuple[str, ...] = (),
          limit: int = 0) -> StoredFile:
    """Keep a file for good. `content_type` is believed for what we make ourselves alone: exports, and the whole organisation.

    `limit` is in bytes (the organisation's setting otherwise), `only` narrows the endings. Raises TooLarge, Invalid, Unavailable.
    """
    limit = limit or settings.get("files.max_megabytes") * 1024 * 1024
    name = clean_name(name)
    with _spooled(source, 0 if purpose in MADE else limit, name) as (stream, size, digest):
        found = content_type if purpose in MADE else identify(stream, name, only=only)
        place = new_place(current.organisation.id)
        stream.seek(0)
        storage().put(place, stream, size)
    _forget_if_undone(place)
    file = StoredFile(name=name, content_type=found, size=size, sha256=digest, place=place, purpose=purpose)
    session().add(file)
    session().flush()
    return file


def open_file(file: StoredFile) -> BinaryIO:
    """The bytes of a file, as a stream to be closed."""
    return storage().get(file.place)


def find(file_id: UUID) -> StoredFile:
    """A file of this organisation by its id."""
    file = session().get(StoredFile, (current.organisation.id, file_id))
    if file is None:
        raise NotFound(_("The file is no longer there."))
    return file


def attach(resource: Resource, record: Any, file: StoredFile) -> RecordFile:
    """Hang a file on a record; the same bytes twice on one record are refused."""
    if any(f.sha256 == file.sha256 for f in files_of(record)):
        raise Conflict(_("This file is attached to %(reference)s already.", reference=record.reference))
    link = RecordFile(resource=resource.key, record_id=record.id, file_id=file.id)
    session().add(link)
    session().flush()
    return link


def detach(record: Any, file_id: UUID) -> None:
    """Take a file off a record; the file itself stays, since decisions may have seen it."""
    link = session().scalar(select(RecordFile).where(RecordFile.organisation_id == current.organisation.id,
                                                     RecordFile.record_id == record.id, RecordFile.file_id == file_id))
    if link is None:
        raise NotFound(_("This file is not attached to %(reference)s.", reference=record.reference))
    session().delete(link)
    session().flush()


def named(ids: Iterable[UUID | None]) -> list[StoredFile]:
    """The files of this organisation with these ids; what is gone is left out."""
    wanted = [each for each in ids if each]
    query = select(StoredFile).where(StoredFile.organisation_id == current.organisation.id, StoredFile.id.in_(wanted))
    return [*session().scalars(query)] if wanted else []


def files_of(record: Any) -> list[StoredFile]:
    """The files that hang on a record, in the order in which they came."""
    return files_of_many([record]).get(record.id, [])


def files_of_many(records: Sequence[Any]) -> dict[UUID, list[StoredFile]]:
    """The files of many records, in one query."""
    found: dict[UUID, list[StoredFile]] = {}
    query = select(RecordFile.record_id, StoredFile).join(
        StoredFile, (StoredFile.organisation_id == RecordFile.organisation_id) & (StoredFile.id == RecordFile.file_id)).where(
        RecordFile.organisation_id == current.organisation.id, RecordFile.record_id.in_([r.id for r in records])).order_by(RecordFile.id)
    for record_id, file in session().execute(query):
        found.setdefault(record_id, []).append(file)
    return found


def remove_all(organisation_id: UUID) -> int:
    """Forget the bytes of every file of an organisation that is deleted; gives how many files there were."""
    return storage().remove_all(str(organisation_id))


def clean_name(name: str) -> str:
    """A name that can stand in a header and on any disk: no path, no control characters, 150 characters at most."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    plain = re.sub(r"[\x00-\x1f\x7f\"<>:|?*]", "_", plain).strip(". ") or "file"
    stem, dot, ending = plain.rpartition(".")
    return f"{stem[:140]}{dot}{ending[:10]}" if dot else plain[:150]


class _spooled:  # noqa: N801 -- reads as a word in `with`
    """The source as a seekable stream with its size and SHA-256, refused once it passes the limit (0 = none)."""

    def __init__(self, source: bytes | BinaryIO, limit: int, name: str) -> None:
        self._source = io.BytesIO(source) if isinstance(source, bytes) else source
        self._limit, self._name = limit, name
        self._stream = tempfile.SpooledTemporaryFile(max_size=SPOOLED)  # noqa: SIM115 -- closed on exit

    def __enter__(self) -> tuple[BinaryIO, int, str]:
        """Read it all, once."""
        digest, size = hashlib.sha256(), 0
        try:
            while block := self._source.read(BLOCK):
                size += len(block)
                self._check(size)
                digest.update(block)
                self._stream.write(block)
        except OSError as error:
            self._stream.close()
            raise refusal(error) from error
        except TooLarge:
            self._stream.close()
            raise
        self._stream.seek(0)
        return self._stream, size, digest.hexdigest()  # type: ignore[return-value]

    def __exit__(self, *_trouble: object) -> None:
        """Drop the copy."""
        self._stream.close()

    def _check(self, size: int) -> None:
        if self._limit and size > self._limit:
            raise TooLarge(_("“%(name)s” is larger than the %(limit)d MB that are possible here.", name=self._name,
                             limit=self._limit // 1024 // 1024))


def _forget_if_undone(place: str) -> None:
    session().info.setdefault("stored_places", []).append(place)


@event.listens_for(Session, "after_commit")
def _kept(work: Session) -> None:
    if not work.in_nested_transaction():
        work.info.pop("stored_places", None)


@event.listens_for(Session, "after_rollback")
def _undone(work: Session) -> None:
    for place in work.info.pop("stored_places", ()):
        storage().remove(place)
