"""Attachments: ten megabytes go along with a mail; what is larger is a link for members, and refused for everybody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import quote
from uuid import UUID

from flask_babel import gettext as _

from app.core import files
from app.core.files import StoredFile
from app.core.mail.models import MailMessage
from app.kernel.current import current
from app.kernel.errors import TooLarge

LARGEST = 10 * 1024 * 1024


@dataclass(frozen=True)
class Enclosed:
    """What goes along, and what is linked: name and path."""

    ids: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


def enclose(given: Sequence[StoredFile], *, may_link: bool) -> Enclosed:
    """Take files along in their order as long as they fit; the rest is linked where the reader can open it. Raises `TooLarge`."""
    ids, links, size = list[str](), list[tuple[str, str]](), 0
    for file in given:
        if size + file.size <= LARGEST:
            ids.append(str(file.id))
            size += file.size
        elif may_link:
            links.append((file.name, f"/{current.organisation.slug}/files/{file.id}/{quote(file.name)}"))
        else:
            raise TooLarge(_("A mail takes attachments of %(limit)d MB; “%(name)s” does not fit.", limit=LARGEST // 1024 // 1024,
                             name=file.name))
    return Enclosed(tuple(ids), tuple(links))


def put(message: EmailMessage, mail: MailMessage) -> None:
    """Attach to the message what goes along with the mail. Raises `NotFound` when a file was deleted meanwhile."""
    for file_id in mail.enclosed:
        file = files.find(UUID(file_id))
        main, _slash, kind = file.content_type.partition(";")[0].partition("/")
        with files.open_file(file) as source:
            message.add_attachment(source.read(), maintype=main, subtype=kind, filename=file.name)
