"""Which chains there are: the relay role is the one that may list the organisations."""

from __future__ import annotations

from uuid import UUID

import psycopg
from flask import current_app
from flask_babel import gettext as _

from app.kernel.config import ConfigError
from app.kernel.current import PLATFORM_ID
from app.kernel.errors import NotFound

PLATFORM = "platform"


def chains(only: str = "") -> dict[UUID, str]:
    """The organisations' ids with their slugs, and the platform; or just the one named. Raises `NotFound`."""
    url = current_app.extensions["settings"].database_relay_url
    if not url:
        raise ConfigError("DATABASE_RELAY_URL: unset; the chains cannot be listed without it")
    with psycopg.connect(url, connect_timeout=5) as connection:
        found = {row[0]: row[1] for row in connection.execute("SELECT id, slug FROM organisation ORDER BY slug")}
    found[PLATFORM_ID] = PLATFORM
    chosen = {key: slug for key, slug in found.items() if only in ("", slug, str(key))}
    if not chosen:
        raise NotFound(_("There is no organisation “%(name)s”.", name=only[:60]))
    return chosen
