"""Words for where somebody is: the browser and device of a user agent, the country of an address. All from tables that came along.

Worked out when they are shown: the trail, the list of sessions and mails say them alike.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _

LONGEST_AGENT = 300


@dataclass(frozen=True)
class Device:
    """What a user agent says of itself; empty where it says nothing that is known."""

    browser: str
    system: str
    phone: bool

    @property
    def words(self) -> str:
        """“Firefox, Windows” in the reader's language."""
        known = ", ".join(part for part in (self.browser, self.system) if part)
        return known or str(_("An unknown device"))


@lru_cache(maxsize=1024)
def device_of(agent: str) -> Device:
    """The device behind a user agent: “Firefox” on “Windows”."""
    import ua_parser  # its tables cost more than most requests need

    found = ua_parser.parse(agent[:LONGEST_AGENT])
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    browser = browser.removeprefix("Mobile ").removesuffix(" Mobile")
    return Device(browser, system.replace("Mac OS X", "macOS"), system in ("iOS", "Android"))


def country_of(address: str) -> str:
    """The country that an address was given to, as ISO 3166 code; `local` within a network of one's own, empty when nobody knows."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if not found.is_global:
        return "local"
    import iptocc

    return iptocc.country_code(str(found)) or ""


def place_of(address: str) -> str:
    """Roughly where an address is, in the reader's language."""
    country = country_of(address)
    if country == "local":
        return str(_("local network"))
    locale = get_locale() or Locale("en")
    return str(locale.territories.get(country, "")) or str(_("an unknown place"))
