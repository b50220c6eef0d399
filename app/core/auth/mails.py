"""Mails to people about their account. The secrets of their links are made as a mail leaves, so that its log never holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import current_app, has_request_context, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core import mail
from app.core.audit import device_of, place_of
from app.core.auth import links
from app.core.auth.identities import identity_of
from app.core.auth.seats import email_of, seat_of
from app.core.auth.source import source_address
from app.core.people import Member
from app.core.people.events import AddressMoved
from app.kernel import clock
from app.kernel.current import SYSTEM, acting, current
from app.kernel.db import session
from app.kernel.kinds import show_moment

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DENIAL = "/account/not-me/"


@dataclass(frozen=True)
class Kind:
    """What a mail says. `title` and `text` may name facts: `%(email)s`. A `purpose` puts a one-time secret behind `path`.

    `where` adds device, place and moment of the request; `denies` a link that says “this was not me”.
    """

    title: Any
    text: Any
    button: Any = ""
    path: str = ""
    purpose: str = ""
    life: timedelta = HOUR
    where: bool = True
    denies: bool = True


RESET = Kind(_l("Choose a new password"),
             _l("Somebody, most likely you, asked to choose a new password for %(email)s. The link works once, for one hour. "
                "If it was not you, you need not do anything: your password stays as it is."),
             _l("Choose a new password"), "/account/reset/", links.RESET, denies=False)
ENTER = Kind(_l("Your link to sign in"),
             _l("Somebody, most likely you, asked for a link to sign in as %(email)s. It works once, for 15 minutes. "
                "If it was not you, you need not do anything."),
             _l("Sign in"), "/account/enter/", links.ENTER, timedelta(minutes=15), denies=False)
NEW_DEVICE = Kind(_l("You signed in on a new device"),
                  _l("Somebody, most likely you, signed in as %(email)s on a device that we did not know."))
APP = Kind(_l("You signed in with an app"),
           _l("Somebody, most likely you, signed in as %(email)s with an app, by password. Where you are signed in, it can be signed out."))
PASSWORD = Kind(_l("Your password was changed"), _l("The password of %(email)s is a new one. Every other device was signed out."))
ADDRESS_OLD = Kind(_l("Is this your new e-mail address?"),
                   _l("Somebody, most likely you, wants to sign in as %(new)s in place of %(old)s. This counts once both addresses have "
                      "confirmed it. The link works once, for one day."),
                   _l("Confirm the change"), "/account/address/", links.ADDRESS, DAY)
ADDRESS_NEW = Kind(_l("Confirm your new e-mail address"),
                   _l("Somebody, most likely you, wants to sign in as %(new)s in place of %(old)s. This counts once both addresses have "
                      "confirmed it. The link works once, for one day. If you know nothing of it, you need not do anything."),
                   _l("Confirm this address"), "/account/address/", links.ADDRESS, DAY, where=False, denies=False)
LOCKED = Kind(_l("Your account is locked"),
              _l("You said that it was not you. The account %(email)s is locked until you choose a new password. Ended: %(ended)s."),
              _l("Choose a new password"), "/account/forgotten", denies=False)
ADDRESS = Kind(_l("Your e-mail address was changed"), _l("You sign in as %(new)s from now on; %(old)s is no longer used."))


MOVED = Kind(_l("Your e-mail address was changed"),
             _l("%(by)s wrote %(new)s for you in %(organisation)s, in place of %(old)s, with which you sign in there no more. If you did "
                "not agree to it, tell your administrators."),
             _l("I did not agree"), DENIAL, links.DENY, links.LIFE, where=False, denies=False)
UNANSWERED = replace(MOVED, button="", path="", purpose="")  # nobody signs in with the former address: there is nobody to answer for it
WAY = Kind(_l("A further way to sign in was added"), _l("%(email)s can now also sign in through %(provider)s."))


def tell_former(fact: AddressMoved) -> None:
    """Write to the address that a member had until somebody wrote another; whoever signs in with it may say that they did not agree."""
    member = session().get(Member, (current.organisation.id, fact.member_id))
    if member is None or "@" not in fact.former:
        return
    said = {"by": fact.by, "new": member.email, "old": fact.former, "organisation": current.organisation.name}
    known = identity_of(fact.former)
    kind = MOVED if known else UNANSWERED
    about = {"organisation": str(current.organisation.id), "member": str(member.id), "new": member.email}
    mail.send(member, "account", lambda: _words(kind, said, None), address=fact.former, secrets=secrets if known else None,
              facts=_facts(known, kind, about) if known else None)


def tell_of_way(identity_id: UUID, provider: str) -> None:
    """Tell somebody that a provider vouches for them from now on too."""
    tell(identity_id, WAY, provider=provider)


def tell(identity_id: UUID, kind: Kind, *, to: str = "", about: Mapping[str, Any] | None = None, **facts: object) -> bool:
    """Write a person a mail about their account, in their language; it leaves after the commit. False when they are nowhere a member.

    It goes to the address that they sign in with, whatever a member's record says; `to` is another. `about` is what the links in it need
    to know; `facts` stand in its words.
    """
    seat = seat_of(identity_id)
    if seat is None:
        return False
    organisation, member = seat
    own = email_of(identity_id)
    said = {"email": own, **facts}
    where = _where() if kind.where else None
    with acting(organisation, SYSTEM):
        mail.send(member, "account", lambda: _words(kind, said, where), address=to or own, secrets=secrets, priority=mail.Priority.URGENT,
                  facts=_facts(identity_id, kind, about or {}))
        session().flush()
    return True


def _facts(identity_id: UUID, kind: Kind, about: Mapping[str, Any]) -> dict[str, Any]:
    return {"identity": str(identity_id), "purpose": kind.purpose, "life": kind.life.total_seconds(), "denies": kind.denies,
            "about": {"told": clock.now().isoformat(), **about}}


def secrets(facts: Mapping[str, Any]) -> dict[str, str]:
    """The secrets of a mail's links, made as it leaves."""
    identity_id, made = UUID(facts["identity"]), {}
    if facts["purpose"]:
        life = timedelta(seconds=facts["life"])
        made["link"] = links.make_link(identity_id, life, purpose=facts["purpose"], about=facts["about"])
    if facts["denies"]:
        made["denial"] = links.make_link(identity_id, purpose=links.DENY, about=facts["about"])
    return made


def _where() -> tuple[str, str] | None:
    return (request.user_agent.string, source_address()) if has_request_context() else None


def _words(kind: Kind, facts: Mapping[str, object], where: tuple[str, str] | None) -> dict[str, Any]:
    """What the template shows, in the reader's language."""
    base = str(current_app.extensions["settings"].base_url)
    url = base + kind.path + (mail.hidden("link") if kind.purpose else "")
    rows = []
    if where:
        agent, address = where
        rows = [(_("Device"), device_of(agent).words), (_("Place"), f"{place_of(address)} ({address})"),
                (_("Time"), show_moment(clock.now()))]
    return {"title": str(kind.title) % facts, "text": str(kind.text) % facts, "rows": rows, "button": str(kind.button) if kind.path else "",
            "url": url, "denial_url": base + DENIAL + mail.hidden("denial") if kind.denies else ""}
