"""Who answers for the token of a service: a member who was asked to and accepted; until then it is whoever answered before."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import audit, notifications
from app.core.auth.models import ApiToken
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import NotFound

SOON = timedelta(days=14)  # how long before its end a token is told of


def ask(token: ApiToken, member_id: UUID) -> None:
    """Ask a member to answer for a service; whoever makes the request needs nobody's consent to do so themselves."""
    mine = member_id == current.user.id
    token.member_id, token.asked_id = (member_id, None) if mine else (token.member_id, member_id)
    session().flush()
    note("auth.token.handed_over" if mine else "auth.token.asked", token, owner=str(member_id))
    if not mine:
        who = current.user.name
        notifications.notify(
            member_id, "security", lambda: _("%(who)s asks you to answer for the service “%(name)s”", who=who, name=token.name), _page(),
            text=lambda: _("What its token does stands under the service's name, on your behalf."), critical=True)


def asked() -> list[ApiToken]:
    """The living tokens for which the member who acts is asked to answer."""
    return list(session().scalars(select(ApiToken).where(
        ApiToken.asked_id == current.user.id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > clock.now()).order_by(ApiToken.name)))


def answer(token_id: UUID, *, accept: bool) -> ApiToken:
    """Accept to answer for a service, or decline. Raises `NotFound` for whoever was not asked."""
    token = next((each for each in asked() if each.id == token_id), None)
    if token is None:
        raise NotFound
    if accept:
        token.member_id = current.user.id
    token.asked_id = None
    session().flush()
    note("auth.token.accepted" if accept else "auth.token.declined", token)
    return token


def remind() -> None:
    """Tell whoever holds a token, or answers for a service's, that it ends soon: once, by mail too; the job of each day."""
    now = clock.now()
    with unit_of_work() as work:
        ending = work.scalars(select(ApiToken).where(
            ApiToken.revoked_at.is_(None), ApiToken.expires_at > now, ApiToken.expires_at <= now + SOON))
        for token in ending:
            page = _page("service-tokens" if token.role_id else "tokens")
            notifications.notify(
                token.member_id, "security", partial(_ends, token.name, token.expires_at), page, critical=True,
                key=f"token:{token.id}:{token.expires_at:%Y-%m-%d}",
                text=lambda: _("Rotate it before: what uses it is refused from then on. The value from before works for one more hour."))


def _ends(name: str, moment: datetime) -> str:
    return str(_("The token “%(name)s” ends on %(day)s", name=name, day=format_date(moment)))


def note(action: str, token: ApiToken, **context: object) -> None:
    """The row of the trail about a token."""
    audit.note(action, resource="auth.token", record_id=token.id, context={"name": token.name, **context})


def _page(name: str = "tokens") -> str:
    return f"/{current.organisation.slug}/settings/{name}"
