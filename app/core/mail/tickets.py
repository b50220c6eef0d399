"""Links in mails: signed, bound to the reader, and of limited life. They open pages; they never decide."""

from __future__ import annotations

from uuid import UUID

from flask import current_app
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from app.kernel.current import current
from app.kernel.errors import Forbidden, NotFound

OPENS_FOR, UNSUBSCRIBES_FOR = 14 * 24 * 3600, 365 * 24 * 3600


def address_for(path: str, member_id: UUID | None = None) -> str:
    """The whole address of a page below the base address; with a member, a link that only they can open, for 14 days."""
    base = str(current_app.extensions["settings"].base_url)
    if member_id is None or not path.startswith(f"/{current.organisation.slug}/"):
        return f"{base}{path}"
    token = _signer("open").dumps([str(current.organisation.id), str(member_id), path])
    return f"{base}/{current.organisation.slug}/mail/open/{token}"


def opened(token: str, organisation_id: UUID, member_id: UUID) -> str | None:
    """The path that a link leads to; None when it is too old. Raises `NotFound` for no link of ours, `Forbidden` for another's."""
    try:
        organisation, member, path = _signer("open").loads(token, max_age=OPENS_FOR)
    except SignatureExpired:
        return None
    except (BadSignature, ValueError):
        raise NotFound from None
    if organisation != str(organisation_id) or not str(path).startswith("/") or str(path).startswith("//"):
        raise NotFound
    if member != str(member_id):
        raise Forbidden
    return str(path)


def seen_address(mail_id: UUID) -> str:
    """Where the picture of one point is, that says that a mail was opened."""
    token = _signer("seen").dumps([str(current.organisation.id), str(mail_id)])
    return f"{current_app.extensions['settings'].base_url}/mail/seen/{token}.gif"


def seen(token: str) -> tuple[UUID, UUID]:
    """Organisation and mail of such a picture. Raises `NotFound`."""
    try:
        organisation, mail = _signer("seen").loads(token, max_age=UNSUBSCRIBES_FOR)
        return UUID(organisation), UUID(mail)
    except (BadSignature, ValueError):
        raise NotFound from None


def hook_address(provider_id: UUID, mark: str) -> str:
    """Where a provider tells what became of mails; `mark` changes with its secret, and ends the address."""
    token = _signer("hook").dumps([str(current.organisation.id), str(provider_id), mark])
    return f"{current_app.extensions['settings'].base_url}/mail/told/{token}"


def hook(token: str) -> tuple[UUID, UUID, str]:
    """Organisation, provider and mark of such an address. Raises `NotFound`."""
    try:
        organisation, provider, mark = _signer("hook").loads(token)
        return UUID(organisation), UUID(provider), str(mark)
    except (BadSignature, ValueError):
        raise NotFound from None


def unsubscribe_address(member_id: UUID, kind: str) -> str:
    """Where one click ends a kind of mail to a member."""
    token = _signer("unsubscribe").dumps([str(current.organisation.id), str(member_id), kind])
    return f"{current_app.extensions['settings'].base_url}/mail/unsubscribe/{token}"


def unsubscribed(token: str) -> tuple[UUID, UUID, str]:
    """Organisation, member and kind of an unsubscribe link. Raises `NotFound`."""
    try:
        organisation, member, kind = _signer("unsubscribe").loads(token, max_age=UNSUBSCRIBES_FOR)
        return UUID(organisation), UUID(member), str(kind)
    except (BadSignature, ValueError):
        raise NotFound from None


def _signer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.extensions["settings"].secret_key, salt=f"opsflux.mail.{purpose}")
