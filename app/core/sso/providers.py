"""Providers as an administrator sets them up: what each kind needs, the secret, and who may touch them."""

from __future__ import annotations

import ssl
from typing import Any
from uuid import UUID

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from ldap3.core.exceptions import LDAPException
from ldap3.operation.search import parse_filter
from sqlalchemy import inspect, select

from app.core import access, people
from app.core.sso import arriving, keys, saml
from app.core.sso.models import Kind, Provider
from app.core.sso.vouching import Silent
from app.kernel.current import Grant, current
from app.kernel.db import session
from app.kernel.errors import Forbidden, Invalid, NotFound
from app.kernel.fields import Form, text
from app.kernel.records import new_id
from app.kernel.sealing import seal, unseal

DIRECTORIES = (Kind.LDAP, Kind.DIRECTORY)
BY_CODE = (Kind.OIDC, Kind.GOOGLE, Kind.MICROSOFT, Kind.GITHUB, Kind.GITLAB)
WHERE = ("kind", "address", "client_id", "metadata_xml", "search_base")
PURPOSE = "sso/provider"


class Secret(Form):
    """Asked when the secret of a provider is set."""

    secret = text(_l("Secret"), max_length=500, widget="password",
                  help=_l("The client's secret, or the password of the account that searches."))


def before_save(provider: Provider) -> None:
    """Refuse what cannot work, and whoever holds less than a provider can give: it decides who comes in as whom.

    A provider that is somewhere else from now on knows nobody yet: its links go, so that nobody comes in as an owner by its word.
    """
    state: Any = inspect(provider)
    moved = state.persistent and any(state.attrs[name].history.deleted for name in WHERE)
    _may_vouch()
    if (wrong := _address_refusal(provider)):
        raise Invalid({"address": [wrong]})
    if provider.authority and not _is_certificate(provider.authority):
        raise Invalid({"authority": [_("This is no certificate in the PEM format.")]})
    if provider.kind == Kind.SAML and not _is_metadata(provider.metadata_xml or ""):
        raise Invalid({"metadata_xml": [_("This is no metadata of a SAML provider: a name, an address and a certificate are needed.")]})
    if (wrong := _groups_refusal(provider)):
        raise Invalid(wrong)
    if provider.role_id is not None and provider.role_id == access.role_named("owner").id:
        raise Invalid({"role": [_("Nobody becomes an owner by signing in.")]})
    if moved:
        arriving.forget(provider)
    if provider.kind == Kind.SAML and not provider.sealed_pair:
        provider.id = provider.id or new_id()
        keys.make(provider)


def set_secret(provider: Provider, *, secret: str) -> Provider:
    """Keep the secret, encrypted; it is never shown again."""
    _may_vouch()
    provider.sealed = seal(PURPOSE, provider.id, secret.strip())
    return provider


def secret_of(provider: Provider) -> str:
    """The secret; empty when there is none."""
    return unseal(PURPOSE, provider.id, provider.sealed) if provider.sealed else ""


def new_key(provider: Provider) -> Provider:
    """Another key pair; what is encrypted for the former one cannot be read from now on."""
    _may_vouch()
    return keys.make(provider)


def has_key(provider: Provider) -> bool | str:
    """Whether this kind of provider encrypts for us."""
    return True if provider.kind == Kind.SAML else _("Only SAML encrypts what it says of people.")


def has_client(provider: Provider) -> bool | str:
    """Whether this kind of provider knows a secret."""
    return True if provider.kind != Kind.SAML else _("SAML needs no secret: the metadata holds the certificate.")


def lacks_secret(provider: Provider) -> bool:
    """Whether a provider that is asked with a secret has none yet: nobody can come in by it."""
    return provider.kind in BY_CODE and not provider.sealed


def providers() -> list[Provider]:
    """Those in use, by name."""
    wanted = select(Provider).where(Provider.active, Provider.archived_at.is_(None)).order_by(Provider.name_key)
    return [each for each in session().scalars(wanted) if not lacks_secret(each)]


def provider(provider_id: UUID) -> Provider:
    """One in use. Raises `NotFound`."""
    found = next((each for each in providers() if each.id == provider_id), None)
    if found is None:
        raise NotFound
    return found


def addresses(provider: Provider) -> list[tuple[str, str]]:
    """The addresses of ours that a provider is told, with what each is for; a directory needs none."""
    place, base = {"house": provider.organisation_id, "provider": provider.id}, str(current_app.extensions["settings"].base_url)
    if provider.kind == Kind.SAML:
        return [(_("Entity id, and address of the metadata"), base + url_for("entrance.metadata", **place)),
                (_("Answers go to (ACS)"), base + url_for("entrance.consume", **place))]
    return [(_("Redirect address (callback)"), base + url_for("entrance.callback", **place))] if provider.kind in BY_CODE else []


def begin_with() -> str:
    """With what the addresses of every provider of the organisation begin, which is known before one is saved."""
    return f"{current_app.extensions['settings'].base_url}/sso/{current.organisation.id}/"


def exceptions() -> list[tuple[str, str]]:
    """Who may be named as the one whom a password lets in all the same: an owner, or passwords let everybody in."""
    owners = [(str(each.id), _("Required of all but %(name)s", name=each.name)) for each in people.with_role("owner")]
    return [("", _("Passwords work too")), *owners]


def _may_vouch() -> None:
    user = current.context.user
    if user and not user.is_system and access.lacking(user, [Grant("*.*.*", "company", "")]):
        raise Forbidden(access.more_than_held("*.*.*"))


def _address_refusal(provider: Provider) -> str:
    address, kind = (provider.address or "").strip(), Kind(provider.kind)
    if kind in DIRECTORIES:
        return "" if address.startswith(("ldaps://", "ldap://")) else _("Write it like ldaps://directory.example.org.")
    if kind == Kind.MICROSOFT and not address.startswith(("https://", "http://")):
        return "" if _is_uuid(address) else _("Write the tenant's id, like 01234567-89ab-cdef-0123-456789abcdef.")
    if address and not address.startswith(("https://", "http://")):
        return _("Write it like https://login.example.org.")
    return ""


def _groups_refusal(provider: Provider) -> dict[str, list[str]]:
    """A filter of groups needs a place to search and the person whose groups they are, and must be one."""
    wanted = (provider.groups_filter or "").strip()
    if not wanted:
        return {}
    if not (provider.groups_base or "").strip():
        return {"groups_base": [_("This is needed.")]}
    if "{dn}" not in wanted or not _is_filter(wanted):
        return {"groups_filter": [_("Write it like (member={dn}).")]}
    return {}


def _is_filter(text: str) -> bool:
    try:
        return bool(parse_filter(text.replace("{dn}", "cn=x"), None, False, True, None, False))
    except (LDAPException, IndexError, ValueError):
        return False


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.casefold()
    except ValueError:
        return False


def _is_metadata(xml: str) -> bool:
    try:
        return bool(saml.read_metadata(xml))
    except Silent:
        return False


def _is_certificate(pem: str) -> bool:
    try:
        return bool(ssl.create_default_context(cadata=pem))
    except (ssl.SSLError, ValueError):
        return False
