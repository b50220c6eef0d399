"""What an administrator is told while a provider is set up."""

from __future__ import annotations

from flask import Flask

from app.core.sso import providers
from app.core.sso.models import Kind
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.sso.conftest import House
from tests.core.visitors import Visitor

LIST = "/home/sso/providers/"


def _owner(app: Flask) -> Visitor:
    browser = Visitor(app)
    browser.sign_in("ada@home.example")
    return browser


def test_an_empty_list_says_what_to_do_and_the_form_where_the_addresses_will_be(house: House, app: Flask) -> None:
    owner = _owner(app)
    assert "How single sign-on is set up" in owner.get(LIST).text
    base = app.extensions["settings"].base_url
    assert f"{base}/sso/{house.home.id}/" in owner.get(f"{LIST}new").text
    house.provider()
    assert "How single sign-on is set up" not in owner.get(LIST).text


def test_the_page_of_a_provider_shows_our_addresses(house: House, app: Flask) -> None:
    owner, base = _owner(app), app.extensions["settings"].base_url
    openid, saml, ldap = house.provider(), house.provider(Kind.SAML, secret=""), house.provider(Kind.LDAP, secret="")
    place = f"{base}/sso/{house.home.id}"
    assert f"{place}/{openid.id}/callback" in owner.get(f"{LIST}{openid.reference}/").text
    page = owner.get(f"{LIST}{saml.reference}/").text
    assert f"{place}/{saml.id}/metadata" in page
    assert f"{place}/{saml.id}/acs" in page
    assert "Not in use yet" not in page
    assert "What the provider needs of us" not in owner.get(f"{LIST}{ldap.reference}/").text


def test_a_provider_without_the_secret_that_it_needs_is_not_in_use(house: House, app: Flask) -> None:
    bare = house.provider(secret="")
    assert "Not in use yet" in _owner(app).get(f"{LIST}{bare.reference}/").text
    assert bare.name not in app.test_client().get("/sign-in/to/home").text
    with acting(house.home, SYSTEM), unit_of_work():
        assert providers.providers() == []
    full = house.provider(name="Full")
    assert "Not in use yet" not in _owner(app).get(f"{LIST}{full.reference}/").text
    assert "Full" in app.test_client().get("/sign-in/to/home").text
