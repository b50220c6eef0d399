"""A lost factor: two different administrators, never the person, a delay in which the mail's link stops it, then anew."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import settings
from app.core.auth import signing
from app.core.auth.factors import holds_any, lost, proving
from app.core.auth.mails import secrets
from app.core.mail.models import MailMessage
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, TooMany
from tests.core.auth.conftest import Town
from tests.core.auth.test_second_step import now_of, with_totp
from tests.core.visitors import Visitor, enrol

LIST = "/home/settings/lost-factors"


@pytest.fixture
def asked(visitor: Visitor, town: Town) -> Visitor:
    """Ben's browser, from which he said that he lost his authenticator."""
    with_totp(town.member.identity_id)
    visitor.sign_in("ben@home.example")
    answer = visitor.send("/sign-in/factor/lost", reason="My phone fell into the sea.")
    assert answer.status_code == 200, answer.text
    return visitor


def signed_in(app: Flask, email: str) -> Visitor:
    """Somebody's browser."""
    browser = Visitor(app)
    assert browser.sign_in(email).status_code == 303
    return browser


@pytest.fixture
def admins(app: Flask, town: Town) -> tuple[Visitor, Visitor]:
    """Two administrators' browsers."""
    enrol(town.home, "eve@home.example", "admin")
    return signed_in(app, "ada@home.example"), signed_in(app, "eve@home.example")


def agree(browser: Visitor, where: str = LIST) -> Any:
    """Agree to what waits first."""
    found = re.search(rf'action="({where}/[^"]+/agree)"', browser.get(where).text)
    return browser.send(found.group(1), form=where) if found else None


def mails(town: Town) -> list[MailMessage]:
    """The mails to Ben, oldest first."""
    with acting(town.home, SYSTEM), unit_of_work() as work:
        found = list(work.scalars(select(MailMessage).where(MailMessage.to_address == "ben@home.example").order_by(MailMessage.id)))
        work.expunge_all()
    return found


def test_two_administrators_and_a_day_later_one_begins_anew(asked: Visitor, admins: tuple[Visitor, Visitor], town: Town) -> None:
    first, second = admins
    assert "My phone fell into the sea." in first.get(LIST).text
    assert agree(first).status_code == 303
    assert agree(first) is None, "nobody agrees twice"
    assert agree(second).status_code == 303
    with clock.at(clock.now() + timedelta(hours=23)):
        asked.sign_in("ben@home.example")
        assert asked.get("/home/inbox/").location.startswith("/sign-in/factor")
    with clock.at(clock.now() + timedelta(hours=25)):
        asked.sign_in("ben@home.example")
        assert asked.get("/home/inbox/").location.startswith("/sign-in/enrol")
        with unit_of_work():
            assert not holds_any(town.member.identity_id)  # type: ignore[arg-type]
    assert sum("factor" in mail.subject for mail in mails(town)) >= 2


def test_nobody_agrees_for_themselves_nor_twice_by_hand(asked: Visitor, admins: tuple[Visitor, Visitor], town: Town, app: Flask) -> None:
    first, second = admins
    address = re.search(rf'action="({LIST}/[^"]+/agree)"', first.get(LIST).text).group(1)  # type: ignore[union-attr]
    assert first.send(address, form=LIST).status_code == 303
    assert first.send(address, form=LIST).status_code == 409
    assert signed_in(app, "zoe@away.example").send(address, form="/sign-in").status_code in (400, 404)
    with acting(town.home, SYSTEM), unit_of_work() as work:
        from app.core import access
        from app.core.people import Member

        work.get_one(Member, (town.home.id, town.member.id)).role_id = access.role_named("admin").id
    with acting(town.home, SYSTEM):
        from app.core import people

        ben = people.load_actor(town.home, town.member.id)
    with acting(town.home, ben), unit_of_work() as work, pytest.raises(lost.Forbidden):
        lost.agree(work.scalars(select(lost.LostFactor.id)).one())
    assert second.send(address.replace("agree", "refuse"), form=LIST).status_code == 303
    assert second.send(address, form=LIST).status_code == 409


def test_a_member_without_the_right_sees_nothing_of_it(asked: Visitor, app: Flask, town: Town) -> None:
    enrol(town.home, "max@home.example")
    assert signed_in(app, "max@home.example").get(LIST).status_code == 403


def test_the_link_in_the_mail_stops_it(asked: Visitor, admins: tuple[Visitor, Visitor], town: Town, app: Flask) -> None:
    for admin in admins:
        agree(admin)
    told = [mail for mail in mails(town) if "will be removed" in mail.subject]
    assert len(told) == 1
    assert "/sign-in/lost/" in told[0].text
    with acting(town.home, SYSTEM), unit_of_work() as work:
        waiting = work.scalars(select(lost.LostFactor)).one()
        about = {"organisation": str(town.home.id), "lost": str(waiting.id)}
    with unit_of_work():
        link = secrets({"identity": str(town.member.identity_id), "purpose": "lost", "life": 3600, "denies": False, "about": about})["link"]
    stranger = Visitor(app)
    assert stranger.get(f"/sign-in/lost/{link}").status_code == 200
    assert "It is stopped" in stranger.send(f"/sign-in/lost/{link}").text
    assert stranger.get(f"/sign-in/lost/{link}").status_code == 404
    with clock.at(clock.now() + timedelta(hours=25)):
        asked.sign_in("ben@home.example")
        assert asked.get("/home/inbox/").location.startswith("/sign-in/factor")


def test_every_organisation_that_relies_on_the_factors_has_to_agree_and_the_longest_delay_counts(
        visitor: Visitor, admins: tuple[Visitor, Visitor], town: Town, app: Flask) -> None:
    enrol(town.away, "ben@home.example", password="")
    enrol(town.away, "yve@away.example", "admin")
    with acting(town.away, SYSTEM), unit_of_work():
        settings.set("auth.lost_factor_hours", 48)
    with_totp(town.member.identity_id)
    visitor.sign_in("ben@home.example")
    page = visitor.get("/sign-in/factor/lost").text
    assert "Away" not in page, "whoever has only the password does not learn where somebody belongs"
    assert visitor.send("/sign-in/factor/lost", reason="My phone fell into the sea.").status_code == 200
    for admin in admins:
        assert agree(admin).status_code == 303
    with clock.at(clock.now() + timedelta(days=6)):
        visitor.sign_in("ben@home.example")
        assert visitor.get("/home/inbox/").location.startswith("/sign-in/factor"), "the other organisation has not agreed"
    for email in ("zoe@away.example", "yve@away.example"):
        assert agree(signed_in(app, email), "/away/settings/lost-factors").status_code == 303
    with clock.at(clock.now() + timedelta(hours=47)):
        visitor.sign_in("ben@home.example")
        assert visitor.get("/home/inbox/").location.startswith("/sign-in/factor")
    with clock.at(clock.now() + timedelta(hours=49)):
        visitor.sign_in("ben@home.example")
        assert visitor.get("/home/inbox/").location.startswith("/sign-in/enrol")


@pytest.mark.parametrize("way", ["link", "ldap"])
def test_only_one_s_own_password_lets_ask(town: Town, app: Flask, way: str) -> None:
    identity = town.member.identity_id
    assert identity
    with_totp(identity)
    with unit_of_work():
        secret = signing.opened(identity, source="", agent="", method=way, confined_to=town.home.id if way == "ldap" else None)
    browser = Visitor(app)
    browser.client.set_cookie(app.extensions["settings"].cookie("session"), secret)
    assert browser.get("/sign-in/factor").status_code == 200
    assert browser.get("/sign-in/factor/lost").status_code == 403
    assert browser.send("/sign-in/factor/lost", form="/sign-in/factor", reason="My phone fell into the sea.").status_code == 403


def test_wrong_codes_of_somebody_whom_a_provider_let_in_lock_nobody_out_elsewhere(town: Town) -> None:
    identity = town.member.identity_id
    assert identity
    with clock.at(clock.now().replace(second=10)):
        codes = with_totp(identity)
        for _ in range(5):
            with unit_of_work(), pytest.raises(Invalid):
                proving.prove(identity, "totp", "000000", within=town.home.id)
        with unit_of_work(), pytest.raises(TooMany):
            proving.prove(identity, "totp", now_of(codes), within=town.home.id)
        with unit_of_work():
            proving.prove(identity, "totp", now_of(codes))
