"""Assertions that are encrypted for us: read with the provider's own key; others look like any that cannot be believed."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import xmlsec
from cryptography import x509
from sqlalchemy import text

from app.core.sso import Provider, keys, saml
from app.core.sso.models import Kind
from app.core.sso.saml import XENC
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from tests.core.sso.conftest import House
from tests.core.sso.test_saml import PAGE, _ours, _post, _text, _through
from tests.core.visitors import Visitor, actor_of
from tests.infra.asserting import Asserting, Encrypt

DSIG = "http://www.w3.org/2000/09/xmldsig#"


@pytest.fixture
def provider(house: House, asserting: Asserting) -> Provider:
    """A provider with a key pair."""
    return house.provider(Kind.SAML, metadata_xml=asserting.metadata, client_id=None, secret="", groups={"Approvers": "approver"})


def _held(house: House, provider: Provider, column: str) -> Any:
    with acting(house.home, SYSTEM), unit_of_work() as work:
        return work.execute(text(f"SELECT {column} FROM sso_provider WHERE id = :id"), {"id": provider.id}).scalar_one()


@pytest.mark.parametrize("how", [Encrypt(), Encrypt(cipher=xmlsec.constants.TransformAes256Cbc)], ids=["gcm", "cbc"])
@pytest.mark.requirement("OF-044")
def test_what_is_encrypted_for_us_is_read(visitor: Visitor, house: House, provider: Provider, asserting: Asserting, how: Encrypt) -> None:
    asserting.person["memberOf"] = ["approvers"]
    seen: list[str] = []
    answer = _through(visitor, provider, asserting, encrypt=how, after=lambda root: seen.append(str(root.xpath("string()"))))
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert "ben@home.example" not in seen[0], "nobody on the way reads who it is"
    assert visitor.get(PAGE).status_code == 200
    assert house.roles_of("ben@home.example") == {"member", "approver"}


FOREIGN = {"somebody else's key": (Encrypt(certificate="stranger"), "our key does not open it"),
           "said to be for somebody else": (Encrypt(recipient="https://other.example"), "for somebody else"),
           "of another certificate": (Encrypt(certificate="stranger", named=True), "a certificate that is not ours"),
           "RSA 1.5": (Encrypt(transport=xmlsec.constants.TransformRsaPkcs1), "algorithm"),
           "triple DES": (Encrypt(cipher=xmlsec.constants.TransformDes3Cbc), "algorithm")}


@pytest.mark.parametrize("how", FOREIGN)
@pytest.mark.requirement("OF-044")
def test_what_is_encrypted_otherwise_is_refused_and_told_apart_in_the_log_alone(
        visitor: Visitor, house: House, provider: Provider, asserting: Asserting, caplog: pytest.LogCaptureFixture, how: str) -> None:
    bent, said = FOREIGN[how]
    if bent.certificate:
        bent = Encrypt(certificate=asserting.stranger[1], named=bent.named)
    plain = _through(visitor, provider, asserting, sign=False)
    with caplog.at_level(logging.WARNING, "opsflux.sso"):
        answer = _through(visitor, provider, asserting, encrypt=bent)
    assert (answer.status_code, plain.status_code) == (422, 422)
    assert _alike(answer.text) == _alike(plain.text), "it looks like any other that is not believed"
    assert visitor.get(PAGE).status_code == 303
    assert house.refusals() == ["assertion", "encryption"]
    assert said in caplog.text


def _alike(page: str) -> str:
    return page[page.index("<main"):page.index("</main")].split("csrf_token", maxsplit=1)[0]


@pytest.mark.parametrize("bent", [{"sign": False}, {"stranger": True}, {"bend": _text(".//saml:Audience", "https://other.example")}])
def test_encryption_vouches_for_nothing(visitor: Visitor, house: House, provider: Provider, asserting: Asserting,
                                        bent: dict[str, Any]) -> None:
    """Everybody has the certificate: what is inside must be signed and for us all the same."""
    assert _through(visitor, provider, asserting, encrypt=Encrypt(), **bent).status_code == 422
    assert visitor.get(PAGE).status_code == 303


@pytest.mark.parametrize("place", ["file:///dev/zero", "http://127.0.0.1:1/", "secret.txt"])
def test_what_is_encrypted_is_not_fetched_from_elsewhere(visitor: Visitor, house: House, provider: Provider, asserting: Asserting,
                                                        place: str) -> None:
    def lead_away(root: Any) -> None:
        value = next(root.iter(f"{{{XENC}}}CipherValue"))
        value.getparent().replace(value, value.makeelement(f"{{{XENC}}}CipherReference", {"URI": place}))

    assert _through(visitor, provider, asserting, encrypt=Encrypt(), after=lead_away).status_code == 422
    assert house.refusals() == ["encryption"]


def _key_elsewhere(root: Any) -> None:
    """The key stands outside the assertion, where what decrypts would look for it all the same, and leads to a file."""
    key = next(root.iter(f"{{{XENC}}}EncryptedKey"))
    data = next(root.iter(f"{{{XENC}}}EncryptedData"))
    info = data.makeelement(f"{{{DSIG}}}KeyInfo", {})
    data.insert(1, info)
    apart = root.makeelement("{urn:oasis:names:tc:SAML:2.0:protocol}Extensions", {})
    root.insert(1, apart)
    apart.append(key)
    key.set("{http://www.w3.org/XML/1998/namespace}id", "k")
    value = next(key.iter(f"{{{XENC}}}CipherValue"))
    value.getparent().replace(value, value.makeelement(f"{{{XENC}}}CipherReference", {"URI": "file:///dev/zero"}))
    info.append(info.makeelement(f"{{{DSIG}}}RetrievalMethod", {"URI": "#k", "Type": f"{XENC}EncryptedKey"}))


def _key_elsewhere_of_a_weak_kind(root: Any) -> None:
    key = next(root.iter(f"{{{XENC}}}EncryptedKey"))
    apart = root.makeelement("{urn:oasis:names:tc:SAML:2.0:protocol}Extensions", {})
    root.insert(1, apart)
    apart.append(key)
    next(key.iter(f"{{{XENC}}}EncryptionMethod")).set("Algorithm", f"{XENC}rsa-1_5")


@pytest.mark.parametrize("bend", [_key_elsewhere, _key_elsewhere_of_a_weak_kind])
def test_what_stands_beside_the_assertion_is_looked_at_before_anything_is_opened(
        visitor: Visitor, house: House, provider: Provider, asserting: Asserting, monkeypatch: pytest.MonkeyPatch, bend: Any) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(saml, "OneLogin_Saml2_Response", lambda *said: opened.append(said))
    assert _through(visitor, provider, asserting, encrypt=Encrypt(), after=bend).status_code == 422
    assert house.refusals() == ["encryption"]
    assert opened == []


@pytest.mark.parametrize("encrypt", [None, Encrypt()], ids=["plain", "within an encrypted one"])
def test_a_name_that_is_encrypted_once_more_is_refused(visitor: Visitor, house: House, provider: Provider, asserting: Asserting,
                                                       encrypt: Encrypt | None) -> None:
    """A provider's own signature is no leave to lead us to a file: whoever administers one organisation is a stranger here."""
    def hide(root: Any) -> None:
        name = next(root.iter("{urn:oasis:names:tc:SAML:2.0:assertion}NameID"))
        hidden = name.makeelement("{urn:oasis:names:tc:SAML:2.0:assertion}EncryptedID", {})
        reference = hidden.makeelement(f"{{{XENC}}}CipherReference", {"URI": "file:///dev/zero"})
        hidden.append(reference)
        name.getparent().replace(name, hidden)

    assert _through(visitor, provider, asserting, encrypt=encrypt, bend=hide).status_code == 422
    assert house.refusals() == ["encryption"]


def test_a_forged_one_beside_it_is_refused(visitor: Visitor, house: House, provider: Provider, asserting: Asserting) -> None:
    def beside(root: Any) -> None:
        forged = root.makeelement("{urn:oasis:names:tc:SAML:2.0:assertion}Assertion", {"ID": "forged", "Version": "2.0"})
        root.insert(0, forged)

    assert _through(visitor, provider, asserting, encrypt=Encrypt(), after=beside).status_code == 422


@pytest.mark.requirement("OF-044")
def test_an_encrypted_one_works_once(visitor: Visitor, house: House, provider: Provider, asserting: Asserting) -> None:
    sent = visitor.get(f"/sso/{provider.organisation_id}/{provider.id}/start").location
    form = asserting.answer(sent, _ours(visitor, provider), encrypt=Encrypt())
    assert _post(visitor, provider, form).status_code == 303
    assert _post(visitor, provider, form).status_code == 422


def test_the_certificate_is_in_our_metadata_and_the_key_is_sealed(visitor: Visitor, house: House, provider: Provider) -> None:
    said = _ours(visitor, provider)
    assert 'use="encryption"' in said
    assert 'use="signing"' not in said
    assert keys.lines(str(provider.certificate)) in "".join(said.split())
    sealed = bytes(_held(house, provider, "sealed_pair"))
    with visitor.app.app_context():
        assert "PRIVATE KEY" in keys.private(provider)
    assert b"PRIVATE KEY" not in sealed
    assert x509.load_pem_x509_certificate(str(provider.certificate).encode()).public_key()


def test_a_provider_gets_its_own_pair_when_it_is_saved_and_another_when_it_is_asked_for(house: House, asserting: Asserting,
                                                                                     visitor: Visitor) -> None:
    said = {"kind": "saml", "metadata_xml": asserting.metadata, "joining": "domains", "active": True}
    with acting(house.home, actor_of(house.home, house.owner), channel="page"), unit_of_work():
        one, other = (perform_one("sso.provider", "create", None, {"name": name, **said}).record for name in ("One", "Other"))
        first = one.certificate
        assert first
        assert other.certificate not in (None, first)
        assert perform_one("sso.provider", "edit", one, {"name": "First"}).record.certificate == first, "it stays"
        assert perform_one("sso.provider", "new_key", one, {}).record.certificate != first
        other_kind = {"name": "Plain", "kind": "oidc", "address": "https://idp.example", "client_id": "x", "joining": "domains",
                      "active": True}
        plain = perform_one("sso.provider", "create", None, other_kind).record
        assert plain.certificate is None


def test_what_was_encrypted_for_the_former_key_is_refused(visitor: Visitor, house: House, provider: Provider, asserting: Asserting) -> None:
    former = str(provider.certificate)
    with acting(house.home, actor_of(house.home, house.owner), channel="page"), unit_of_work():
        perform_one("sso.provider", "new_key", provider.id, {})
    assert _through(visitor, provider, asserting, encrypt=Encrypt(certificate=former)).status_code == 422
    assert _through(visitor, provider, asserting, encrypt=Encrypt()).status_code == 303
