"""Back in by mail: a reset, a link to sign in, and “this was not me”. Nobody learns who exists; looking uses nothing up."""

from __future__ import annotations

import re
import statistics
import time
from datetime import timedelta

import pytest
from flask import Flask

from app.core import settings
from app.core.audit.models import AuditEntry
from app.core.auth import recovery
from app.kernel import clock
from app.kernel.current import PLATFORM_ID, SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from tests.core.auth.conftest import Town
from tests.core.auth.letters import Mailbox, link, words
from tests.core.visitors import PASSWORD, Visitor

NEW = "quiet lanterns drift past harbour"
BEN = "ben@home.example"


def _ask(visitor: Visitor, post: Mailbox, path: str = "/account/forgotten", email: str = BEN) -> str:
    """The link that arrives when somebody asks for it."""
    assert visitor.send(path, email=email).status_code == 303
    *_before, mail = post.arrived(to=email)
    return link(mail, "/account/reset/" if path.endswith("forgotten") else "/account/enter/")


def _noted(action: str) -> list[AuditEntry]:
    with acting(Organisation(PLATFORM_ID, "", ""), SYSTEM), unit_of_work() as work:
        found = work.query(AuditEntry).filter_by(action=action).order_by(AuditEntry.at).all()
        work.expunge_all()
    return found


@pytest.mark.requirement("OF-043")
def test_a_forgotten_password_is_reset_by_a_link_that_works_once_within_an_hour(visitor: Visitor, post: Mailbox) -> None:
    address = _ask(visitor, post)
    with clock.at(clock.now() + timedelta(minutes=61)):
        assert visitor.get(address).status_code == 404
    with clock.at(clock.now() + timedelta(minutes=59)):
        for _ in range(2):
            assert BEN in visitor.get(address).text, "looking does not use it up"
        assert visitor.send(address, password=NEW, again=NEW).location == "/sign-in?set=1"
        assert visitor.get(address).status_code == 404
        assert visitor.client.post(address, data={"csrf_token": visitor.token(), "password": NEW, "again": NEW}).status_code == 404
    assert visitor.sign_in(BEN).status_code == 422
    assert visitor.sign_in(BEN, NEW).status_code == 303
    assert len(_noted("auth.password.reset")) == 1


def test_a_reset_ends_every_session_and_is_told(ben: Visitor, visitor: Visitor, post: Mailbox) -> None:
    address = _ask(visitor, post)
    visitor.send(address, password=NEW, again=NEW)
    assert ben.get("/home/settings/").location.startswith("/sign-in")
    assert [mail["Subject"] for mail in post.arrived(to=BEN)] == ["Your password was changed · OpsFlux"]


def test_a_weak_password_leaves_the_link_alone(visitor: Visitor, post: Mailbox) -> None:
    address = _ask(visitor, post)
    assert visitor.send(address, password="password1", again="password1").status_code == 422
    assert visitor.send(address, password=NEW, again="another").status_code == 422
    assert visitor.send(address, password=NEW, again=NEW).status_code == 303


def test_a_reset_opens_what_was_locked_by_guessing(visitor: Visitor, post: Mailbox) -> None:
    for _ in range(5):
        visitor.sign_in(BEN, "wrong")
    assert visitor.sign_in(BEN).status_code == 429
    visitor.send(_ask(visitor, post), password=NEW, again=NEW)
    assert visitor.sign_in(BEN, NEW).status_code == 303


def test_known_and_unknown_addresses_get_the_same_answer(visitor: Visitor, post: Mailbox) -> None:
    answers = [visitor.send("/account/forgotten", email=email) for email in (BEN, "nobody@home.example")]
    known, unknown = ((each.status_code, each.location, len(each.data)) for each in answers)
    assert known == unknown
    assert len(post.arrived()) == 1
    page = visitor.get(answers[0].location).text
    assert BEN not in page
    assert "If the address belongs to an account" in page
    assert [entry.result for entry in _noted("auth.reset.asked")] == ["ok", "refused"]


def test_known_and_unknown_addresses_wait_as_long(town: Town) -> None:
    def took(email: str, source: str) -> float:
        begun = time.perf_counter()
        recovery.ask(email, "reset", source=source)
        return time.perf_counter() - begun

    took(BEN, "192.0.2.1")
    known, unknown = ([took(email, f"192.0.2.{number}") for number in range(2, 5)] for email in (BEN, "nobody@home.example"))
    assert 0.5 < statistics.median(known) / statistics.median(unknown) < 2
    assert min(known + unknown) >= recovery.AT_LEAST


def test_mails_are_asked_for_five_times_and_no_more(visitor: Visitor, post: Mailbox) -> None:
    answers = [visitor.send("/account/forgotten", email=BEN).status_code for _ in range(6)]
    assert answers == [303] * 5 + [429]
    assert visitor.sign_in(BEN).status_code == 303, "that is counted apart"


@pytest.mark.requirement("OF-050")
def test_a_link_signs_in_once_where_it_is_switched_on(visitor: Visitor, town: Town, post: Mailbox) -> None:
    assert "/account/link" not in visitor.get("/sign-in").text
    assert visitor.get("/account/link").status_code == 404
    with acting(town.home, SYSTEM), unit_of_work():
        settings.set("auth.magic_link", True)
    assert "/account/link" in visitor.get("/sign-in").text
    address = _ask(visitor, post, "/account/link")
    assert visitor.get(address).status_code == 200
    assert visitor.get("/home/settings/").status_code == 303, "opening it signs nobody in"
    assert visitor.send(address).status_code == 303
    assert visitor.get("/home/settings/").status_code == 200
    other = Visitor(visitor.app)
    assert other.get(address).status_code == 404


def test_a_link_needs_every_organisation_of_the_person(visitor: Visitor, town: Town, post: Mailbox) -> None:
    with acting(town.away, SYSTEM), unit_of_work():
        settings.set("auth.magic_link", True)
    assert visitor.send("/account/link", email=BEN).status_code == 303
    assert post.arrived() == []


def test_this_was_not_me_shuts_everybody_out_until_a_reset(app: Flask, ben: Visitor, visitor: Visitor, post: Mailbox) -> None:
    ben.send("/home/settings/password", current=PASSWORD, password=NEW, again=NEW)
    (mail,) = post.arrived(to=BEN)
    address = link(mail, "/account/not-me/")
    assert visitor.get(address).status_code == 200
    assert ben.get("/home/settings/").status_code == 200, "looking does nothing"
    assert "The account is locked" in visitor.send(address).text
    assert ben.get("/home/settings/").location.startswith("/sign-in")
    assert visitor.sign_in(BEN, NEW).status_code == 422
    assert _noted("auth.sign_in")[-1].context["reason"] == "barred"
    assert len(_noted("auth.denied")) == 1
    assert visitor.get(address).status_code == 404
    again = "amber lanterns drift past harbour"
    visitor.send(_ask(visitor, post), password=again, again=again)
    assert visitor.sign_in(BEN, again).status_code == 303


def test_the_words_of_a_reset_name_nobody_else(visitor: Visitor, post: Mailbox) -> None:
    visitor.send("/account/forgotten", email=BEN)
    (mail,) = post.arrived()
    assert BEN in words(mail)
    assert re.search(r"(127\.0\.0\.1)", words(mail)), "where it was asked from"
    assert "not-me" not in words(mail)
