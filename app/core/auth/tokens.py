"""Personal tokens for the API: what their holder may do, narrowed to what the token was made for, until it expires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import audit
from app.core.auth.models import ApiToken
from app.core.auth.secrets import TOKEN_MARK, hash_secret, new_secret
from app.kernel import clock
from app.kernel.current import Grant, current
from app.kernel.db import session
from app.kernel.errors import Invalid, NotFound

DAYS, LONGEST = 90, 365
SCOPES = {"read": ("*.*.view", "*.*.export"), "write": ("*.*.*",)}


def make_token(name: str, scopes: Sequence[str] = ("read",), days: int = DAYS) -> tuple[ApiToken, str]:
    """A new token of the member who acts, and its secret, which is never shown again. `scopes` are `read`, `write` or patterns."""
    errors = {}
    if not name.strip():
        errors["name"] = [_("This is needed.")]
    if not 1 <= days <= LONGEST:
        errors["days"] = [_("A token lives for %(most)d days at most.", most=LONGEST)]
    patterns = [pattern for scope in scopes for pattern in SCOPES.get(scope, (scope,))]
    if not patterns or any(pattern.count(".") != 2 for pattern in patterns):
        errors["scopes"] = [_("Choose what the token may do.")]
    if errors:
        raise Invalid(errors)
    secret, now = TOKEN_MARK + new_secret(), clock.now()
    token = ApiToken(member_id=current.user.id, name=name.strip()[:80], secret_hash=hash_secret(secret), hint=secret[:8], scopes=patterns,
                     created_at=now, expires_at=now + timedelta(days=days))
    session().add(token)
    session().flush()
    audit.note("auth.token.made", resource="auth.token", record_id=token.id, context={"name": token.name, "scopes": patterns})
    return token, secret


def tokens() -> list[ApiToken]:
    """The living tokens of the member who acts, the newest first."""
    wanted = select(ApiToken).where(ApiToken.member_id == current.user.id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > clock.now())
    return list(session().scalars(wanted.order_by(ApiToken.created_at.desc())))


def revoke_token(token_id: UUID) -> None:
    """End a token of one's own at once. Raises `NotFound` for anybody else's."""
    found = session().get(ApiToken, (current.organisation.id, token_id))
    if found is None or found.member_id != current.user.id:
        raise NotFound
    found.revoked_at = clock.now()
    session().flush()
    audit.note("auth.token.revoked", resource="auth.token", record_id=found.id, context={"name": found.name})


def narrowed(grants: Sequence[Grant], scopes: Sequence[str]) -> tuple[Grant, ...]:
    """What a member's grants and a token's scopes both allow."""
    both = (replace(grant, pattern=common) for grant in grants for scope in scopes if (common := _common(grant.pattern, scope)))
    return tuple(dict.fromkeys(both))


def _common(left: str, right: str) -> str:
    pairs = list(zip(left.split("."), right.split("."), strict=False))
    if any("*" not in pair and pair[0] != pair[1] for pair in pairs):
        return ""
    return ".".join(b if a == "*" else a for a, b in pairs)
