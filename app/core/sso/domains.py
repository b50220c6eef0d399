"""Mail domains of an organisation: confirmed by one of the mailboxes that only their keeper reads; no question to DNS."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect, select
from sqlalchemy import text as sql

from app.core import auth, mail
from app.core.sso.models import Domain
from app.kernel import clock, limits
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Forbidden, Invalid
from app.kernel.fields import Form, choice, text
from app.kernel.kinds import Choices
from app.kernel.limits import Limit

ASKED = Limit("domain-asked", 10, 3600)
LIFE = timedelta(days=2)


class Mailbox(Choices):
    """The mailboxes that only the keeper of a domain reads."""

    POSTMASTER = "postmaster", "postmaster@"
    ADMIN = "admin", "admin@"


class Asking(Form):
    """Asked when a domain is to be confirmed."""

    mailbox = choice(_l("Send the code to"), Mailbox, default=Mailbox.POSTMASTER)


class Confirming(Form):
    """Asked when the code has come."""

    code = text(_l("Code"), max_length=40, help=_l("It stands in the mail."))


def before_save(domain: Domain) -> None:
    """Keep the name in small letters. A name that changes must be asked for and confirmed anew."""
    name = domain.name.strip().casefold().removeprefix("@").rstrip(".")
    if not mail.DOMAIN.fullmatch(name):
        raise Invalid({"name": [_("Write a domain like example.org.")]})
    domain.name = name
    state: Any = inspect(domain)
    if state.attrs.name.history.deleted:
        domain.confirmed_at = domain.asked_at = domain.mailbox = None


def ask(domain: Domain, *, mailbox: Mailbox) -> Domain:
    """Send a code to a mailbox of the domain. It is made as the mail leaves, so that the log of mails does not hold it."""
    _only_owners()
    limits.take(ASKED, current.organisation.id)
    domain.mailbox, domain.asked_at = f"{Mailbox(mailbox).value}@{domain.name}", clock.now()
    said = {"organisation": current.organisation.name, "domain": domain.name}
    mail.send(domain.mailbox, "account", {
        "title": _("Confirm the domain %(domain)s", **said), "rows": [(_("Code"), mail.hidden("code"))], "button": "", "url": "",
        "text": _("%(organisation)s wants people with addresses of %(domain)s to sign in there. If that is right, give this code to "
                  "whoever asked you; it works for two days. If you know nothing of it, you need not do anything.", **said),
        "denial_url": ""},
        secrets=made_code, facts=_facts(domain, domain.asked_at))
    return domain


def confirm(domain: Domain, *, code: str) -> Domain:
    """The code came back: the domain is this organisation's. Raises `Invalid` for any other."""
    _only_owners()
    asked = domain.asked_at
    fresh = asked is not None and clock.now() - asked < LIFE
    if asked is None or not fresh or not hmac.compare_digest(_code(_facts(domain, asked)), code.strip().casefold()):
        raise Invalid({"code": [_("This is not the code, or it is too old. Ask for another.")]})
    if organisation_of(f"x@{domain.name}"):
        raise Invalid({"code": [_("This domain belongs to another organisation here.")]})
    domain.confirmed_at, domain.asked_at = clock.now(), None
    return domain


def may_be_confirmed(domain: Domain) -> bool | str:
    """Whether it is not confirmed yet."""
    return True if domain.confirmed_at is None else _("This domain is confirmed.")


def made_code(facts: Mapping[str, Any]) -> dict[str, str]:
    """The code of a mail, made as it leaves."""
    return {"code": _code(facts)}


def _facts(domain: Domain, asked: datetime) -> dict[str, str]:
    """What a code is of: it confirms the name whose mailbox it went to, and no other."""
    return {"domain": str(domain.id), "name": domain.name, "mailbox": str(domain.mailbox), "asked": asked.isoformat()}


def _code(facts: Mapping[str, Any]) -> str:
    return auth.keyed("domain", " ".join(facts[name] for name in ("domain", "name", "mailbox", "asked")))[:20]


def _only_owners() -> None:
    if not current.user.is_system and "owner" not in current.user.roles:
        raise Forbidden(_("Only an owner confirms a domain."))


def is_confirmed(email: str) -> bool:
    """Whether an address belongs to a confirmed domain of this organisation."""
    wanted = select(Domain.id).where(Domain.name == domain_of(email), Domain.confirmed_at.isnot(None), Domain.archived_at.is_(None))
    return session().scalar(wanted) is not None


def organisation_of(email: str) -> str:
    """The address of the organisation that captured the domain of an e-mail address; empty when there is none."""
    return session().execute(sql("SELECT auth_domain(:domain)"), {"domain": domain_of(email)}).scalar() or ""


def domain_of(email: str) -> str:
    """`example.org` of `ada@example.org`."""
    return email.rpartition("@")[2].strip().casefold()
