"""Mails about one's account: in the reader's language, with links whose secrets nobody but the reader ever sees."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from app.core.auth import links, mails
from app.core.mail import MailMessage
from app.core.people import Language, Member
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.records import new_id
from tests.core.auth.conftest import Town
from tests.core.auth.letters import Mailbox, link, words


def _tell(town: Town, kind: mails.Kind, **facts: str) -> None:
    with unit_of_work():
        assert mails.tell(town.member.identity_id, kind, **facts)


def _kept(town: Town) -> str:
    with acting(town.home, SYSTEM), unit_of_work() as work:
        return "\n".join(f"{mail.text}{mail.html}{mail.facts}{mail.subject}" for mail in work.scalars(select(MailMessage)))


def test_the_secret_is_in_the_mail_and_nowhere_else(town: Town, post: Mailbox) -> None:
    _tell(town, mails.RESET)
    (mail,) = post.arrived(to="ben@home.example")
    secret = link(mail, "/account/reset/").rpartition("/")[2]
    assert secret in words(mail, "html")
    assert "•••" not in words(mail) + words(mail, "html")
    assert secret not in _kept(town)
    assert "•••link•••" in _kept(town)
    opened = links.opened(secret, links.RESET)
    assert opened is not None
    assert opened.identity_id == town.member.identity_id
    assert links.opened(secret, links.DENY, links.ENTER) is None, "a link is good for its own purpose only"


def test_it_is_written_in_the_language_of_the_reader(town: Town, post: Mailbox) -> None:
    with acting(town.home, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (town.home.id, town.member.id)).language = Language.FR
    _tell(town, mails.PASSWORD)
    (mail,) = post.arrived()
    assert mail["Subject"] == "Votre mot de passe a été changé · OpsFlux"
    assert "Ce n’était pas moi" in words(mail)
    assert 'lang="fr"' in words(mail, "html")


def test_a_warning_says_where_and_leads_to_the_way_out(app: Flask, town: Town, post: Mailbox) -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0"
    with app.test_request_context("/", headers={"User-Agent": agent}, environ_base={"REMOTE_ADDR": "91.198.174.192"}):
        mails.tell(town.member.identity_id, mails.NEW_DEVICE)
        from app.kernel.db import session

        session().commit()
    (mail,) = post.arrived()
    assert "Firefox, Windows" in words(mail)
    assert "(91.198.174.192)" in words(mail)
    assert link(mail, "/account/not-me/")


def test_whoever_is_nowhere_a_member_gets_none(town: Town) -> None:
    with unit_of_work():
        assert not mails.tell(new_id(), mails.RESET)
