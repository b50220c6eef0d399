"""Reading the mailbox of the installation by IMAP: what is new there, one mail at a time, and putting away what was read."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _

from app.core.mail.answering import Mailbox
from app.kernel import clock
from app.kernel.config import LOCAL_HOSTS
from app.kernel.errors import Unavailable

TIMEOUT, LARGEST, MOST = 20.0, 15 * 1024 * 1024, 200
KEPT = timedelta(days=30)
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Letter:
    """One mail in the box; of one that is too large only the head is read."""

    uid: str
    content: bytes
    is_whole: bool = True


class Box:
    """The mailbox, open."""

    def __init__(self, server: imaplib.IMAP4) -> None:
        self._server = server

    def letters(self) -> Iterator[Letter]:
        """What nobody has read yet, the oldest first."""
        for uid in self._found("UNSEEN")[:MOST]:
            size = _SIZE.search(self._fetched(uid, "RFC822.SIZE"))
            is_whole = size is not None and int(size.group(1)) <= LARGEST
            yield Letter(uid, self._fetched(uid, "BODY.PEEK[]" if is_whole else "BODY.PEEK[HEADER]"), is_whole)

    def put_away(self, letter: Letter, *, odd: bool = False) -> None:
        """It was read; what was `odd` is flagged, for whoever looks after the mailbox."""
        self._said(self._server.uid("STORE", letter.uid, "+FLAGS", r"(\Seen \Flagged)" if odd else r"(\Seen)"))

    def clear_away(self) -> None:
        """Delete what was read a month ago."""
        day = (clock.now() - KEPT).date()
        old = self._found("SEEN", "UNFLAGGED", "BEFORE", f"{day.day:02d}-{_MONTHS[day.month - 1]}-{day.year}")
        if old:
            self._said(self._server.uid("STORE", ",".join(old[:MOST]), "+FLAGS", r"(\Deleted)"))
            self._said(self._server.expunge())

    def _found(self, *wanted: str) -> list[str]:
        return [each.decode() for each in self._said(self._server.uid("SEARCH", *wanted))[0].split()]

    def _fetched(self, uid: str, what: str) -> bytes:
        """The answer about one mail: its literal where it has one."""
        said = self._said(self._server.uid("FETCH", uid, f"({what})"))[0]
        content: bytes = said[1] if isinstance(said, tuple) else said or b""
        return content

    def _said(self, answer: tuple[str, list[bytes]]) -> list[bytes]:
        if answer[0] != "OK":
            raise imaplib.IMAP4.error(str(answer[1])[:200])
        return answer[1]


@contextmanager
def opened(box: Mailbox) -> Iterator[Box]:
    """The mailbox. Raises `Unavailable` when there is no talking to its server, or it knows neither the user nor the folder."""
    try:
        server = _connected(box)
        try:
            yield Box(server)
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                server.logout()
    except (imaplib.IMAP4.error, OSError) as error:
        said = " ".join(str(error).split()).replace(box.password, "•••")[:200]
        raise Unavailable(_("The mailbox for answers cannot be read: %(said)s", said=said or type(error).__name__)) from error


def _connected(box: Mailbox) -> imaplib.IMAP4:
    """Signed in, with the folder chosen. A password goes unencrypted to this machine alone."""
    context = ssl.create_default_context()
    server = (imaplib.IMAP4_SSL(box.host, box.port, ssl_context=context, timeout=TIMEOUT) if box.secure
              else imaplib.IMAP4(box.host, box.port, timeout=TIMEOUT))
    if not box.secure and "STARTTLS" in server.capabilities:
        server.starttls(ssl_context=context)
    elif not box.secure and box.host not in LOCAL_HOSTS:
        raise imaplib.IMAP4.error("the server offers no encryption")
    server.login(box.user, box.password)
    if server.select("INBOX")[0] != "OK":
        raise imaplib.IMAP4.error("there is no INBOX")
    return server
