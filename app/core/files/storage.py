"""Where the bytes lie: a folder or an S3 bucket, by `STORAGE_URL`; random names, nothing to guess, nothing to overwrite."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from flask import current_app
from flask_babel import gettext as _

from app.kernel.errors import NotFound, Unavailable

log = logging.getLogger(__name__)
BLOCK = 1024 * 1024
PART = ".part-"  # how the names of files begin that are not whole yet
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Storage(Protocol):
    """What a storage can do; places are `<organisation>/<two letters>/<random>`."""

    def put(self, place: str, stream: BinaryIO, size: int) -> None:
        """Keep `size` bytes under a new place."""

    def get(self, place: str) -> BinaryIO:
        """The bytes, as a stream to be closed."""

    def remove(self, place: str) -> None:
        """Forget them; nothing happens when they are gone."""

    def remove_all(self, folder: str) -> int:
        """Forget all that lies in an organisation's folder; gives how many files."""

    def remove_parts(self, folder: str, before: datetime) -> int:
        """Forget what lies there half written since then; gives how many files."""


def new_place(organisation_id: object) -> str:
    """A place nobody can guess, in the organisation's own folder."""
    name = secrets.token_hex(20)
    return f"{organisation_id}/{name[:2]}/{name}"


class FolderStorage:
    """A folder of this machine; a file appears complete or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, place: str, stream: BinaryIO, size: int) -> None:
        """See `Storage`; a full disk is a refusal and leaves nothing behind."""
        path = self._path(place)
        partial: str | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=PART, delete=False) as target:
                partial = target.name
                while block := stream.read(BLOCK):
                    target.write(block)
                target.flush()
                os.fsync(target.fileno())
            Path(partial).replace(path)
        except OSError as error:
            if partial:
                with suppress(OSError):
                    Path(partial).unlink(missing_ok=True)
            log.exception("file of %d bytes could not be stored", size)
            raise refusal(error) from error

    def get(self, place: str) -> BinaryIO:
        """See `Storage`."""
        try:
            return self._path(place).open("rb")
        except FileNotFoundError:
            raise NotFound(_("The file is no longer there.")) from None

    def remove(self, place: str) -> None:
        """See `Storage`."""
        self._path(place).unlink(missing_ok=True)

    def remove_all(self, folder: str) -> int:
        """See `Storage`."""
        root = self._path(folder)
        files = sum(1 for path in root.rglob("*") if path.is_file())
        if root.exists():
            shutil.rmtree(root)
        return files

    def remove_parts(self, folder: str, before: datetime) -> int:
        """See `Storage`."""
        parts = [path for path in self._path(folder).rglob(f"{PART}*") if path.stat().st_mtime < before.timestamp()]
        for path in parts:
            path.unlink(missing_ok=True)
        return len(parts)

    def _path(self, place: str) -> Path:
        return self.root.joinpath(*place.split("/"))


class BucketStorage:
    """A bucket of an S3 server: `s3://key:secret@host:port/bucket/prefix?region=eu-west-1&tls=0`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        self.bucket, _slash, self.prefix = parts.path.strip("/").partition("/")
        host = parts.hostname or "s3.amazonaws.com"
        self._endpoint = f"{host}:{parts.port}" if parts.port else host
        self._key, self._secret = unquote(parts.username or ""), unquote(parts.password or "")
        self._region = options.get("region", ["us-east-1"])[0]
        self._secure = options.get("tls", ["1"])[0] != "0"
        self._made = None

    def put(self, place: str, stream: BinaryIO, size: int) -> None:
        """See `Storage`."""
        with _told("put"):
            self._client().put_object(self.bucket, self._name(place), stream, size, content_type="application/octet-stream")

    def get(self, place: str) -> BinaryIO:
        """See `Storage`; the bytes pass through a temporary file, so that they can be read more than once."""
        spooled = tempfile.SpooledTemporaryFile(max_size=4 * BLOCK)  # noqa: SIM115 -- handed over open
        with _told("get"):
            answer = self._client().get_object(self.bucket, self._name(place))
            try:
                for block in answer.stream(BLOCK):
                    spooled.write(block)
            finally:
                answer.close()
                answer.release_conn()
        spooled.seek(0)
        return spooled  # type: ignore[return-value]

    def remove(self, place: str) -> None:
        """See `Storage`."""
        with _told("remove"):
            self._client().remove_object(self.bucket, self._name(place))

    def remove_all(self, folder: str) -> int:
        """See `Storage`."""
        with _told("remove"):
            names = [found.object_name for found in self._client().list_objects(self.bucket, f"{self._name(folder)}/", recursive=True)]
            for name in names:
                self._client().remove_object(self.bucket, name)
        return len(names)

    def remove_parts(self, folder: str, before: datetime) -> int:  # noqa: ARG002 -- a bucket shows nothing that is not whole
        """See `Storage`."""
        return 0

    def _name(self, place: str) -> str:
        return f"{self.prefix}/{place}" if self.prefix else place

    def _client(self):
        if self._made is None:
            import urllib3
            from minio import Minio

            again = urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504))
            patience = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=60), retries=again)
            self._made = Minio(self._endpoint, access_key=self._key or None, secret_key=self._secret or None, secure=self._secure,
                               region=self._region, http_client=patience)
        return self._made


class _told:  # noqa: N801 -- reads as a word in `with`
    """Turns whatever an S3 server or the way to it says into a refusal; the cause goes into the log."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if error is None or not isinstance(error, Exception) or isinstance(error, NotFound):
            return
        if getattr(error, "code", "") in ("NoSuchKey", "NoSuchObject"):
            raise NotFound(_("The file is no longer there.")) from error
        log.error("file storage: %s failed", self._what, exc_info=error)
        raise Unavailable(_("The file storage does not answer. Nothing was changed; try again in a moment.")) from error


def refusal(error: OSError) -> Unavailable:
    """What to tell the person when bytes could not be written."""
    if error.errno in FULL:
        return Unavailable(_("There is no room left for files. Nothing was changed; ask an administrator to make room."))
    return Unavailable(_("The file could not be stored. Nothing was changed; try again in a moment."))


def storage() -> Storage:
    """The storage of this copy, made once."""
    made = current_app.extensions.get("file_storage")
    if made is None:
        made = current_app.extensions["file_storage"] = storage_for(current_app.extensions["settings"].storage_url)
    return made


def storage_for(url: str) -> Storage:
    """The storage that a `STORAGE_URL` names."""
    if url.startswith("s3://"):
        return BucketStorage(url)
    return FolderStorage(Path(unquote(urlsplit(url).path)))
