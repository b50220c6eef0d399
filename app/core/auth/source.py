"""Where a request comes from: the address behind the proxies that are trusted, and behind no other."""

from __future__ import annotations

import ipaddress

from flask import current_app, request


def source_address() -> str:
    """The client's address. A forwarded one counts only when the one who says it is a trusted proxy."""
    trusted = current_app.extensions["settings"].trusted_proxies
    found = request.remote_addr or ""
    for said in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not _is_in(found, trusted) or not _is_address(said.strip()):
            break
        found = said.strip()
    return found


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_in(address: str, networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in network for network in networks)
