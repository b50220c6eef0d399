"""A provider's form asks for what its kind needs and for nothing else, with JavaScript and without; other doors hold to it too."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.core.sso import Provider
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform, perform_one
from app.kernel.errors import DeclarationError, Invalid
from app.kernel.fields import fields_of
from app.kernel.registry import Registry, registry
from tests.core.visitors import Visitor, enrol, found

NEW = "/shown/sso/providers/new"
HERE = {"name": "Staff", "kind": "oidc", "address": "https://login.example.org", "client_id": "opsflux", "joining": "domains"}


@pytest.fixture
def owner(app: Flask) -> Visitor:
    """An owner who is signed in."""
    enrol(found("shown"), "olga@shown.example", "owner")
    browser = Visitor(app)
    assert browser.sign_in("olga@shown.example").status_code == 303
    return browser


def sent(owner: Visitor, **typed: str) -> Any:
    """The form, sent with what was typed."""
    return owner.client.post(NEW, data={"csrf_token": owner.token(NEW), **HERE, **typed})


def test_the_form_shows_what_the_kind_needs(owner: Visitor) -> None:
    page = owner.get(NEW).text
    assert 'id="field-client_id"' in page
    assert 'id="field-metadata_xml"' not in page
    assert "<noscript><button" in page, "who has no JavaScript draws it anew by a button"
    assert 'id="field-search_base"' in owner.get(f"{NEW}?kind=ldap").text


def test_another_kind_draws_the_form_anew_and_loses_nothing_that_was_typed(owner: Visitor) -> None:
    page = sent(owner, kind="saml", _redraw="1")
    assert page.status_code == 200
    assert 'id="field-metadata_xml"' in page.text
    assert 'id="field-client_id"' not in page.text
    assert '<input type="hidden" name="client_id" value="opsflux">' in page.text
    back = sent(owner, _redraw="1")
    assert 'value="https://login.example.org"' in back.text
    assert owner.get("/shown/sso/providers/").text.count("Staff") == 0, "nothing is saved by looking"


def test_what_a_kind_needs_is_not_called_optional_and_every_door_asks_for_it(owner: Visitor) -> None:
    page = owner.get(f"{NEW}?kind=google").text
    assert re.search(r'id="field-client_id"[^>]* required', page)
    assert not re.search(r'id="field-groups_in"[^>]* required', page)
    refused = sent(owner, client_id=" ")
    assert refused.status_code == 422
    assert "This is needed." in refused.text
    with acting(found("asked"), SYSTEM), unit_of_work():
        made = perform_one("sso.provider", "create", data={"name": "G", "kind": "google", "client_id": "x", "joining": "domains"}).record
        with pytest.raises(Invalid) as turned:
            perform_one("sso.provider", "edit", made, {"kind": "oidc"})
        assert turned.value.errors == {"address": ["This is needed."]}


@pytest.mark.parametrize(("kind", "asked"), [
    ("oidc", {"address", "client_id"}), ("google", {"client_id"}), ("microsoft", {"address", "client_id"}), ("github", {"client_id"}),
    ("gitlab", {"client_id"}), ("saml", {"metadata_xml"}), ("ldap", {"address", "search_base"}), ("directory", {"address", "search_base"})])
def test_each_kind_asks_for_what_it_needs(app: Flask, kind: str, asked: set[str]) -> None:
    with acting(found("needing"), SYSTEM), unit_of_work(), pytest.raises(Invalid) as wrong:
        perform_one("sso.provider", "create", data={"name": "Staff", "kind": kind, "joining": "domains"})
    assert wrong.value.errors == {name: ["This is needed."] for name in asked}


def test_what_another_kind_left_in_the_form_is_not_kept(owner: Visitor) -> None:
    saved = sent(owner, metadata_xml="<left/>")
    assert saved.status_code == 303
    page = owner.get(saved.location).text
    assert "https://login.example.org" in page
    assert "Metadata" not in page


def test_other_doors_say_what_does_not_belong(owner: Visitor, app: Flask) -> None:
    place = found("doors")
    with acting(place, SYSTEM), unit_of_work(), pytest.raises(Invalid) as refused:
        perform_one("sso.provider", "create", data={**HERE, "metadata_xml": "<x/>"})
    assert refused.value.errors == {"metadata_xml": ["This belongs to Kind: SAML 2.0. Leave it empty otherwise."]}


def test_a_change_of_kind_empties_what_belonged_to_the_other(app: Flask) -> None:
    place = found("turned")
    with acting(place, SYSTEM), unit_of_work() as work:
        made = perform_one("sso.provider", "create", data=HERE).record
        perform_one("sso.provider", "edit", made, {"kind": "google"})
        work.flush()
        assert (made.address, made.client_id) == (None, "opsflux")


@pytest.mark.parametrize(("hangs_on", "said"), [
    (("sort", frozenset({"saml"})), "is not known"), (("kind", frozenset({"samll"})), "Did you mean “saml”?")])
def test_a_declaration_that_cannot_hold_stops_the_start(hangs_on: tuple[str, frozenset[str]], said: str) -> None:
    fields = fields_of(Provider)
    with pytest.raises(DeclarationError, match=said):
        Registry()._shown_when(registry.resource("sso.provider"), replace(fields["address"], shown_when=hangs_on), fields)
    with pytest.raises(DeclarationError, match="required=False"):
        Registry()._shown_when(registry.resource("sso.provider"), replace(fields["address"], required=True), fields)
    with pytest.raises(DeclarationError, match="needed_when"):
        Registry()._shown_when(registry.resource("sso.provider"), replace(fields["address"], needed_when=frozenset({"saml"})), fields)


def test_of_many_one_that_is_not_there_is_refused_alone(app: Flask) -> None:
    with acting(found("alone"), SYSTEM), unit_of_work():
        made = perform_one("sso.provider", "create", None, HERE).record.reference
        outcomes = perform("sso.provider", "edit", ["nothing", made], [{"name": "None"}, {"name": "Other"}], each=True)
    assert [(outcome.state, outcome.error and outcome.error.status) for outcome in outcomes] == [("refused", 404), ("done", None)]
