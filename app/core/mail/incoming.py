"""The page of what came back to mails, and what became of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access
from app.core.mail import answering
from app.core.mail.models import Outcome, Reply
from app.core.mail.views import SIZE, VIEW, screens
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import NotFound
from app.kernel.kinds import show_moment
from app.kernel.screens import screen

__all__ = ["replies", "screens"]


@screens.get("/<org>/mail/replies/")
def replies() -> Response:
    """What was answered, newest first."""
    access.require(current.user, VIEW)
    outcome, before = request.args.get("outcome", ""), request.args.get("before", "")
    query = select(Reply).order_by(Reply.id.desc()).limit(SIZE + 1)
    try:
        query = query.where(Reply.outcome == Outcome(outcome)) if outcome else query
        query = query.where(Reply.id < UUID(before)) if before else query
    except ValueError:
        raise NotFound from None
    found = list(session().scalars(query))
    older = url_for("letters.replies", before=str(found[SIZE - 1].id), outcome=outcome or None) if len(found) > SIZE else ""
    box = answering.mailbox()
    return screen("jobs/mail_replies.html", block="results", replies=[_line(each) for each in found[:SIZE]], tabs=_tabs(outcome),
                  address=box.address if box else "", pager={"count_text": "", "previous_url": "", "next_url": older})


replies.needs = VIEW  # type: ignore[attr-defined]


def _line(reply: Reply) -> dict[str, Any]:
    return {"subject": reply.subject or _("No subject"), "from": reply.sender or _("Nobody named"), "when": show_moment(reply.at),
            "outcome": reply.outcome.label, "tone": reply.outcome.tone, "why": reply.why.label if reply.why else "", "said": reply.said,
            "url": url_for("letters.detail", mail_id=reply.mail_id) if reply.mail_id else ""}


def _tabs(chosen: str) -> list[tuple[Any, str, bool, int | None]]:
    return [(_("Mail log"), url_for("letters.log"), False, None), (_("All answers"), url_for("letters.replies"), not chosen, None),
            *((each.label, url_for("letters.replies", outcome=each.value), chosen == each.value, None) for each in Outcome)]
