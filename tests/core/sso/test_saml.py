"""Signing in through SAML 2.0: who is let in, and every bent assertion refused."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.core.sso import Provider
from app.core.sso.models import Joining, Kind
from tests.core.sso.conftest import House
from tests.core.visitors import Visitor
from tests.infra.asserting import SPACES, Asserting, wrap, wrap_beside, wrap_in_extensions

PAGE = "/home/organisation/departments/"


@pytest.fixture
def provider(house: House, asserting: Asserting) -> Provider:
    """The provider as the organisation set it up."""
    return house.provider(Kind.SAML, metadata_xml=asserting.metadata, client_id=None, secret="", groups={"Approvers": "approver"})


def _out(browser: Visitor, provider: Provider) -> str:
    sent = browser.get(f"/sso/{provider.organisation_id}/{provider.id}/start?next={PAGE}")
    assert sent.status_code == 303, sent.text
    return str(sent.location)


def _ours(browser: Visitor, provider: Provider) -> str:
    return str(browser.get(f"/sso/{provider.organisation_id}/{provider.id}/metadata").text)


def _post(browser: Visitor, provider: Provider, form: dict[str, str]) -> Any:
    """As another site's page posts it: no cookie of ours comes along."""
    address = f"/sso/{provider.organisation_id}/{provider.id}/acs"
    return Visitor(browser.app).client.post(address, data=form, headers={"Origin": "https://idp.example", "Sec-Fetch-Site": "cross-site"})


def _through(browser: Visitor, provider: Provider, asserting: Asserting, **bent: Any) -> Any:
    posted = _post(browser, provider, asserting.answer(_out(browser, provider), _ours(browser, provider), **bent))
    return browser.get(posted.location) if posted.status_code == 303 else posted


@pytest.mark.requirement("OF-044")
def test_the_person_arrives_signed_in(visitor: Visitor, house: House, provider: Provider, asserting: Asserting) -> None:
    asserting.person["memberOf"] = ["approvers"]
    answer = _through(visitor, provider, asserting)
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert visitor.get(PAGE).status_code == 200
    assert visitor.get("/away/organisation/departments/").status_code == 404
    assert house.roles_of("ben@home.example") == {"member", "approver"}


def _text(path: str, said: str) -> Callable[[Any], None]:
    def bend(root: Any) -> None:
        root.find(path, SPACES).text = said

    return bend


def _said(path: str, name: str, value: str | None) -> Callable[[Any], None]:
    def bend(root: Any) -> None:
        found = root if path == "." else root.find(path, SPACES)
        if value is None:
            found.attrib.pop(name)
        else:
            found.set(name, value)

    return bend


def _without(path: str) -> Callable[[Any], None]:
    def bend(root: Any) -> None:
        found = root.find(path, SPACES)
        found.getparent().remove(found)

    return bend


CONFIRMED = ".//saml:SubjectConfirmationData"
PAST, FUTURE = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
BENT: dict[str, dict[str, Any]] = {
    "unsigned": {"sign": False}, "signed by a stranger": {"stranger": True},
    "tampered": {"after": _text(".//saml:NameID", "a-1")}, "signature taken away": {"after": _without(".//ds:Signature")},
    "wrapped": {"after": wrap}, "wrapped beside": {"after": wrap_beside}, "wrapped in extensions": {"after": wrap_in_extensions},
    "wrong audience": {"bend": _text(".//saml:Audience", "https://other.example")},
    "no audience": {"bend": _without(".//saml:AudienceRestriction")},
    "wrong recipient": {"bend": _said(CONFIRMED, "Recipient", "https://other.example/acs")},
    "recipient with more behind it": {"bend": lambda root: root.find(CONFIRMED, SPACES).set(
        "Recipient", root.find(CONFIRMED, SPACES).get("Recipient") + ".evil.example")},
    "no recipient": {"bend": _said(CONFIRMED, "Recipient", None)},
    "wrong request": {"bend": _said(CONFIRMED, "InResponseTo", "ONELOGIN_other")},
    "no request": {"bend": _said(CONFIRMED, "InResponseTo", None)},
    "answer to another request": {"after": _said(".", "InResponseTo", "ONELOGIN_other")},
    "answer to no request": {"after": _said(".", "InResponseTo", None)},
    "too old": {"bend": _said(CONFIRMED, "NotOnOrAfter", PAST)}, "for ever": {"bend": _said(CONFIRMED, "NotOnOrAfter", None)},
    "conditions too old": {"bend": _said(".//saml:Conditions", "NotOnOrAfter", PAST)},
    "not yet": {"bend": _said(".//saml:Conditions", "NotBefore", FUTURE)},
    "other issuer": {"bend": _text("saml:Assertion/saml:Issuer", "https://evil.example")},
    "wrong destination": {"after": _said(".", "Destination", "https://other.example/acs")},
    "failed": {"after": _said(".//samlp:StatusCode", "Value", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed")},
}


@pytest.mark.parametrize("bent", BENT)
@pytest.mark.requirement("OF-044")
def test_a_bent_assertion_is_refused(visitor: Visitor, house: House, provider: Provider, asserting: Asserting, bent: str) -> None:
    answer = _through(visitor, provider, asserting, **BENT[bent])
    assert answer.status_code == 422
    assert visitor.get(PAGE).status_code == 303
    assert len(house.refusals()) == 1


@pytest.mark.requirement("OF-044")
def test_an_assertion_works_once(visitor: Visitor, house: House, provider: Provider, asserting: Asserting) -> None:
    form = asserting.answer(_out(visitor, provider), _ours(visitor, provider))
    arrival = _post(visitor, provider, form)
    assert visitor.get(arrival.location).status_code == 303
    assert _post(visitor, provider, form).status_code == 422, "the same answer again"
    assert Visitor(visitor.app).get(arrival.location).status_code == 422, "the way in of another browser"
    assert visitor.get(arrival.location).status_code == 422, "the way in again"
    assert house.refusals() == ["state", "state", "state"]


def test_the_answer_to_another_browser_s_request_is_refused(app: Flask, visitor: Visitor, house: House, provider: Provider,
                                                            asserting: Asserting) -> None:
    """Who posts their own answer under somebody else's way signs nobody in."""
    other = Visitor(app)
    theirs, mine = asserting.answer(_out(other, provider), _ours(other, provider)), _out(visitor, provider)
    state = asserting.answer(mine, _ours(visitor, provider))["RelayState"]
    assert _post(visitor, provider, {**theirs, "RelayState": state}).status_code == 422
    arrival = _post(visitor, provider, theirs)
    assert visitor.get(arrival.location).status_code == 422
    assert house.refusals()[-1] == "browser"


BOMB = ('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="x" Version="2.0">&b;</samlp:Response>')
FILE = ('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="x" Version="2.0">&f;</samlp:Response>')


@pytest.mark.parametrize("sent", ["", "no xml", "<x/>", BOMB, FILE, "<", "\x00"])
def test_what_is_no_answer_is_refused(visitor: Visitor, house: House, provider: Provider, asserting: Asserting, sent: str) -> None:
    state = asserting.answer(_out(visitor, provider), _ours(visitor, provider))["RelayState"]
    form = {"SAMLResponse": base64.b64encode(sent.encode()).decode(), "RelayState": state}
    assert _post(visitor, provider, form).status_code == 422
    assert house.refusals() == ["assertion"]


def test_nobody_comes_unasked(visitor: Visitor, house: House, provider: Provider, asserting: Asserting) -> None:
    form = asserting.answer(_out(visitor, provider), _ours(visitor, provider))
    assert _post(visitor, provider, {"SAMLResponse": form["SAMLResponse"]}).status_code == 422
    assert _post(visitor, provider, {}).status_code == 422


def test_a_new_person_joins(visitor: Visitor, house: House, asserting: Asserting) -> None:
    asserting.subject, asserting.person["mail"] = "n-1", "nia@home.example"
    made = house.provider(Kind.SAML, metadata_xml=asserting.metadata, secret="", joining=Joining.EVERYBODY)
    assert _through(visitor, made, asserting).status_code == 303
    assert house.roles_of("nia@home.example") == {"member"}


def test_only_saml_has_metadata(visitor: Visitor, house: House, provider: Provider) -> None:
    assert "EntityDescriptor" in _ours(visitor, provider)
    other = house.provider(address="https://idp.example", name="other")
    assert visitor.get(f"/sso/{other.organisation_id}/{other.id}/metadata").status_code == 404
