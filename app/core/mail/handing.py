"""What handing a mail to a provider takes, and the two ways in which it goes wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from uuid import UUID

from app.core.mail.providers import Out

NOBODY = re.compile(r"\b5\.1\.\d+\b")


@dataclass(frozen=True)
class Parcel:
    """What goes out, read before the call."""

    mail_id: UUID
    sender: str
    sender_name: str
    to: str
    content: bytes
    signature: bytes = b""  # the field that signs the content, for whoever takes it as it is
    ways: tuple[Out, ...] = field(repr=False, default=())


class Away(Exception):
    """The provider cannot be asked at this moment, whatever the mail: the next one may be."""


class Refused(Exception):
    """The provider does not take this mail: not now, or `for_good`; `nobody` when it says that the address leads to no one."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(reason[:500])
        self.for_good = for_good
        self.nobody = for_good and NOBODY.search(reason) is not None
