"""Providers as an administrator sets them up, and the ways out that they make: in order, with their rests and rates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.core.mail.models import Provider, Speech, Way
from app.kernel import clock, outbox
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import Form, text
from app.kernel.sealing import seal, unseal

PURPOSE, INSTALLATION = "mail/provider", "installation"
LONGEST_REST, NOTHING_SET = 120, timedelta(minutes=5)
_FULL = "As many mails as may leave in a minute have left."
NEEDED: dict[Speech, tuple[str, ...]] = {
    Speech.SMTP: ("address",), Speech.SENDGRID: (), Speech.SES: ("account", "region"), Speech.MAILGUN: ("account",)}


class Secret(Form):
    """Asked when the secret of a provider is set."""

    secret = text(_l("Secret"), max_length=500, widget="password", help=_l("The password, or the key of the provider's interface."))


@dataclass(frozen=True)
class Out:
    """A way out, with all that handing over needs."""

    name: str
    kind: Speech
    address: str
    account: str = ""
    region: str = ""
    secret: str = field(default="", repr=False)
    label: str = ""
    per_minute: int = 1_000_000

    @property
    def trusted(self) -> bool:
        """Whether its address is the operator's, who may name any."""
        return self.name == INSTALLATION


def before_save(provider: Provider) -> None:
    """Refuse what cannot work."""
    kind = Speech(provider.kind)
    empty = [name for name in NEEDED[kind] if not (getattr(provider, name) or "").strip()]
    if empty:
        raise Invalid({name: [_("This is needed.")] for name in empty})
    if provider.address and not _is_address(provider.address, ("smtp", "smtps") if kind == Speech.SMTP else ("https", "http")):
        raise Invalid({"address": [_("Write the whole address, without a user in it, like %(example)s.",
                                     example="smtps://mail.example:465" if kind == Speech.SMTP else "https://api.example")]})


def set_secret(provider: Provider, *, secret: str) -> Provider:
    """Keep the secret, encrypted; it is never shown again."""
    provider.sealed = seal(PURPOSE, provider.id, secret.strip())
    return provider


def ways() -> list[Out]:
    """The ways out that may be asked now, in order. Raises `outbox.Hold` when none may, with the reason of the one that is back first."""
    now, known = clock.now(), {way.name: way for way in session().scalars(select(Way))}
    free, later = [], []
    for out in _all():
        way = known.get(out.name)
        until = _rests_until(out, way, now) if way else None
        if way is None or until is None:
            free.append(out)
        else:
            later.append((until, way.last_error or _FULL))
    if not free:
        until, reason = min(later, default=(now + NOTHING_SET, "No mail server is set."))
        raise outbox.Hold(reason, until, tried=False)
    return free


def went(out: Out) -> None:
    """A mail was taken: count it, and forget earlier trouble."""
    way, minute = _way(out), clock.now().replace(second=0, microsecond=0)
    way.taken = way.taken + 1 if way.minute == minute else 1
    way.minute, way.failures, way.away_until, way.last_error = minute, 0, None, ""


def is_away(out: Out, reason: str) -> datetime:
    """Leave a way alone for a while, longer after each failure, two minutes at most; gives until when."""
    way = _way(out)
    way.failures += 1
    way.away_until = clock.now() + timedelta(seconds=min(2 ** min(way.failures + 1, 10), LONGEST_REST))
    way.last_error = reason[:500]
    return way.away_until


def wake() -> None:
    """Ask every way again at once: whoever says “try again” has perhaps just mended it."""
    session().execute(update(Way).where(Way.organisation_id == current.organisation.id).values(away_until=None))


def _all() -> list[Out]:
    """The organisation's own, or else the installation's."""
    wanted = select(Provider).where(Provider.active, Provider.archived_at.is_(None)).order_by(Provider.place, Provider.id)
    own = [Out(str(each.id), Speech(each.kind), each.address or "", each.account or "", each.region or "",
               unseal(PURPOSE, each.id, each.sealed) if each.sealed else "", each.name, each.per_minute)
           for each in session().scalars(wanted)]
    url = current_app.extensions["settings"].smtp_url
    return own or ([Out(INSTALLATION, Speech.SMTP, url, label="SMTP")] if url else [])


def _rests_until(out: Out, way: Way, now: datetime) -> datetime | None:
    if way.away_until is not None and way.away_until > now:
        return way.away_until
    if way.minute is not None and way.minute + timedelta(minutes=1) > now and way.taken >= out.per_minute:
        return way.minute + timedelta(minutes=1)
    return None


def _way(out: Out) -> Way:
    found = session().scalars(select(Way).where(Way.name == out.name).with_for_update()).first()
    if found is None:
        found = Way(name=out.name, failures=0, taken=0)
        session().add(found)
    return found


def _is_address(address: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
