"""Signed addresses that mail programs and providers call: unsubscribing, the picture of one point, and what became of a mail."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.core.mail import bounces, opening, tickets, told
from app.core.mail.models import Provider, Speech
from app.core.people import Member
from app.kernel.db import session
from app.kernel.errors import NotFound, TooLarge
from app.kernel.screens import screen
from app.kernel.signed import inside

addresses = Blueprint("mail_addresses", __name__)
LARGEST = 1024 * 1024


@addresses.route("/mail/unsubscribe/<token>", methods=["GET", "POST"])
def unsubscribe(token: str) -> Response:
    """One click, by the mail program or on this page, ends a kind of mail; a GET changes nothing."""
    organisation_id, member_id, kind = tickets.unsubscribed(token)
    with inside(organisation_id):
        member = session().get(Member, (organisation_id, member_id))
        if member is None:
            raise NotFound
        done = request.method == "POST"
        if done:
            member.preferences = {**member.preferences, f"mail_{kind}": "off"}
    return screen("mail/unsubscribe.html", done=done, kind=kind)


@addresses.get("/mail/seen/<token>.gif")
def seen(token: str) -> Response:
    """A picture of one point. That it was asked for is noted, where the reader agreed to that."""
    organisation_id, mail_id = tickets.seen(token)
    with inside(organisation_id):
        opening.opened(mail_id)
    return Response(opening.PIXEL, mimetype="image/gif", headers={"Cache-Control": "no-store, private"})


@addresses.post("/mail/told/<token>")
def heard(token: str) -> Response:
    """A provider says what became of mails; a mail server of one's own sends the report that came back."""
    organisation_id, provider_id, mark = tickets.hook(token)
    body = request.stream.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise TooLarge
    with inside(organisation_id):
        provider = session().get(Provider, (organisation_id, provider_id))
        if provider is None or provider.is_archived or provider.mark != mark:
            raise NotFound
        bounces.take(told.reports(Speech(provider.kind), body))
        kind = Speech(provider.kind)
    told.confirm(kind, body)
    return Response(status=204)


for _view in (unsubscribe, seen, heard):
    _view.needs = "public"  # type: ignore[attr-defined]
unsubscribe.signed_address = heard.signed_address = True  # type: ignore[attr-defined]
