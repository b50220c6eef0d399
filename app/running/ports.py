"""Ports for a copy that nobody gave any: free now, and not handed out by the system to somebody's outgoing connection a moment later."""

from __future__ import annotations

import random
import socket

FIRST, LAST = 20_000, 32_700
"""Below the range from which Linux and macOS take the ports of outgoing connections (32,768 and 49,152 upwards)."""


def free_ports(count: int = 3) -> int:
    """The first of `count` neighbouring ports that nobody uses; a copy needs three: web, mail catcher, its page."""
    while True:
        first = random.randrange(FIRST, LAST - count)  # noqa: S311 - no secret: two copies that start at once shall not meet
        if all(_is_free(port) for port in range(first, first + count)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
