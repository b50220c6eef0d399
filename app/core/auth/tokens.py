"""Tokens for the API, personal ones and those of services: made, rotated, revoked; the value is shown once and kept as a hash."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from flask_babel import gettext as _
from sqlalchemy import delete, select, text, update

from app.core import access
from app.core.auth import answering, trail
from app.core.auth.models import ApiToken, RefreshToken, UserSession
from app.core.auth.scopes import READ_ONLY, SCOPES
from app.core.auth.secrets import hash_secret
from app.core.auth.sessions import NOTICE
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import as_identity, session
from app.kernel.errors import Forbidden, Invalid, NotFound

DAYS = 90  # how long a token lives at most; it is rotated before
OVERLAP = timedelta(hours=1)  # how long the value from before a rotation still works, so that nothing stands still meanwhile
MANAGE = "auth.token.manage"
MOST_ADDRESSES = 20


def make_token(name: str, scopes: Sequence[str] = (READ_ONLY,), days: int = DAYS, *, addresses: str = "") -> tuple[ApiToken, str]:
    """A new token of the member who acts, and its value, which is never shown again.

    `scopes` are names of `scopes.SCOPES` or permission patterns, `addresses` the networks that it may come from. Raises `Invalid`.
    """
    return _make(name, scopes, days, addresses, member_id=current.user.id)


def make_service_token(name: str, role_id: UUID | None, owner_id: UUID | None, scopes: Sequence[str] = (READ_ONLY,), days: int = DAYS, *,
                       addresses: str = "") -> tuple[ApiToken, str]:
    """A new token of the organisation, with a role of its own and a member who answers for it; and its value. Raises `Invalid`.

    Whoever makes it answers for it until the one who is named accepts.
    """
    access.require(current.user, MANAGE)
    errors = {}
    if role_id is None or session().get(access.Role, (current.organisation.id, role_id)) is None:
        errors["role"] = [_("Choose one of the list.")]
    elif missing := access.lacking(current.user, access.given_by(role_id)):
        errors["role"] = [access.more_than_held(missing)]
    owner = session().get(Member, (current.organisation.id, owner_id)) if owner_id else None
    if owner is None or not owner.active:
        errors["owner"] = [_("Choose one of the list.")]
    token, secret = _make(name, scopes, days, addresses, errors, member_id=current.user.id, role_id=role_id)
    if owner_id and owner_id != current.user.id:
        answering.ask(token, owner_id)
    return token, secret


def _make(name: str, scopes: Sequence[str], days: int, addresses: str, errors: dict[str, list[str]] | None = None,
          **whose: UUID | None) -> tuple[ApiToken, str]:
    errors = {**(errors or {}), **_wrong(name, scopes, days)}
    networks, unreadable = read_addresses(addresses)
    if unreadable:
        errors["addresses"] = [unreadable]
    if errors:
        raise Invalid(errors)
    secret, now = new_value(), clock.now()
    token = ApiToken(name=name.strip()[:80], secret_hash=hash_secret(secret), hint=secret[:6], scopes=list(scopes), addresses=networks,
                     created_at=now, expires_at=now + timedelta(days=days), **whose)
    session().add(token)
    session().flush()
    answering.note("auth.token.made", token, scopes=list(scopes), addresses=networks, days=days, service=token.role_id is not None,
          **({"role": str(token.role_id)} if token.role_id else {}))
    return token, secret


def new_value() -> str:
    """The value of a new token: a random UUID, in 32 characters."""
    return uuid4().hex


def _wrong(name: str, scopes: Sequence[str], days: int) -> dict[str, list[str]]:
    errors = {}
    if not name.strip():
        errors["name"] = [_("This is needed.")]
    if not 1 <= days <= DAYS:
        errors["days"] = [_("A token lives for %(most)d days at most.", most=DAYS)]
    if not scopes or any(scope not in SCOPES and scope.count(".") != 2 for scope in scopes):
        errors["scopes"] = [_("Choose what the token may do.")]
    return errors


def read_addresses(typed: str) -> tuple[list[str], str]:
    """The networks that were typed, one canonical form each, and what is wrong with them, if anything."""
    parts = typed.replace(",", " ").split()
    if len(parts) > MOST_ADDRESSES:
        return [], str(_("At most %(most)d addresses.", most=MOST_ADDRESSES))
    found = []
    for part in parts:
        try:
            found.append(str(ipaddress.ip_network(part, strict=False)))
        except ValueError:
            return [], str(_("“%(text)s” is no address and no network such as 192.0.2.0/24.", text=part[:60]))
    return list(dict.fromkeys(found)), ""


def is_allowed_from(addresses: Sequence[str], source: str) -> bool:
    """Whether a token may come from an address: from anywhere when none is named."""
    if not addresses:
        return True
    try:
        found = ipaddress.ip_address(source)
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(each) for each in addresses)


def tokens() -> list[ApiToken]:
    """The living personal tokens of the member who acts, the newest first."""
    return _living(ApiToken.member_id == current.user.id, ApiToken.role_id.is_(None))


def service_tokens() -> list[ApiToken]:
    """The living tokens of the organisation's services."""
    return _living(ApiToken.role_id.is_not(None))


def personal_tokens() -> list[ApiToken]:
    """The living personal tokens of everybody, for whoever manages tokens."""
    return _living(ApiToken.role_id.is_(None))


def _living(*wanted: object) -> list[ApiToken]:
    alive = select(ApiToken).where(ApiToken.revoked_at.is_(None), ApiToken.expires_at > clock.now(), *wanted)  # type: ignore[arg-type]
    return list(session().scalars(alive.order_by(ApiToken.created_at.desc())))


def rotate_token(token_id: UUID) -> tuple[ApiToken, str]:
    """Give a token another value and its whole life anew; the value from before works for one more hour.

    Raises `NotFound`, and `Forbidden` for a service's whose role gives more than the member who acts has: the new value is theirs to use.
    """
    token, secret, now = _managed(token_id), new_value(), clock.now()
    _refuse_more(token)
    life = token.expires_at - token.created_at
    token.former_hash, token.former_until = token.secret_hash, min(now + OVERLAP, token.expires_at)
    token.secret_hash, token.hint, token.created_at, token.expires_at = hash_secret(secret), secret[:6], now, now + life
    session().flush()
    answering.note("auth.token.rotated", token)
    return token, secret


def revoke_token(token_id: UUID) -> ApiToken:
    """End a token at once, with the value from before its rotation. Raises `NotFound` for one that is not one's own to end."""
    token = _managed(token_id, others=True)
    token.revoked_at = clock.now()
    session().flush()
    answering.note("auth.token.revoked", token)
    return token


def hand_over(token_id: UUID, owner_id: UUID | None) -> ApiToken:
    """Ask another member to answer for a service token, or take it oneself. Raises `NotFound`, `Forbidden` and `Invalid`."""
    token = _managed(token_id)
    _refuse_more(token)
    owner = session().get(Member, (current.organisation.id, owner_id)) if owner_id else None
    if token.role_id is None or owner is None or not owner.active:
        raise Invalid({"owner": [_("Choose one of the list.")]})
    answering.ask(token, owner.id)
    return token


def _managed(token_id: UUID, *, others: bool = False) -> ApiToken:
    """A living token that the member who acts may change: a personal one of theirs, a service's for whoever manages tokens.

    `others`: theirs too, who manage tokens, are the personal ones of everybody: to end them.
    """
    found = session().get(ApiToken, (current.organisation.id, token_id))
    if found is None or found.revoked_at is not None or found.expires_at <= clock.now():
        raise NotFound
    own = found.role_id is None and found.member_id == current.user.id
    if not own and not ((others or found.role_id is not None) and access.can(current.user, MANAGE)):
        raise NotFound
    return found


def _refuse_more(token: ApiToken) -> None:
    """Nobody takes into their hands a service that may more than they may."""
    if token.role_id is None:
        return
    if missing := access.lacking(current.user, access.given_by(token.role_id)):
        raise Forbidden(access.more_than_held(missing))


def seen(token_id: UUID, last: datetime | None, last_from: str, source: str) -> None:
    """Note that a token is in use and from where, once a minute at most, or when that changed."""
    now = clock.now()
    if last is None or now - last > NOTICE or last_from != source:
        session().execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now, last_used_from=source[:100])
                          .execution_options(synchronize_session=False))


def revoke_all(identity_id: UUID) -> int:
    """End all that a person holds for the API, in every organisation: personal tokens, apps, refresh tokens. Gives how many tokens."""
    now = clock.now()
    ended = int(session().execute(text("SELECT auth_revoke(:who, :now)"), {"who": identity_id, "now": now}).scalar_one())
    with as_identity(identity_id):
        session().execute(update(UserSession).where(UserSession.identity_id == identity_id, UserSession.scope != "",
                                                    UserSession.ended_at.is_(None)).values(ended_at=now))
        session().execute(delete(RefreshToken).where(RefreshToken.identity_id == identity_id))
    if ended:
        trail.note("auth.tokens.revoked", identity_id, tokens=ended)
    return ended


def forget_tokens(member_id: UUID) -> None:
    """Remove a member's personal tokens, with what is known of their use; the trail keeps that there were some."""
    session().execute(delete(ApiToken).where(ApiToken.member_id == member_id, ApiToken.role_id.is_(None)))
