"""Keeps the product's menu out of the small applications that the browser side is tested with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kernel import frame


@pytest.fixture(autouse=True)
def no_menu_of_the_product(request: pytest.FixtureRequest) -> Iterator[None]:
    """In modules that draw screens without the product, the frame is empty unless the test fills it."""
    if not any(getattr(thing, "__module__", "") == "tests.kernel.browser_side" for thing in vars(request.module).values()):
        yield
        return
    before = list(frame._provider)
    frame._provider.clear()
    yield
    frame._provider[:] = before
