"""The bell in the top bar: whoever keeps notifications says how many are unread, and where they are."""

from __future__ import annotations

from collections.abc import Callable

from flask import url_for

_provider: list[tuple[Callable[[], int], str]] = []


def provide_notices(unread: Callable[[], int], endpoint: str) -> None:
    """Fill the slot: `unread()` counts for whoever looks, `endpoint` shows them."""
    _provider[:] = [(unread, endpoint)]


def unread() -> int:
    """How many notifications wait; 0 while nobody keeps them."""
    return _provider[0][0]() if _provider else 0


def address() -> str:
    """Where notifications are; empty while nobody keeps them."""
    return url_for(_provider[0][1]) if _provider else ""
