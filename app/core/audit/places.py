"""Where an address is and what a browser is, for people: looked up when an entry is shown, from tables that come with the product."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import iptocc
from flask_babel import get_locale
from ua_parser import parse


def place_of(ip: str | None) -> str:
    """The country of an address in the reader's language; nothing for an address of no country."""
    code = country_of(ip)
    if not code:
        return ""
    locale: Any = get_locale()
    return str(locale.territories.get(code, code)) if locale else code


@lru_cache(maxsize=4096)
def country_of(ip: str | None) -> str:
    """The ISO 3166 code of an address's country, or nothing."""
    try:
        return str(iptocc.country_code(ip) or "") if ip else ""
    except ValueError:
        return ""


@lru_cache(maxsize=1024)
def device_of(agent: str | None) -> str:
    """“Firefox 130 · Windows · Other” is what a browser calls itself, in short."""
    if not agent:
        return ""
    found = parse(agent)
    browser = found.user_agent and " ".join(filter(None, (found.user_agent.family, found.user_agent.major)))
    system = found.os and found.os.family
    device = found.device and found.device.family
    said = list(dict.fromkeys(part for part in (browser, system, device) if part))
    return " · ".join(said) if said else agent[:60]
