"""A SAML identity provider (pysaml2) inside the test: it reads our request and answers with an assertion, signed or bent as asked."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Signing
from saml2 import BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server

ENTITY, ADDRESS = "https://idp.example/metadata", "https://idp.example/sso"
SPACES = {"saml": "urn:oasis:names:tc:SAML:2.0:assertion", "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
          "ds": "http://www.w3.org/2000/09/xmldsig#"}
Bend = Callable[[Any], None]


@dataclass(frozen=True)
class Encrypt:
    """How an assertion is hidden: for whose certificate (ours unless said), said to be for whom, and by which algorithms."""

    certificate: str = ""
    recipient: str = ""
    named: bool = False
    cipher: Any = xmlsec.constants.TransformAes256Gcm
    transport: Any = xmlsec.constants.TransformRsaOaep


class Asserting:
    """The provider. `person` is who sits before its sign-in page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # pysaml2 asks a program what it can sign with; we sign by the library, so that none need be installed.
        (folder / "xmlsec1").write_text("#!/bin/sh\nprintf 'known:\\n\"sha256\",\"rsa-sha256\"\\n'\n")
        (folder / "xmlsec1").chmod(0o755)
        self.key, self.certificate = _made(folder, "idp")
        self.stranger = _made(folder, "stranger")
        self.person: dict[str, Any] = {"mail": "ben@home.example", "displayName": "Ben Home", "memberOf": []}
        self.subject = "b-4711"
        self.metadata = str(entity_descriptor(self._config()))

    def _config(self, ours: str = "") -> IdPConfig:
        said = {"entityid": ENTITY, "xmlsec_binary": str(self.folder / "xmlsec1"), "key_file": str(self.folder / "idp.key"),
                "cert_file": str(self.folder / "idp.pem"), "metadata": {"inline": [ours]} if ours else {},
                "service": {"idp": {"endpoints": {"single_sign_on_service": [(ADDRESS, BINDING_HTTP_REDIRECT)]},
                                    "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}}}}}
        return IdPConfig().load(said)

    def answer(self, address: str, ours: str, *, bend: Bend | None = None, after: Bend | None = None, sign: bool = True,
               stranger: bool = False, encrypt: Encrypt | None = None) -> dict[str, str]:
        """The form that the sign-in page makes the browser post. `bend` changes the answer before it is signed, `after` afterwards;
        `encrypt` hides the signed assertion then, for the certificate in our metadata unless it says otherwise.
        """
        asked = parse_qs(urlsplit(address).query)
        server = Server(config=self._config(ours))
        request = server.parse_authn_request(asked["SAMLRequest"][0], BINDING_HTTP_REDIRECT).message
        said = server.create_authn_response(
            self.person, request.id, request.assertion_consumer_service_url, request.issuer.text,
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=self.subject),
            authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"}, sign_assertion=False, sign_response=False)
        root = etree.fromstring(str(said).encode())
        if bend:
            bend(root)
        if sign:
            self._sign(root, *(self.stranger if stranger else (self.key, self.certificate)))
        if encrypt:
            self._encrypt(root, encrypt, server, request.issuer.text)
        if after:
            after(root)
        return {"SAMLResponse": base64.b64encode(etree.tostring(root)).decode(), "RelayState": asked["RelayState"][0]}

    def _sign(self, root: Any, key: str, certificate: str) -> None:
        for assertion in root.findall("saml:Assertion", SPACES):
            signed = etree.fromstring(Signing.add_sign(etree.tostring(assertion), key, certificate))
            root.replace(assertion, signed)


    def _encrypt(self, root: Any, how: Encrypt, server: Server, asker: str) -> None:
        """As pysaml2 lays it out (an assertion in its own element, the key beside the data), without the program that it starts."""
        (_name, ours), *_more = server.metadata.certs(asker, "spsso", "encryption")
        certificate = how.certificate or f"-----BEGIN CERTIFICATE-----\n{ours}\n-----END CERTIFICATE-----\n"
        for assertion in root.findall("saml:Assertion", SPACES):
            hidden = etree.SubElement(root, f"{{{SPACES['saml']}}}EncryptedAssertion")
            root.replace(assertion, hidden)
            hidden.append(assertion)
            data = xmlsec.template.encrypted_data_create(hidden, how.cipher, type=xmlsec.constants.TypeEncElement, ns="xenc")
            xmlsec.template.encrypted_data_ensure_cipher_value(data)
            about = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
            key = xmlsec.template.add_encrypted_key(about, how.transport)
            xmlsec.template.encrypted_data_ensure_cipher_value(key)
            if how.recipient:
                key.set("Recipient", how.recipient)
            if how.named:
                xmlsec.template.add_x509_data(xmlsec.template.encrypted_data_ensure_key_info(key, ns="ds"))
            known = xmlsec.KeysManager()
            known.add_key(xmlsec.Key.from_memory(certificate, xmlsec.constants.KeyDataFormatCertPem))
            context = xmlsec.EncryptionContext(known)
            kind, bits = (xmlsec.constants.KeyDataDes, 192) if "tripledes" in how.cipher.href else (xmlsec.constants.KeyDataAes, 256)
            context.key = xmlsec.Key.generate(kind, bits, xmlsec.constants.KeyDataTypeSession)
            context.encrypt_xml(data, assertion)


def wrap(root: Any) -> None:
    """Put a forged assertion where a careless reader looks, and keep the signed one where the signature finds it."""
    real = root.find("saml:Assertion", SPACES)
    forged = copy.deepcopy(real)
    forged.remove(forged.find("ds:Signature", SPACES))
    forged.set("ID", "forged")
    forged.find(".//saml:NameID", SPACES).text = "a-1"
    forged.append(real)
    root.append(forged)


def wrap_beside(root: Any) -> None:
    """Two assertions: a forged one first, the signed one after it."""
    forged = copy.deepcopy(root.find("saml:Assertion", SPACES))
    forged.remove(forged.find("ds:Signature", SPACES))
    forged.set("ID", "forged")
    root.insert(0, forged)


def wrap_in_extensions(root: Any) -> None:
    """The signed assertion is hidden in the extensions; the forged one stands in its place under the same id."""
    real = root.find("saml:Assertion", SPACES)
    forged = copy.deepcopy(real)
    forged.find(".//saml:NameID", SPACES).text = "a-1"
    root.replace(real, forged)
    hidden = etree.SubElement(root, f"{{{SPACES['samlp']}}}Extensions")
    hidden.append(real)


def request_id(address: str) -> str:
    """The id of the request in the address to which we sent the browser."""
    raw = zlib.decompress(base64.b64decode(parse_qs(urlsplit(address).query)["SAMLRequest"][0]), -15)
    return str(etree.fromstring(raw).get("ID"))


def _made(folder: Path, name: str) -> tuple[str, str]:
    key, now = rsa.generate_private_key(65537, 2048), dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=2)).sign(key, hashes.SHA256()))
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    certificate = made.public_bytes(serialization.Encoding.PEM).decode()
    (folder / f"{name}.key").write_text(plain)
    (folder / f"{name}.pem").write_text(certificate)
    return plain, certificate


@pytest.fixture(scope="session")
def _asserting(tmp_path_factory: pytest.TempPathFactory) -> Asserting:
    return Asserting(tmp_path_factory.mktemp("idp"))


@pytest.fixture
def asserting(_asserting: Asserting) -> Asserting:
    """The provider, with Ben before it."""
    _asserting.person = {"mail": "ben@home.example", "displayName": "Ben Home", "memberOf": []}
    _asserting.subject = "b-4711"
    return _asserting


__all__ = ["SPACES", "Asserting", "Encrypt", "asserting", "request_id", "wrap", "wrap_beside", "wrap_in_extensions"]
