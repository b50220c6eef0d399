"""Identity tokens of OpenID Connect: signed by a key of the issuer, made for us, for this attempt, and still fresh."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from app.core.sso import presets
from app.core.sso.models import Kind, Provider
from app.core.sso.presets import SIGNATURES, Place
from app.core.sso.vouching import Doubtful, Silent, Vouched, words
from app.kernel import clock, outgoing

LEEWAY = 60


def claims_of(provider: Provider, place: Place, token: str, nonce: str, access_token: str) -> Mapping[str, Any]:
    """What the token says, once everything about it holds. Raises `Doubtful`."""
    if not token:
        raise Doubtful("no token")
    decoded = _opened(place, token)
    wanted = {"iss": {"essential": True, "value": place.issuer}, "aud": {"essential": True, "value": provider.client_id}}
    claims = CodeIDToken(decoded.claims, decoded.header, wanted, {"client_id": provider.client_id, "access_token": access_token})
    try:
        claims.validate(now=int(clock.now().timestamp()), leeway=LEEWAY)
    except JoseError as error:
        raise Doubtful("claims", error) from error
    if not hmac.compare_digest(str(claims.get("nonce", "")), nonce):
        raise Doubtful("nonce")
    return dict(claims)


def _opened(place: Place, token: str) -> jwt.Token:
    """Only signatures with two keys are taken: with one key, or none, whoever knows the public one could sign."""
    try:
        return jwt.decode(token, _keys(place), algorithms=list(SIGNATURES))
    except InvalidKeyIdError:
        keys = _keys(place, anew=True)  # the issuer may have taken another key a moment ago
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Doubtful("signature", error) from error
    try:
        return jwt.decode(token, keys, algorithms=list(SIGNATURES))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Doubtful("signature", error) from error


def _keys(place: Place, *, anew: bool = False) -> KeySet:
    try:
        return KeySet.import_key_set(presets.fetched(place.keys, anew=anew))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Silent("the keys cannot be read") from error


def signed_in_at(claims: Mapping[str, Any]) -> datetime | None:
    """When the person signed in at the issuer, by its word; None when it does not say."""
    said = claims.get("auth_time")
    return datetime.fromtimestamp(said, UTC) if isinstance(said, int) and not isinstance(said, bool) and 0 < said < 2 ** 40 else None


def vouched(provider: Provider, place: Place, claims: Mapping[str, Any], access_token: str) -> Vouched:
    """Who it is; what the token leaves out is asked for with the access token, and must be about the same person."""
    found = dict(claims)
    named = provider.groups_in or "groups"
    if place.people and access_token and not ("email" in found and named in found):
        found = {**_more(place, access_token, str(claims["sub"])), **found}
    email = str(found.get("email") or "").strip().casefold()
    return Vouched(str(claims["sub"]), email, _is_verified(provider, found), str(found.get("name") or ""), words(found.get(named)))


def _more(place: Place, access_token: str, subject: str) -> dict[str, Any]:
    answer = outgoing.send("GET", place.people, headers={"Authorization": f"Bearer {access_token}", "Accept": "application/json"})
    said = answer.json() if answer.status == 200 else None
    if not isinstance(said, dict):
        raise Silent(f"the person's address answered {answer.status}")
    if said.get("sub") != subject:
        raise Doubtful("subject")
    return said


def _is_verified(provider: Provider, claims: Mapping[str, Any]) -> bool | None:
    """Whether the provider says that it has proved the address. Microsoft's tenants may write any into `email_verified`."""
    said = claims.get("xms_edov" if provider.kind == Kind.MICROSOFT else "email_verified")
    if said in (False, "false", "0", 0):
        return False
    return True if said in (True, "true", "1", 1) else None
