"""Shutting somebody's account: no way in that was open stays open, and what was added meanwhile goes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import delete

from app.core.auth import addresses, devices, links, passwords, sessions, tokens
from app.core.auth.factors import lost, recovery
from app.core.auth.factors.held import held_by
from app.core.auth.factors.models import Passkey, SecondFactor
from app.kernel.db import as_identity, session

_elsewhere: list[Callable[[UUID, datetime], int]] = []


@dataclass(frozen=True)
class Ended:
    """How much was ended; as text, in words of the reader's language."""

    sessions: int = 0
    tokens: int = 0
    factors: int = 0
    providers: int = 0
    requests: int = 0

    def __str__(self) -> str:
        said = [(self.sessions, ngettext("%(num)d session", "%(num)d sessions", self.sessions)),
                (self.tokens, ngettext("%(num)d token for the API", "%(num)d tokens for the API", self.tokens)),
                (self.factors, ngettext("%(num)d factor or passkey added lately",
                                        "%(num)d factors or passkeys added lately", self.factors)),
                (self.providers, ngettext("%(num)d link to a sign-in provider made lately",
                                          "%(num)d links to sign-in providers made lately", self.providers)),
                (self.requests, ngettext("%(num)d change that still waited", "%(num)d changes that still waited", self.requests))]
        return ", ".join(words for number, words in said if number) or _("nothing was open")

    def counted(self) -> dict[str, int]:
        """The numbers alone, for the trail."""
        return asdict(self)


def ends_too(ender: Callable[[UUID, datetime], int]) -> None:
    """What stands above the sign-in takes its own ways in away: it is given whose, and since when, and says how many."""
    if ender not in _elsewhere:
        _elsewhere.append(ender)


def shut(identity_id: UUID, since: datetime) -> Ended:
    """Leave no way in that was open: sessions, tokens, links by mail, known browsers, the password; nor what was added since then."""
    ended = Ended(sessions.end_sessions(identity_id), tokens.revoke_all(identity_id), _forget_factors(identity_id, since),
                  sum(end(identity_id, since) for end in _elsewhere), _stop_changes(identity_id))
    links.end_links(identity_id, links.RESET, links.ENTER, links.ADDRESS, links.WELCOME)
    devices.forget_all(identity_id)
    passwords.bar(identity_id)
    return ended


def _stop_changes(identity_id: UUID) -> int:
    waits = addresses.waiting(identity_id) is not None
    addresses.end_changes(identity_id)
    return int(waits) + lost.stop_all(identity_id)


def _forget_factors(identity_id: UUID, since: datetime) -> int:
    """Take away what was set up since then; recovery codes stand for a factor, so they go with the last one or with their makers."""
    with as_identity(identity_id):
        gone = sum(len(session().connection().execute(
            delete(kind).where(kind.identity_id == identity_id, kind.created_at >= since).returning(kind.identity_id)).all())
            for kind in (SecondFactor, Passkey))
        session().expire_all()
    if not held_by(identity_id).count:
        recovery.forget(identity_id)
    else:
        recovery.forget(identity_id, since)
    return gone
