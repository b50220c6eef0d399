"""Ways back in by mail, and the way to shut somebody else out: reset, link to sign in, “this was not me”."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import text

from app.core.auth import addresses, links, mails, passwords, sessions, throttle, trail
from app.core.auth.policy import policy_of
from app.core.auth.secrets import account_mark
from app.core.auth.shutting import Ended, shut
from app.kernel import clock
from app.kernel.db import session, unit_of_work
from app.kernel.errors import NotFound

BEFORE = timedelta(hours=1)  # how long before a mail somebody may have been at it already
AT_LEAST = 0.25  # seconds that an answer takes, whether a mail is written or not
_WHO = text("SELECT identity_id, disabled FROM auth_lookup(:email)")
KINDS = {"reset": mails.RESET, "link": mails.ENTER}


def ask(email: str, kind: str, *, source: str) -> None:
    """Write somebody a mail to reset the password (`reset`) or to sign in (`link`), if there is such a person. Commits by itself.

    Nobody learns from the answer, or from how long it takes, whether there is. Raises `TooMany` after five in 15 minutes from one source.
    """
    begun = time.monotonic()
    throttle.count(email, source, f"mail {kind}")
    with unit_of_work() as work:
        found = work.execute(_WHO, {"email": email.strip().lower()}).one()
        wanted = found.identity_id is not None and not found.disabled and (kind == "reset" or policy_of(found.identity_id).magic_link)
        told = bool(wanted and mails.tell(found.identity_id, KINDS[kind]))
        trail.note(f"auth.{kind}.asked", found.identity_id, result="ok" if told else "refused", source=source,
                   private={"account": account_mark(email)})
    time.sleep(max(0.0, AT_LEAST - (time.monotonic() - begun)))


def offers_links() -> bool:
    """Whether any organisation lets people sign in by a link: then the button is there, for everybody alike."""
    return bool(session().execute(text("SELECT auth_offers_links()")).scalar())


def find(secret: str, *purposes: str) -> links.Opened:
    """The link behind a secret, which looking at does not use up. Raises `NotFound` when it works no more."""
    link = links.opened(secret, *purposes)
    if link is None:
        raise used_up()
    return link


def used_up() -> NotFound:
    """What is said of a link that works no more."""
    return NotFound(_("This link was used already or has expired. Ask for a new one."))


def reset(link: links.Opened, password: str, *, source: str) -> None:
    """Set another password by a link: every session ends and every other open link with it. Raises `Invalid` and `NotFound`."""
    passwords.set_password(link.identity_id, password)
    if not links.use(link):
        raise used_up()
    links.end_links(link.identity_id, links.RESET, links.ENTER)
    sessions.end_sessions(link.identity_id)
    throttle.forget(link.email, source)
    trail.note("auth.password.reset", link.identity_id, source=source)
    mails.tell(link.identity_id, mails.PASSWORD)


def deny(link: links.Opened, *, source: str) -> Ended:
    """“This was not me”: everybody is signed out, the password opens nothing until it is set anew, a change of address is undone.

    What was added since an hour before the mail was written goes too; the person is told by mail what was ended.
    """
    if not links.use(link):
        raise used_up()
    told = link.about.get("told")
    ended = shut(link.identity_id, (datetime.fromisoformat(told) if told else clock.now() - links.LIFE) - BEFORE)
    if "old" in link.about:
        addresses.undo(link.identity_id, link.about["old"])
    trail.note("auth.denied", link.identity_id, source=source, **ended.counted())
    mails.tell(link.identity_id, mails.LOCKED, ended=ended)
    return ended
