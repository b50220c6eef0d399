"""Founds organisations, moves them to another address, and finds them again."""

from __future__ import annotations

import re
from uuid import UUID

from babel.numbers import is_currency
from flask_babel import gettext as _
from sqlalchemy import text

from app.core import access, audit
from app.core.organisations.models import Organisation, OrganisationSlug
from app.kernel import clock
from app.kernel import current as circumstances
from app.kernel.current import SYSTEM, acting, current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Invalid
from app.kernel.preferences import LANGUAGES
from app.kernel.zones import zone_faults

SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
RESERVED = frozenset({
    "api", "scim", "static", "assets", "sign-in", "sign-out", "sign-up", "welcome", "preferences", "healthz", "readyz", "version",
    "metrics", "stream", "s", "offline", "well-known", "admin", "account", "profile", "help", "docs", "about", "status", "favicon",
    "robots", "manifest", "sw", "new", "mail", "mailer", "www", "platform", "keys", "organisations", "login", "logout", "oauth", "oidc",
    "saml", "sso", "mcp", "public", "search", "invitation", "consent", "sms",
})


def is_reserved(slug: str) -> bool:
    """Whether the product itself uses this as the first segment of an address."""
    return slug in RESERVED or "." in slug


def found(organisation_id: UUID, slug: str, name: str, *, currency: str = "EUR", timezone: str = "UTC",
          language: str = "en") -> circumstances.Organisation:
    """Make an organisation with its address and its roles, and commit: it stands by itself before anybody can be in it.

    Raises `Invalid`, naming each setting that cannot be.
    """
    if errors := wrong(slug, name, currency, timezone, language, fresh=True):
        raise Invalid(errors)
    made = circumstances.Organisation(organisation_id, slug, name, currency, timezone, language)
    with acting(made, SYSTEM), unit_of_work() as work:
        row = Organisation(id=organisation_id, slug=slug, name=name, currency=currency, timezone=timezone, language=language)
        work.add(row)
        work.flush()
        work.add(OrganisationSlug(slug=slug))
        access.install_roles()
        audit.note("platform.organisation.create", platform=True, record_id=organisation_id, record_reference=slug)
        return _plain(row)


def move(slug: str) -> None:
    """Give the acting organisation another address; the old one keeps leading there. Raises `Invalid`."""
    row = session().get_one(Organisation, current.organisation.id)
    if errors := wrong(slug, row.name, row.currency, row.timezone, row.language):
        raise Invalid(errors)
    if slug not in {kept.slug for kept in session().query(OrganisationSlug)}:
        if exists(slug):
            raise Invalid({"slug": [_("This address is taken.")]})
        session().add(OrganisationSlug(slug=slug))
    row.slug = slug
    session().flush()


def place_of(slug: str) -> UUID | None:
    """The organisation that has or had this address."""
    found: UUID | None = session().execute(text("SELECT auth_place(:slug)"), {"slug": slug}).scalar()
    return found


def exists(slug: str) -> bool:
    """Whether an organisation has or had this address."""
    return place_of(slug) is not None


def any_exist() -> bool:
    """Whether there is any organisation at all."""
    return session().execute(text("SELECT auth_place(NULL)")).scalar() is not None


def load_organisation(organisation_id: UUID) -> circumstances.Organisation | None:
    """What every piece of work needs to know of an organisation; None when it is gone, suspended, or past the day of its deletion."""
    with acting(circumstances.Organisation(organisation_id, "", "")):
        row = session().get(Organisation, organisation_id)
    return _plain(row) if row is not None and _stands(row) else None


def _stands(row: Organisation) -> bool:
    return row.suspended_at is None and (row.erase_after is None or row.erase_after > clock.now())


def _plain(row: Organisation) -> circumstances.Organisation:
    return circumstances.Organisation(row.id, row.slug, row.name, row.currency, row.timezone, row.language, row.number,
                                      week_start=row.week_start, languages=tuple(row.languages or ()),
                                      erase_after=row.erase_after.isoformat() if row.erase_after else "")


def wrong(slug: str, name: str, currency: str, timezone: str, language: str, *, fresh: bool = False) -> dict[str, list[str]]:
    """What cannot be of these, by name; for a `fresh` organisation the address must be free too."""
    errors = {}
    if not SLUG.fullmatch(slug):
        errors["slug"] = [_("An address has 1 to 40 small letters, digits and hyphens, and begins and ends with a letter or digit.")]
    elif is_reserved(slug):
        errors["slug"] = [_("The product itself uses this address; choose another.")]
    elif fresh and exists(slug):
        errors["slug"] = [_("This address is taken.")]
    if not name.strip():
        errors["name"] = [_("This is needed.")]
    if not is_currency(currency):
        errors["currency"] = [_("“%(raw)s” is not a currency. Write its ISO 4217 code, like EUR.", raw=currency[:20])]
    if said := zone_faults(timezone):
        errors["timezone"] = said
    if language not in LANGUAGES:
        errors["language"] = [_("“%(raw)s” is not one of: %(known)s.", raw=language[:20], known=", ".join(LANGUAGES))]
    return errors
