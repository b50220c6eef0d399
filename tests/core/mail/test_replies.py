"""Answers by mail, read from a real mailbox: each becomes one comment of whoever the mail was for, or is refused with its reason."""

from __future__ import annotations

import dataclasses
import re
import socket
from contextlib import nullcontext
from datetime import timedelta
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.approvals import ApprovalDecision, Verb
from app.core.mail import answering, replies
from app.core.mail.mailbox import Letter, opened
from app.core.mail.models import Block, MailMessage, Outcome, Reply, State, Why
from app.core.people import Member
from app.core.people.models import Status
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import Unavailable
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House
from tests.core.mail.test_bounces import dsn
from tests.core.mail.test_mail import Server
from tests.core.mail.test_mail import server as server  # noqa: PLC0414 -- a fixture
from tests.infra.mailbox import ADDRESS, PostBox

QUOTED = """

On Tue, 1 Jun 2027 at 10:00, House <{address}> wrote:

> — ↑ Write above this line to comment ↑ —
>
> Hello Manager,
"""


class Desk:
    """A house whose manager was asked by mail, and the mailbox that answers come to."""

    def __init__(self, app: Flask, house: House, server: Server, postbox: PostBox) -> None:
        self.app, self.house, self.server, self.postbox = app, house, server, postbox
        self.request_id = house.waiting()
        house.later(1)
        (self.mail,) = [each for each in server.taken if house.actors["manager"].email in str(each["To"])]

    @property
    def manager(self) -> str:
        """The address of whoever was asked."""
        return self.house.actors["manager"].email

    def answer(self, text: str = "Which bridge is it?", **heads: str) -> EmailMessage:
        """An answer as a mail program writes it; `heads` add to it, or take the place of what it says."""
        made = EmailMessage()
        said = {"From": f"Manager <{self.manager}>", "To": str(self.mail["Reply-To"]), "Subject": f"Re: {self.mail['Subject']}",
                "Message-ID": make_msgid(domain="house.example"), "In-Reply-To": str(self.mail["Message-ID"])}
        for name, value in {**said, **{name.replace("_", "-"): value for name, value in heads.items()}}.items():
            made[name] = value
        made.set_content(text + QUOTED.format(address=self.mail["Reply-To"].addresses[0].addr_spec))
        return made

    def arrives(self, *mails: EmailMessage | bytes) -> None:
        """Put mails into the box, and read it."""
        for mail in mails:
            self.postbox.put(mail if isinstance(mail, bytes) else mail.as_bytes())
        replies.read()

    def comments(self) -> list[tuple[str, str]]:
        """Who commented what."""
        names = {value: key for key, value in self.house.ids.items()}
        with acting(self.house.organisation, SYSTEM), unit_of_work() as work:
            found = work.scalars(select(ApprovalDecision).where(ApprovalDecision.verb == Verb.COMMENT).order_by(ApprovalDecision.id))
            return [(names[each.by_id], each.reason or "") for each in found]

    def logged(self) -> list[tuple[Outcome, Why | None]]:
        """What the log says became of each."""
        with acting(self.house.organisation, SYSTEM), unit_of_work() as work:
            return [(each.outcome, each.why) for each in work.scalars(select(Reply).order_by(Reply.id))]

    def explained(self) -> list[str]:
        """The texts of the mails that said why not."""
        self.house.later(1)
        return [each.get_body(("plain",)).get_content() for each in self.server.taken  # type: ignore[union-attr]
                if "did not become" in str(each["Subject"])]

    def disable(self, name: str) -> None:
        """Somebody leaves."""
        with acting(self.house.organisation, SYSTEM), unit_of_work() as work:
            work.get_one(Member, (self.house.organisation.id, self.house.ids[name])).status = Status.SUSPENDED


def configured(app: Flask, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setitem(app.extensions, "settings", dataclasses.replace(app.extensions["settings"], replies_url=url))


@pytest.fixture
def desk(app: Flask, monkeypatch: pytest.MonkeyPatch, house: House, server: Server, postbox: PostBox) -> Desk:
    """The desk."""
    monkeypatch.setenv("SSL_CERT_FILE", postbox.trust)
    configured(app, monkeypatch, postbox.url())
    return Desk(app, house, server, postbox)


@pytest.fixture
def house(app: Flask) -> House:
    """An organisation with people to ask."""
    return House()


def test_an_answer_becomes_a_comment_of_its_writer(desk: Desk) -> None:
    address = desk.mail["Reply-To"].addresses[0]
    assert address.domain == ADDRESS.partition("@")[2]
    assert len(address.username) <= 64
    assert "Write above this line to comment" in desk.mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    desk.arrives(desk.answer("Which bridge is it?\n\nIt says two.\n\n-- \nManager, House Ltd"))
    assert desk.comments() == [("manager", "Which bridge is it?\n\nIt says two.")]
    assert desk.logged() == [(Outcome.TAKEN, None)]
    assert desk.house.waits_for(desk.request_id) == ["manager"], "a comment decides nothing"
    assert [each for each in desk.postbox.flags() if r"\Seen" in each and r"\Flagged" not in each] == desk.postbox.flags()


def test_the_log_keeps_the_hash_of_an_address_only(desk: Desk) -> None:
    token = desk.mail["Reply-To"].addresses[0].username.partition("+")[2]
    with acting(desk.house.organisation, SYSTEM), unit_of_work() as work:
        kept = work.scalars(select(MailMessage).where(MailMessage.reply_hash != "")).one()
        assert token not in str({column.name: getattr(kept, column.name) for column in MailMessage.__table__.columns})
        assert (kept.about_id, kept.state) == (desk.request_id, State.SENT)


def test_capital_letters_in_the_address_do_no_harm(desk: Desk) -> None:
    desk.arrives(desk.answer(To=desk.mail["Reply-To"].addresses[0].addr_spec.upper()))
    assert len(desk.comments()) == 1


def test_read_twice_it_is_one_comment(desk: Desk) -> None:
    same = desk.answer()
    desk.arrives(same, same)
    desk.arrives(same)
    assert len(desk.comments()) == len(desk.logged()) == 1


def test_a_kill_before_the_mailbox_knows_makes_no_second_comment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("app.core.mail.mailbox.Box.put_away", _killed)
        with pytest.raises(KeyboardInterrupt):
            desk.arrives(desk.answer())
    assert len(desk.comments()) == 1
    assert r"\Seen" not in desk.postbox.flags()[0], "it will be read again"
    desk.arrives()
    assert len(desk.comments()) == len(desk.logged()) == 1
    assert r"\Seen" in desk.postbox.flags()[0]


def test_a_kill_before_the_commit_leaves_nothing_and_loses_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("app.core.mail.replies.answering.taker_of", lambda _kind: _killed)
        with pytest.raises(KeyboardInterrupt):
            desk.arrives(desk.answer())
    assert desk.comments() == desk.logged() == []
    desk.arrives()
    assert len(desk.comments()) == 1


def _killed(*_said: Any, **_more: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("heads", "why"), [
    ({"From": "Somebody <somebody@else.example>"}, Why.FORWARDED),
    ({"From": "manager@house.example, somebody@else.example"}, Why.FORWARDED),
    ({"Authentication_Results": "mx.house.example; spf=pass; dmarc=fail (p=none)"}, Why.UNPROVEN),
    ({"Auto_Submitted": "auto-replied"}, Why.AUTOMATIC),
    ({"Auto_Submitted": "auto-generated; owner-email=x"}, Why.AUTOMATIC),
    ({"Precedence": "auto_reply"}, Why.AUTOMATIC),
    ({"X_Autoreply": "yes"}, Why.AUTOMATIC),
    ({"Return_Path": "<>"}, Why.AUTOMATIC)])
def test_what_nobody_honest_sent_is_refused_in_silence(desk: Desk, heads: dict[str, str], why: Why) -> None:
    desk.arrives(desk.answer(**heads))
    assert desk.logged() == [(Outcome.REFUSED, why)]
    assert desk.comments() == []
    assert desk.explained() == []


def test_no_one_elses_address_and_no_made_up_one(desk: Desk) -> None:
    token = desk.mail["Reply-To"].addresses[0].username.partition("+")[2]
    made_up = token[:-6] + ("aaaaaa" if token[-6:] != "aaaaaa" else "bbbbbb")
    desk.arrives(desk.answer(To=f"replies+{made_up}@stand.example"), desk.answer(To=f"replies+{'a' * 50}@stand.example"),
                 desk.answer(To=ADDRESS))
    assert desk.logged() == [(Outcome.REFUSED, Why.UNKNOWN)], "the others name no organisation: nobody's log has them"
    assert desk.comments() == []
    assert desk.explained() == []


def test_what_is_too_old_is_explained_once(desk: Desk) -> None:
    with clock.at(clock.now() + answering.LASTS + timedelta(days=1)):
        desk.arrives(desk.answer("Late"), desk.answer("Later"))
        assert desk.logged() == [(Outcome.REFUSED, Why.EXPIRED)] * 2
        (said,) = desk.explained()
    assert "too old" in said
    assert "Reply-To" not in desk.server.taken[-1], "nobody answers an explanation"


def test_an_answer_without_a_word_is_explained(desk: Desk) -> None:
    desk.arrives(desk.answer(""))
    assert desk.logged() == [(Outcome.REFUSED, Why.EMPTY)]
    assert len(desk.explained()) == 1


def test_too_many_words_are_explained_in_the_words_of_the_form(desk: Desk) -> None:
    desk.arrives(desk.answer("word " * 1000))
    assert desk.logged() == [(Outcome.REFUSED, Why.NOT_ALLOWED)]
    assert "4,999" in desk.explained()[0] or "4999" in desk.explained()[0]


def test_a_mail_that_is_too_large_is_not_fetched(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.mail.mailbox.LARGEST", 2_000)
    large = desk.answer("x" * 3_000)
    desk.arrives(large)
    assert desk.logged() == [(Outcome.REFUSED, Why.TOO_LARGE)]
    assert desk.comments() == []


def test_whoever_was_disabled_comments_no_more(desk: Desk) -> None:
    desk.disable("manager")
    desk.arrives(desk.answer())
    assert desk.logged() == [(Outcome.REFUSED, Why.GONE)]
    assert desk.comments() == []


def test_whoever_may_no_longer_speak_here_is_told_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.approvals.levels.is_concerned", lambda *_said: False)
    desk.arrives(desk.answer())
    assert desk.logged() == [(Outcome.REFUSED, Why.NOT_ALLOWED)]
    assert "You are not asked to decide" in desk.explained()[0]


def test_files_are_named_and_left_out(desk: Desk) -> None:
    answer = desk.answer("See the sketch.")
    answer.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="sketch.pdf")
    desk.arrives(answer)
    assert desk.comments() == [("manager", "See the sketch.\n\n[Left out: the attachment sketch.pdf]")]


def test_a_report_of_a_mail_server_is_a_bounce(desk: Desk) -> None:
    report = dsn(str(desk.mail["Message-ID"]), to=desk.manager, said=f"550 5.1.1 <{desk.manager}>: User unknown")
    told = report.replace(b"To: no-reply@stand.example", f"To: {desk.mail['Reply-To'].addresses[0].addr_spec}".encode(), 1)
    desk.arrives(told, told)
    assert desk.logged() == [(Outcome.REPORT, None)]
    with acting(desk.house.organisation, SYSTEM), unit_of_work() as work:
        assert [each.address for each in work.scalars(select(Block))] == [desk.manager]


def test_nonsense_keeps_nobody_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real = replies.take
    monkeypatch.setattr(replies, "take", lambda letter: 1 / 0 if b"nonsense" in letter.content else real(letter))  # type: ignore[misc]
    desk.arrives(b"Subject: nonsense\r\n\r\n", desk.answer())
    assert len(desk.comments()) == 1
    assert r"\Flagged" in desk.postbox.flags()[0]


@pytest.mark.parametrize(("place", "poison"), [
    (b"Subject: ", b"Subject: =?utf-8?q?a=00b?="),
    (b"From: ", b"From: =?utf-8?q?manager=00?=@house.example"),
    (b"Content-Disposition: ", b"Content-Disposition: attachment; filename*=utf-8''a%00.pdf")])
def test_what_no_table_can_hold_keeps_nobody_waiting(desk: Desk, place: bytes, poison: bytes) -> None:
    answer = desk.answer()
    answer.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="sketch.pdf")
    desk.arrives(re.sub(rb"(?m)^" + place + rb".*$", lambda _found: poison, answer.as_bytes(), count=1), desk.answer("And then?"))
    assert desk.comments()[-1] == ("manager", "And then?")
    assert len(desk.logged()) == 2
    assert [each for each in desk.postbox.flags() if r"\Seen" not in each or r"\Flagged" in each] == []


@pytest.mark.parametrize(("error", "is_odd"), [
    (DataError("", {}, ValueError()), True), (IntegrityError("", {}, ValueError()), True),
    (OperationalError("", {}, ValueError()), False), (InterfaceError("", {}, ValueError()), False), (PoolTimeout(), False)])
def test_only_a_database_that_is_away_keeps_mails_waiting(desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception,
                                                              is_odd: bool) -> None:
    def failed(_letter: Letter) -> None:
        raise error

    monkeypatch.setattr(replies, "take", failed)
    with nullcontext() if is_odd else pytest.raises(type(error)):
        desk.arrives(desk.answer())
    assert (r"\Flagged" in desk.postbox.flags()[0]) is is_odd
    assert (r"\Seen" in desk.postbox.flags()[0]) is is_odd


def test_the_mailbox_of_the_tests_finds_other_ports(postbox: PostBox) -> None:
    postbox.stop()
    with socket.create_server(("127.0.0.1", postbox.secure)) as other:
        postbox.start()
        assert postbox.secure != other.getsockname()[1]
    assert postbox.flags() == []


def test_what_was_read_a_month_ago_is_deleted(desk: Desk) -> None:
    desk.arrives(desk.answer())
    with clock.at(clock.now() + timedelta(days=32)):
        desk.arrives()
    assert desk.postbox.flags() == []


def test_the_mailbox_is_away_knows_us_not_or_is_nobody(desk: Desk, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(app, monkeypatch, desk.postbox.url(password="wrong-one"))
    with pytest.raises(Unavailable, match="cannot be read") as refused:
        replies.read()
    assert "wrong-one" not in str(refused.value)
    configured(app, monkeypatch, desk.postbox.url())
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    with pytest.raises(Unavailable, match="certificate"):
        replies.read()
    monkeypatch.setenv("SSL_CERT_FILE", desk.postbox.trust)
    desk.postbox.stop()
    with pytest.raises(Unavailable):
        replies.read()
    desk.postbox.start()
    configured(app, monkeypatch, desk.postbox.url())
    desk.arrives(desk.answer())
    assert len(desk.comments()) == 1


def test_starttls_guards_the_password_too(desk: Desk, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(app, monkeypatch, desk.postbox.url(scheme="imap"))
    box = answering.mailbox()
    assert box is not None
    assert "knows" not in repr(box)
    with opened(box) as mailbox:
        assert list(mailbox.letters()) == []
    desk.arrives(desk.answer())
    assert len(desk.comments()) == 1


def test_without_a_mailbox_mails_take_no_answers(app: Flask, house: House, server: Server) -> None:
    house.waiting()
    house.later(1)
    assert [each["Reply-To"] for each in server.taken] == [None]
    assert "Nobody reads answers" in server.taken[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    replies.read()


def test_the_page_says_what_became_of_each(desk: Desk) -> None:
    desk.arrives(desk.answer(), desk.answer("", Subject="Re: nothing"))
    page = Browser(desk.app, desk.house, "owner").get("/mail/replies/").text
    assert "Became a comment" in page
    assert "Nothing new was written" in page
    refused = Browser(desk.app, desk.house, "owner").get("/mail/replies/?outcome=refused").text
    assert "Re: nothing" in refused
    assert "Which bridge" not in page, "the words are in the comment alone"
