"""An organisation's own words of a notice or mail: checked when they are saved, put together in the sandbox when a mail is written."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import people, templating
from app.core.mail.models import Wording
from app.core.mail.offers import offer_of
from app.core.templating import Source, WrongTemplate, variables
from app.kernel.current import SYSTEM_ID, Actor
from app.kernel.db import session
from app.kernel.errors import Invalid, Unavailable
from app.kernel.preferences import LANGUAGES

if TYPE_CHECKING:
    from app.core.mail.queue import Reader

_EMPTY_LINE = re.compile(r"\n\s*\n")

log = logging.getLogger("opsflux.mail")


@dataclass(frozen=True)
class Words:
    """What an own template came to; `path` is the page that the button opens, or empty."""

    subject: str
    paragraphs: tuple[str, ...]
    button: str
    path: str


def before_save(wording: Wording) -> None:
    """Refuse a template that could not be written for every mail of its kind. Raises `Invalid`."""
    if offer_of(wording.kind) is None or wording.language not in LANGUAGES:
        raise Invalid({"kind": [_("Choose one of the list.")]})
    templating.check(_parts(wording), example(wording.kind))


def example(kind: str) -> dict[str, Any]:
    """Every name that a template of this kind may use, with a value."""
    offer = offer_of(kind)
    return {**variables.example(), **(offer.example if offer else {})}


def shown(wording: Wording) -> Words:
    """The template with its example. Raises `Invalid` when it can no longer be used."""
    return _words(wording, example(wording.kind), "/")


def own(kind: str, context: Mapping[str, Any], reader: Reader) -> Words | None:
    """The organisation's words of this mail in the reader's language; None when it has none, or they fail: a mail is never lost by them."""
    offer = offer_of(kind)
    wording = _found(kind, reader.language) if offer else None
    if offer is None or wording is None:
        return None
    try:
        return _words(wording, {**variables.standard(_person(reader)), **offer.values(context)}, offer.leads(context))
    except (WrongTemplate, Unavailable) as error:
        log.warning("The mail template %s cannot be used (%s); the product's own words are sent", wording.reference, error)
        return None


def _person(reader: Reader) -> Actor:
    """The reader with the roles of today; somebody from outside has none."""
    member = next(iter(people.load_actors([reader.member_id])), None) if reader.member_id else None
    return Actor(reader.member_id or SYSTEM_ID, reader.name or reader.address, reader.address, roles=member.roles if member else ())


def _found(kind: str, language: str) -> Wording | None:
    wanted = select(Wording).where(Wording.kind == kind, Wording.language == language, Wording.active, Wording.archived_at.is_(None))
    return session().scalars(wanted.order_by(Wording.id.desc()).limit(1)).first()


def _words(wording: Wording, values: Mapping[str, Any], path: str) -> Words:
    said = templating.render(_parts(wording), values)
    paragraphs = tuple(part.strip() for part in _EMPTY_LINE.split(said["body"].replace("\r", "")) if part.strip())
    return Words(" ".join(said["subject"].split())[:300], paragraphs, " ".join(said["button"].split()), path)


def _parts(wording: Wording) -> dict[str, Source]:
    """Nothing here is HTML: what is put in is escaped with all else, when the mail is drawn."""
    return {"subject": Source(wording.subject), "body": Source(wording.body), "button": Source(wording.button or "")}
