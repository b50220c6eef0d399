"""Access tokens: JSON Web Tokens of 15 minutes, signed with a key that is derived for them alone, for this API and for nothing else.

A pass says whose it is, not what they may do: that is looked up at each request, so what is ended, removed or suspended is dead with the
next one, however fresh the signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from app.kernel import clock
from app.kernel.records import new_id
from app.kernel.sealing import key_for

LIFE = timedelta(minutes=15)
ALGORITHM, TYPE, PURPOSE = "HS256", "at+jwt", "access tokens"
KINDS = ("access", "lent")
LONGEST = 2_000


@dataclass(frozen=True)
class Pass:
    """What a signature proved: an app's session (`access`) or an API token (`lent`), by its id."""

    kind: str
    id: UUID


def issue(kind: str, holder: UUID, scopes: Sequence[str]) -> str:
    """A new pass of an app's session or of a token."""
    now = int(clock.now().timestamp())
    claims = {"iss": _issuer(), "aud": _audience(), "sub": f"{kind}:{holder}", "scope": " ".join(scopes), "iat": now, "nbf": now,
              "exp": now + int(LIFE.total_seconds()), "jti": str(new_id())}
    return jwt.encode({"alg": ALGORITHM, "typ": TYPE, "kid": _kid()}, claims, _key(), algorithms=[ALGORITHM])


def is_shaped_like(text: str) -> bool:
    """Whether a bearer's value can be a pass at all: three parts."""
    return text.count(".") == 2


def read(text: str) -> Pass | None:
    """What a pass proves; None when it was not signed by us, for this, or is not of this moment."""
    if len(text) > LONGEST:
        return None
    try:
        found = jwt.decode(text, _key(), algorithms=[ALGORITHM])
        _checks().validate(found.claims)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if found.header.get("kid") != _kid() or found.header.get("typ") != TYPE:
        return None
    kind, _colon, holder = str(found.claims["sub"]).partition(":")
    try:
        return Pass(kind, UUID(holder)) if kind in KINDS else None
    except ValueError:
        return None


def _checks() -> jwt.JWTClaimsRegistry:
    needed: dict[str, Any] = {name: {"essential": True} for name in ("sub", "iat", "nbf", "exp")}
    return jwt.JWTClaimsRegistry(now=int(clock.now().timestamp()), leeway=0, iss={"essential": True, "value": _issuer()},
                                 aud={"essential": True, "value": _audience()}, **needed)


def _key() -> OctKey:
    return OctKey.import_key(key_for(PURPOSE))


def _kid() -> str:
    """The name of the key: another key, another name, so that what the old one signed is refused before it is looked at."""
    return hashlib.sha256(b"kid" + key_for(PURPOSE)).hexdigest()[:16]


def _issuer() -> str:
    return str(current_app.extensions["settings"].base_url)


def _audience() -> str:
    return f"{_issuer()}/api/"
