"""Changing the profile of an organisation: name, address, zone, languages, currency, week, colours, logo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from app.core import files, organisations
from app.core.branding import colours
from app.core.organisations import Organisation
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.preferences import LANGUAGES

PICTURES, LARGEST = ("png", "jpg", "jpeg", "webp"), 512 * 1024
LONGEST_FOOT = 500
WEEK = range(1, 8)


def row() -> Organisation:
    """The organisation at hand."""
    return session().get_one(Organisation, current.organisation.id)


def change(typed: Mapping[str, str], languages: Sequence[str]) -> Organisation:
    """Keep what was typed, all or nothing. Raises `Invalid` with a sentence by field."""
    kept, errors = row(), {}
    plain = {name: typed.get(name, "").strip() for name in ("name", "slug", "currency", "timezone", "language", "mail_footer")}
    for name, page in (("colour", colours.LIGHT), ("colour_dark", colours.DARK)):
        try:
            plain[name] = colours.checked(name, typed.get(name, ""), page)
        except Invalid as error:
            errors.update(error.errors)
    chosen = [code for code in LANGUAGES if code in languages or code == plain["language"]]
    week = typed.get("week_start", "1")
    if not week.isdigit() or int(week) not in WEEK:
        errors["week_start"] = [_("Choose one of the list.")]
    if len(plain["mail_footer"]) > LONGEST_FOOT:
        errors["mail_footer"] = [_("At most %(most)d characters.", most=LONGEST_FOOT)]
    errors.update(organisations.wrong(plain["slug"], plain["name"], plain["currency"], plain["timezone"], plain["language"]))
    if errors:
        raise Invalid(errors)
    if plain["slug"] != kept.slug:
        organisations.move(plain["slug"])
    values: dict[str, Any] = {**plain, "languages": chosen, "week_start": int(week)}
    for name, value in values.items():
        if getattr(kept, name) != value:
            setattr(kept, name, value)
    session().flush()
    return kept


def give_logo(source: Any, name: str) -> None:
    """Take a picture as the logo. Raises `Invalid` for anything else, `TooLarge` over half a megabyte."""
    row().logo_id = files.store(source, name, purpose="logo", only=PICTURES, limit=LARGEST).id
    session().flush()


def drop_logo() -> None:
    """Go back to the logo of the product."""
    row().logo_id = None
    session().flush()
