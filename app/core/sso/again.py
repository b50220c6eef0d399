"""Proving anew who one is, by going through the provider that let one in: it must ask again, and say that it did."""

from __future__ import annotations

from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import auth
from app.core.auth.entry import Entry
from app.core.people import Member
from app.core.sso import directories, entrance, providers
from app.core.sso.entrance import NotLetIn
from app.core.sso.models import Kind, Link, Provider
from app.core.sso.providers import DIRECTORIES
from app.kernel.db import session
from app.kernel.errors import Invalid

SILENT = (Kind.GITHUB,)  # they never say when somebody signed in


def ways(entry: Entry) -> list[auth.Way]:
    """The providers that know whoever came in through their organisation, and can say that they are still there."""
    if entry.confined_to is None or entry.session_id is None:
        return []
    with entrance.within(entry.confined_to):
        mine = select(Link.provider_id).join(Member, (Member.organisation_id == Link.organisation_id) & (Member.id == Link.member_id))
        known = set(session().scalars(mine.where(Member.identity_id == entry.identity_id)))
        return [_way(entry.confined_to, each) for each in providers.providers() if each.id in known and Kind(each.kind) not in SILENT]


def _way(house: UUID, provider: Provider) -> auth.Way:
    asked_here = Kind(provider.kind) in DIRECTORIES
    return auth.Way(str(provider.id), provider.name, "" if asked_here else url_for("entrance.again", house=house, provider=provider.id))


def confirm(entry: Entry, way: str, name: str, password: str) -> None:
    """Ask a directory, by the name and password that it knows. Raises `Invalid`, and `TooMany`: tries count as at the directory's door."""
    chosen = next((each for each in ways(entry) if each.key == way and not each.url), None)
    if chosen is None or entry.confined_to is None or entry.session_id is None:
        raise Invalid({"proof": [_("Choose one of the list.")]})
    try:
        entrance.confirm(entry.confined_to, UUID(way), name, entry.session_id,
                         lambda provider, met: directories.vouched(provider, name, password, met), source=auth.source_address())
    except NotLetIn as error:
        raise Invalid({"proof": [str(error)]}) from None
