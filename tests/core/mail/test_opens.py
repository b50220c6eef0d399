"""Opening is noted only where the organisation asks and the reader agreed; never of mail that nobody can switch off."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core import settings
from app.core.mail import opening
from app.core.people import Member
from app.kernel import clock
from tests.core.audit.house import signed_in, token_of
from tests.core.mail.test_mail import Server, drain, mail_of, send
from tests.core.mail.test_mail import server as server  # noqa: PLC0414 -- a fixture
from tests.core.mail.test_mail import stand as stand  # noqa: PLC0414 -- a fixture
from tests.core.stand import Stand

NOTICE = {"notice": {"title": "News", "text": "", "path": "/x"}}


def agree(stand: Stand, *, asked: bool = True, agreed: bool = True) -> UUID:
    """Whether the organisation notes openings, and whether the member lets it; gives the member's id."""
    member_id: UUID = stand.actors["member"].id
    with stand.work() as work:
        settings.set(opening.SETTING, asked)
        member = work.get_one(Member, (stand.organisation.id, member_id))
        member.preferences = {**member.preferences, opening.AGREED: "on" if agreed else "off"}
    return member_id


def pixel(server: Server) -> str:
    """The path of the picture in the last mail; empty where there is none."""
    html = server.taken[-1].get_body(("html",)).get_content()  # type: ignore[union-attr]
    found = re.search(r'src="[^"]*(/mail/seen/[^"]+\.gif)"', html)
    return found.group(1) if found else ""


@pytest.mark.requirement("OF-193")
def test_the_picture_says_that_it_was_opened_and_when(stand: Stand, server: Server, client: FlaskClient, app: Flask) -> None:
    mail_id = send(stand, agree(stand), "notification", context=NOTICE, optional="notifications")
    drain(stand)
    path, moment = pixel(server), clock.now()
    assert mail_of(stand, mail_id).opened_at is None
    with clock.at(moment):
        answer = client.get(path)
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, "image/gif", "no-store, private")
    client.get(path)
    assert (mail_of(stand, mail_id).opened_at, mail_of(stand, mail_id).opens) == (moment, 2)
    page = signed_in(app, stand, "owner").get(f"/{stand.organisation.slug}/mail/{mail_id}/").text
    assert re.search(r"Opened</dt>\s*<dd[^>]*>[^<]*\d{4}", page)
    assert client.get(path.replace(".gif", "x.gif")).status_code == 404


@pytest.mark.parametrize(("asked", "agreed", "optional"), [
    (False, True, "notifications"), (True, False, "notifications"), (True, True, "")])
def test_nothing_is_noted_unless_both_want_it_and_it_is_optional(
        stand: Stand, server: Server, asked: bool, agreed: bool, optional: str) -> None:
    mail_id = send(stand, agree(stand, asked=asked, agreed=agreed), "notification", context=NOTICE, optional=optional)
    drain(stand)
    assert (pixel(server), mail_of(stand, mail_id).tracked) == ("", False)


def test_it_is_off_unless_somebody_says_otherwise(stand: Stand, server: Server) -> None:
    send(stand, stand.actors["member"].id, "notification", context=NOTICE, optional="notifications")
    drain(stand)
    assert pixel(server) == ""


def test_the_reader_agrees_on_a_page_and_withdraws_there(stand: Stand, app: Flask) -> None:
    reader, page = signed_in(app, stand, "member"), f"/{stand.organisation.slug}/mail/opens"
    assert "checked" not in reader.get(page).text.split('<form id="form"')[1].split("</form>")[0]
    for box, kept in (({"agreed": "1"}, "on"), ({}, "off")):
        assert reader.post(page, data={"csrf_token": token_of(reader, page), **box}).status_code == 303
        with stand.work() as work:
            member = work.get_one(Member, (stand.organisation.id, stand.actors["member"].id))
            assert member.preferences[opening.AGREED] == kept
