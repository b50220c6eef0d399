"""An empty list says how the first record comes about."""

from __future__ import annotations

from flask import Flask

from app.kernel.registry import registry
from tests.core.audit.house import signed_in
from tests.core.mail.test_mail import stand as stand  # noqa: PLC0414 -- a fixture
from tests.core.stand import Stand


def test_an_empty_list_says_how_the_first_one_comes_about(app: Flask, stand: Stand) -> None:
    client = signed_in(app, stand, "owner")
    said = client.get(f"/{stand.organisation.slug}/views/saved/").text
    assert str(registry.resource("views.saved_view").empty) in said
    assert "What is made, imported or sent in will be listed here." not in said
    assert "What is made, imported or sent in will be listed here." in client.get(f"/{stand.organisation.slug}/organisation/sites/").text
