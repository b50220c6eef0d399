"""Where each kind of provider is, what it is asked for, and what it says of itself by discovery."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.core.sso.models import Kind, Provider
from app.core.sso.vouching import Silent
from app.kernel import outgoing

ISSUERS = {Kind.GOOGLE: "https://accounts.google.com", Kind.GITLAB: "https://gitlab.com"}
MICROSOFT = "https://login.microsoftonline.com/{tenant}/v2.0"
GITHUB = "https://github.com"
SCOPES = {Kind.GITHUB: "read:user user:email"}
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
FRESH = 300.0
LARGEST = 256

_known: dict[str, tuple[float, Any]] = {}


@dataclass(frozen=True)
class Place:
    """The addresses of a provider. `issuer` and `keys` are empty for plain OAuth 2."""

    authorize: str
    token: str
    issuer: str = ""
    keys: str = ""
    people: str = ""
    basic: bool = True


def scope_of(provider: Provider) -> str:
    """What is asked for."""
    return SCOPES.get(Kind(provider.kind), "openid email profile")


def place_of(provider: Provider) -> Place:
    """Where a provider is: known for GitHub, by discovery for all others. Raises `Silent` when it does not say."""
    if provider.kind == Kind.GITHUB:
        return _github(provider)
    issuer = issuer_of(provider)
    said = fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if not isinstance(said, dict) or said.get("issuer") != issuer:
        raise Silent(f"{issuer} calls itself something else")
    found = {name: said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    if any(not isinstance(each, str) or urlsplit(each).scheme != urlsplit(issuer).scheme for each in found.values()):
        raise Silent(f"{issuer} does not say where it is")
    ways = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Place(str(found["authorization_endpoint"]), str(found["token_endpoint"]), issuer, str(found["jwks_uri"]),
                 str(said.get("userinfo_endpoint") or ""), "client_secret_basic" in ways)


def issuer_of(provider: Provider) -> str:
    """The name that a provider signs with."""
    address = (provider.address or "").strip()
    if provider.kind == Kind.MICROSOFT and not address.startswith("http"):
        return MICROSOFT.format(tenant=address.casefold())
    return address or ISSUERS[Kind(provider.kind)]


def fetched(url: str, *, anew: bool = False) -> Any:
    """A public document (discovery, keys), asked for once in five minutes. Raises `Silent`."""
    kept = _known.get(url)
    if kept and not anew and time.monotonic() - kept[0] < FRESH:
        return kept[1]
    answer = outgoing.send("GET", url, headers={"Accept": "application/json"})
    if answer.status != 200:
        raise Silent(f"{url} answered {answer.status}")
    if len(_known) >= LARGEST:
        _known.clear()
    _known[url] = (time.monotonic(), answer.json())
    return _known[url][1]


def _github(provider: Provider) -> Place:
    own = (provider.address or "").strip().rstrip("/")
    host = own or GITHUB
    return Place(f"{host}/login/oauth/authorize", f"{host}/login/oauth/access_token",
                 people=f"{own}/api/v3" if own else "https://api.github.com", basic=False)
