"""What an organisation looks like, read where it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.core import files
from app.core.organisations import Organisation
from app.kernel.current import current
from app.kernel.db import session


@dataclass(frozen=True)
class Look:
    """Colours are like #1d4ed8, or empty for those of the product."""

    colour: str = ""
    colour_dark: str = ""
    logo_id: UUID | None = None
    mail_footer: str = ""


def look() -> Look:
    """That of the organisation at hand; that of the product where there is none."""
    return look_of(session().get(Organisation, current.organisation.id) if current.has_organisation else None)


def look_of(row: Organisation | None) -> Look:
    """That of an organisation which was read already."""
    return Look(row.colour, row.colour_dark, row.logo_id, row.mail_footer) if row is not None else Look()


def picture(logo_id: UUID) -> tuple[bytes, str]:
    """The bytes of a logo and their type."""
    file = files.find(logo_id)
    with files.open_file(file) as source:
        return source.read(), file.content_type
