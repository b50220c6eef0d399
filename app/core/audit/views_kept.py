"""Filters of the trail that a person keeps under a name, with their other preferences."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask_babel import gettext as _

from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.errors import Invalid

KEPT, MOST, LONGEST = "audit_views", 20, 60


def of(user: Actor) -> list[tuple[str, str]]:
    """The names kept, each with its query."""
    kept = user.preferences.get(KEPT)
    return [(str(name), urlencode(query)) for name, query in kept.items()] if isinstance(kept, Mapping) else []


def keep(name: str, query: Mapping[str, str], *, forget: str = "") -> None:
    """Keep a query under a name, or forget one. Raises `Invalid` for no name, or too many."""
    from app.core.people import Member  # people stand on the trail

    member = session().get_one(Member, (current.organisation.id, current.user.id))
    held = member.preferences.get(KEPT)
    kept = dict(held) if isinstance(held, Mapping) else {}
    name = name.strip()[:LONGEST]
    if forget:
        kept.pop(forget, None)
    elif not name or (len(kept) >= MOST and name not in kept):
        raise Invalid({"name": [_("Give it a name.") if not name else _("There are %(most)d views already.", most=MOST)]})
    else:
        kept[name] = dict(query)
    member.preferences = {**member.preferences, KEPT: kept}
