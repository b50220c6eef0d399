"""What the post would carry."""

from __future__ import annotations

from typing import Any

import pytest

from app.core import mail


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every remittance that a release asks for, in place of the queue; notices to members do not count."""
    asked: list[dict[str, Any]] = []

    def send(to: Any, template: str, context: Any = None, **said: Any) -> None:
        if template == "remittance":
            asked.append({"to": to, "context": context, **said})

    monkeypatch.setattr(mail, "send", send)
    return asked
