"""Mail domains of an organisation: confirmed by one of the mailboxes that only their keeper reads; no question to DNS."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import inspect, select, text

from app.core.sso.models import Domain
from app.kernel.db import session
from app.kernel.errors import Invalid

NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def before_save(domain: Domain) -> None:
    """Keep the name in small letters. A name that changes must be confirmed anew."""
    name = domain.name.strip().casefold().removeprefix("@").rstrip(".")
    if not NAME.fullmatch(name):
        raise Invalid({"name": [_("Write a domain like example.org.")]})
    domain.name = name
    state: Any = inspect(domain)
    if state.attrs.name.history.deleted:
        domain.confirmed_at = None


def is_confirmed(email: str) -> bool:
    """Whether an address belongs to a confirmed domain of this organisation."""
    wanted = select(Domain.id).where(Domain.name == domain_of(email), Domain.confirmed_at.isnot(None), Domain.archived_at.is_(None))
    return session().scalar(wanted) is not None


def organisation_of(email: str) -> str:
    """The address of the organisation that captured the domain of an e-mail address; empty when there is none."""
    return session().execute(text("SELECT auth_domain(:domain)"), {"domain": domain_of(email)}).scalar() or ""


def domain_of(email: str) -> str:
    """`example.org` of `ada@example.org`."""
    return email.rpartition("@")[2].strip().casefold()
