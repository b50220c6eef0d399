"""The code flow: to the provider with PKCE, state and nonce; back with a code, changed for what the provider says of the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from app.core.sso import anew, github, presets, tokens
from app.core.sso.attempts import Under
from app.core.sso.models import Kind, Provider
from app.core.sso.presets import Place
from app.core.sso.providers import secret_of
from app.core.sso.vouching import Doubtful, Silent, Vouched
from app.kernel import outgoing

FORM = "application/x-www-form-urlencoded"


def departure(provider: Provider, under: Under, back: str) -> str:
    """The address at the provider to which the browser is sent; `back` is where it returns to."""
    place = presets.place_of(provider)
    asked = {"nonce": under.nonce} if place.issuer else {}
    if under.proving:
        asked |= {"prompt": "login", "max_age": "0"}
    return str(prepare_grant_uri(place.authorize, client_id=provider.client_id, response_type="code", redirect_uri=back,
                                 scope=presets.scope_of(provider), state=under.state, code_challenge_method="S256",
                                 code_challenge=create_s256_code_challenge(under.verifier), **asked))


def arrival(provider: Provider, under: Under, said: Mapping[str, str], back: str) -> Vouched:
    """Whom the provider vouches for. Raises `Doubtful` when it is not to be believed, `Silent` or `Away` when nothing came."""
    place = presets.place_of(provider)
    if said.get("iss") and place.issuer and said["iss"] != place.issuer:
        raise Doubtful("issuer", said["iss"][:200])
    if said.get("error") or not said.get("code"):
        raise Doubtful("denied", said.get("error", "")[:200])
    granted = _granted(provider, place, {"code": said["code"], "redirect_uri": back, "code_verifier": under.verifier})
    if provider.kind == Kind.GITHUB:
        if under.proving:
            anew.require_anew(under, None)
        return github.vouched(place, _bearer(granted))
    claims = tokens.claims_of(provider, place, str(granted.get("id_token") or ""), under.nonce, str(granted.get("access_token") or ""))
    if under.proving:
        anew.require_anew(under, tokens.signed_in_at(claims))
    return tokens.vouched(provider, place, claims, str(granted.get("access_token") or ""))


def _granted(provider: Provider, place: Place, given: Mapping[str, str]) -> dict[str, Any]:
    """What the provider gives for the code. Its refusal of the code is doubt; any other trouble is silence."""
    client = ClientAuth(provider.client_id, secret_of(provider), "client_secret_basic" if place.basic else "client_secret_post")
    body = prepare_token_request("authorization_code", **given)
    uri, headers, sent = client.prepare("POST", place.token, {"Accept": "application/json", "Content-Type": FORM}, body)
    answer = outgoing.send("POST", uri, headers=headers, body=sent)
    found = answer.json() if answer.status in (200, 400, 401) else None
    if not isinstance(found, dict):
        raise Silent(f"the token's address answered {answer.status}")
    if found.get("error") in ("invalid_grant", "bad_verification_code"):
        raise Doubtful("code", found["error"])
    if answer.status != 200 or found.get("error"):
        raise Silent(f"the token's address answered {answer.status}: {str(found.get('error'))[:200]}")
    return found


def _bearer(granted: Mapping[str, Any]) -> str:
    token = granted.get("access_token")
    if not isinstance(token, str) or not token:
        raise Silent("no access token came")
    return token
