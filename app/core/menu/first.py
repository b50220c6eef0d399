"""Pages that are shown in place of the start of an organisation, as long as they are owed."""

from __future__ import annotations

from collections.abc import Callable

_owed: dict[str, Callable[[], bool]] = {}


def ask_first(endpoint: str, owed: Callable[[], bool]) -> None:
    """Show a page first, as long as it is owed."""
    _owed[endpoint] = owed


def first_page() -> str:
    """The endpoint of the page that is owed; empty when none is."""
    return next((endpoint for endpoint, owed in _owed.items() if owed()), "")
