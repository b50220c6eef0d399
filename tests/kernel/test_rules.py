"""Routes write the addresses that Werkzeug's own would write, and none is compiled before it is wanted."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Map, Rule

from app.kernel.rules import LateRule
from tests.infra.databases import make_app

PLACES = (("/<org>/things/", {"org": "north"}), ("/<org>/things/<int:number>/", {"org": "north", "number": 7, "page": "2"}),
          ("/files/<path:name>", {"name": "a b/ü.pdf"}), ("/<rule>/<values>", {"rule": "r", "values": "v"}))


@pytest.mark.parametrize(("route", "values"), PLACES)
def test_addresses_are_those_of_the_plain_rule(route: str, values: dict[str, Any]) -> None:
    late, plain = (Map([kind(route, endpoint="here")]).bind("localhost").build("here", dict(values)) for kind in (LateRule, Rule))
    assert late == plain


def test_a_start_compiles_no_route_and_an_address_its_own(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    writer = Rule._compile_builder
    monkeypatch.setattr(Rule, "_compile_builder", lambda rule, unknown=True: compiled.append(rule.endpoint) or writer(rule, unknown))
    app: Flask = make_app(environ)
    assert compiled == []
    with app.test_request_context():
        assert [app.url_for("auth.sign_in") for _twice in range(2)] == ["/sign-in"] * 2
    assert compiled == ["auth.sign_in"]
