"""SAML 2.0: to the provider with a request; back with an assertion that it signed for us, for this request, to be used once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import xmlsec
from flask import current_app, url_for
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth as Auth
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser as Parser
from onelogin.saml2.metadata import OneLogin_Saml2_Metadata as Metadata
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from app.core import auth
from app.core.sso import anew, attempts, keys
from app.core.sso.attempts import Under
from app.core.sso.models import Provider
from app.core.sso.vouching import Doubtful, Silent, Vouched, words
from app.kernel.db import unit_of_work

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
BY_MAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
MAILS = ("email", "mail", "urn:oid:0.9.2342.19200300.100.1.3", f"{CLAIMS}/emailaddress", "emailAddress")
NAMES = ("displayName", "urn:oid:2.16.840.1.113730.3.1.241", f"{CLAIMS}/name", "cn", "urn:oid:2.5.4.3", "name")
GROUPS = ("groups", "memberOf", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1")
STRICT = {"wantAssertionsSigned": True, "wantNameId": True, "wantAttributeStatement": False, "requestedAuthnContext": False,
          "rejectDeprecatedAlgorithm": True, "allowSingleLabelDomains": True}
XENC = "http://www.w3.org/2001/04/xmlenc#"
# No RSA 1.5 and no triple DES: whoever may ask often enough reads what they hide. A try here uses up the way that it came by.
CIPHERS = {f"{XENC}rsa-oaep-mgf1p", "http://www.w3.org/2009/xmlenc11#rsa-oaep", *(f"{XENC}aes{bits}-cbc" for bits in (128, 192, 256)),
           *(f"http://www.w3.org/2009/xmlenc11#aes{bits}-gcm" for bits in (128, 192, 256))}
NESTED = "//saml:EncryptedID | //saml:EncryptedAttribute"
LONGEST = timedelta(days=1)

logging.getLogger("onelogin").setLevel(logging.CRITICAL)  # it would write what people send into the log


def read_metadata(xml: str) -> dict[str, Any]:
    """What the metadata of a provider says: its name, its address, its certificates. Raises `Silent` when it says too little."""
    try:
        found: dict[str, Any] = Parser.parse(xml).get("idp", {})
    except Exception as error:  # whatever the parser makes of it, it is no metadata
        raise Silent("the metadata cannot be read") from error
    certified = found.get("x509cert") or found.get("x509certMulti", {}).get("signing")
    if not found.get("entityId") or not found.get("singleSignOnService", {}).get("url") or not certified:
        raise Silent("the metadata lacks a name, an address or a certificate")
    return found


def own_metadata(provider: Provider) -> str:
    """What the provider is told of us."""
    settings = OneLogin_Saml2_Settings({**_settings(provider), "idp": {}}, sp_validation_only=True)
    root = OneLogin_Saml2_XML.to_etree(Metadata.add_x509_key_descriptors(settings.get_sp_metadata(), provider.certificate))
    for signing in OneLogin_Saml2_XML.query(root, "//md:KeyDescriptor[@use='signing']"):
        signing.getparent().remove(signing)  # the pair is for what is encrypted; we sign nothing with it
    return str(etree.tostring(root, encoding="unicode"))


def departure(provider: Provider, under: Under) -> str:
    """The address at the provider to which the browser is sent."""
    client = _client(provider, {})
    address = str(client.login(return_to=under.state, force_authn=under.proving is not None))
    with unit_of_work():
        attempts.rename(provider, under, client.get_last_request_id())
    return address


def arrival(provider: Provider, under: Under, said: Mapping[str, str]) -> Vouched:
    """Whom the provider vouches for. Raises `Doubtful`."""
    if not under.nonce.startswith("ONELOGIN_"):
        raise Doubtful("request")
    try:
        ours = _settings(provider, read_metadata(provider.metadata_xml or ""))
        ours["sp"]["privateKey"] = keys.private(provider)
        settings = OneLogin_Saml2_Settings(ours)
        response = _read(provider, settings, said.get("SAMLResponse", ""))
        response.is_valid(_request(provider, said), under.nonce, raise_exceptions=True)
        _told_us(provider, under, response)
        if under.proving:
            anew.require_anew(under, _signed_in_at(response))
        return _vouched(provider, response)
    except (OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError) as error:
        raise Doubtful("assertion", error) from error
    except (Doubtful, Silent):
        raise
    except Exception as error:  # bytes that break the parser are to be believed least of all
        raise Doubtful("assertion", type(error).__name__) from error


def _read(provider: Provider, settings: OneLogin_Saml2_Settings, sent: str) -> OneLogin_Saml2_Response:
    """The answer, decrypted when it is encrypted: for us, with our key, by algorithms that give nothing away. Raises `Doubtful`."""
    root = OneLogin_Saml2_XML.to_etree(OneLogin_Saml2_Utils.b64decode(sent))
    if OneLogin_Saml2_XML.query(root, "//saml:EncryptedAssertion"):
        if not provider.sealed_pair:
            raise Doubtful("encryption", "there is no key pair")
        _look_before_opening(provider, settings, root)
    try:
        response = OneLogin_Saml2_Response(settings, sent)
    except xmlsec.Error as error:
        raise Doubtful("encryption", f"our key does not open it: {error}") from error
    for document in (root, response.decrypted_document):
        if document is not None and OneLogin_Saml2_XML.query(document, NESTED):
            raise Doubtful("encryption", "something within the assertion is encrypted once more")  # and would be opened unlooked at
    return response


def _look_before_opening(provider: Provider, settings: OneLogin_Saml2_Settings, root: Any) -> None:
    """Refuse what is not plainly for us, anywhere in the answer: nothing of it is signed yet, and what decrypts follows where it leads."""
    query = OneLogin_Saml2_XML.query
    ours = {keys.lines(each.text or "") for each in query(root, ".//saml:EncryptedAssertion//ds:X509Certificate")}
    if query(root, "//ds:RetrievalMethod | //*[@xml:id]") or any(not each.get("URI").startswith("#") for each in query(root, "//*[@URI]")):
        raise Doubtful("encryption", "it leads outside itself")  # files and addresses would be opened, and keys found elsewhere
    if any(each.get("Algorithm") not in CIPHERS for each in query(root, "//xenc:EncryptionMethod")):
        raise Doubtful("encryption", "the algorithm is not one that is taken")
    if any(each.get("Recipient") not in (None, settings.get_sp_data()["entityId"]) for each in query(root, "//xenc:EncryptedKey")):
        raise Doubtful("encryption", "it is encrypted for somebody else")
    if ours - {keys.lines(provider.certificate or "")}:
        raise Doubtful("encryption", "it is encrypted for a certificate that is not ours, or no more")


def _told_us(provider: Provider, under: Under, response: OneLogin_Saml2_Response) -> None:
    """What the library lets pass when it is not said must be said: for which request, to whom, where, until when; and only once."""
    ours = _settings(provider)["sp"]
    if response.get_in_response_to() != under.nonce:
        raise Doubtful("request")
    if ours["entityId"] not in response.get_audiences():
        raise Doubtful("audience")
    told = response._query_assertion("/saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData")  # of the signed one
    if not told or any(each.get("Recipient") != ours["assertionConsumerService"]["url"] or each.get("InResponseTo") != under.nonce
                       or not each.get("NotOnOrAfter") for each in told):
        raise Doubtful("recipient")
    until = datetime.now(UTC) + LONGEST
    if not auth.spend(f"saml {provider.id} {response.get_assertion_id()}", until):
        raise Doubtful("replay")


def _signed_in_at(response: OneLogin_Saml2_Response) -> datetime | None:
    """When the person signed in at the provider: the oldest that its signed assertion says."""
    said = [each.get("AuthnInstant") for each in response._query_assertion("/saml:AuthnStatement")]
    return datetime.fromtimestamp(min(map(OneLogin_Saml2_Utils.parse_SAML_to_time, said)), UTC) if said and all(said) else None


def _vouched(provider: Provider, response: OneLogin_Saml2_Response) -> Vouched:
    said = response.get_attributes()
    name, form = response.get_nameid(), response.get_nameid_format()
    email = (_first(said, MAILS) or (name if form == BY_MAIL else "")).strip().casefold()
    groups = words(next((said[each] for each in ((provider.groups_in,) if provider.groups_in else GROUPS) if each in said), []))
    return Vouched(f"mail:{email}" if form == TRANSIENT else str(name), email, True, _first(said, NAMES), groups)


def _first(said: Mapping[str, list[str]], names: tuple[str, ...]) -> str:
    return str(next((said[name][0] for name in names if said.get(name)), ""))


def _client(provider: Provider, said: Mapping[str, str]) -> Auth:
    try:
        return Auth(_request(provider, said), _settings(provider, read_metadata(provider.metadata_xml or "")))
    except OneLogin_Saml2_Error as error:
        raise Silent(f"the settings do not fit: {error}") from error


def _settings(provider: Provider, idp: Mapping[str, Any] | None = None) -> dict[str, Any]:
    place = {"house": provider.organisation_id, "provider": provider.id}
    base = str(current_app.extensions["settings"].base_url)
    return {"strict": True, "debug": False, "idp": dict(idp or {}), "security": dict(STRICT),
            "sp": {"entityId": base + url_for("entrance.metadata", **place),
                   "assertionConsumerService": {"url": base + url_for("entrance.consume", **place), "binding": POST}}}


def _request(provider: Provider, said: Mapping[str, str]) -> dict[str, Any]:
    address = urlsplit(_settings(provider)["sp"]["assertionConsumerService"]["url"])
    return {"https": "on" if address.scheme == "https" else "off", "http_host": address.netloc, "script_name": address.path,
            "get_data": {}, "post_data": dict(said)}
