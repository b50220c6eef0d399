"""Whether a mail was opened: noted only where the organisation asks for it and the reader agreed, and never of mail that must be."""

from __future__ import annotations

from uuid import UUID

from markupsafe import escape
from sqlalchemy import func, update

from app.core import settings
from app.core.mail import tickets
from app.core.mail.models import MailMessage
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session

AGREED = "mail_opens"  # a preference: on, or not
SETTING = "mail.track_opens"
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


def is_wanted(member_id: UUID | None, optional: str) -> bool:
    """Whether the opening of a mail to this member is noted."""
    if not optional or member_id is None or not settings.get(SETTING):
        return False
    return bool(session().get_one(Member, (current.organisation.id, member_id)).preferences.get(AGREED) == "on")


def with_pixel(mail: MailMessage, html: str) -> str:
    """The mail with its picture of one point, where opening is noted."""
    if not mail.tracked:
        return html
    source = escape(tickets.seen_address(mail.id))
    return html.replace("</body>", f'<img src="{source}" width="1" height="1" alt=""></body>')


def opened(mail_id: UUID) -> None:
    """Note that a mail was opened, and when for the first time."""
    now = clock.now()
    noted = update(MailMessage).where(MailMessage.id == mail_id, MailMessage.tracked)
    session().execute(noted.values(opens=MailMessage.opens + 1, opened_at=func.coalesce(MailMessage.opened_at, now))
                      .execution_options(synchronize_session=False))
