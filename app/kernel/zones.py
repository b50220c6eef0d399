"""Time zones by their names in the IANA database: which exist, which are worth offering, and what to say of others."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from flask_babel import gettext as _


@cache
def known_zones() -> frozenset[str]:
    """Every zone of this machine; it is read from hundreds of files, so once."""
    return frozenset(available_timezones())


@cache
def offered_zones() -> tuple[str, ...]:
    """Those that people live in, for lists to choose from: UTC first, then by name."""
    return ("UTC", *sorted(zone for zone in known_zones() if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/"))))


def zone_faults(name: str) -> list[str]:
    """What is wrong with a zone that somebody typed, as the sentences of its field; nothing when it is known."""
    return [] if name in known_zones() else [_("“%(raw)s” is not a time zone. Write it like Europe/Paris.", raw=name[:40])]
