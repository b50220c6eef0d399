"""Where one is signed in: seen, ended, told of when it is new; and until when a session lives."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.core import settings
from app.core.audit import country_of, device_of, place_of
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.auth.conftest import Town
from tests.core.auth.letters import Mailbox, link
from tests.core.visitors import PASSWORD, Visitor

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0"
IPHONE = ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
          "Mobile/15E148 Safari/604.1")
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15"
BEN, PAGE = "ben@home.example", "/home/settings/sessions"


def _enter(browser: Visitor, agent: str, source: str = "127.0.0.1", password: str = PASSWORD) -> Any:
    data = {"csrf_token": browser.token(), "email": BEN, "password": password, "next": ""}
    return browser.client.post("/sign-in", data=data, headers={"User-Agent": agent}, environ_base={"REMOTE_ADDR": source})


@pytest.mark.requirement("OF-036")
def test_every_session_is_shown_with_device_address_and_place(app: Flask, town: Town) -> None:
    desk, phone = Visitor(app), Visitor(app)
    _enter(phone, IPHONE, "91.198.174.192")
    _enter(desk, FIREFOX)
    page = desk.get(PAGE).text
    assert "Firefox, Windows" in page
    assert "127.0.0.1" in page
    assert "local network" in page
    assert "Safari, iOS" in page
    assert "91.198.174.192" in page
    assert place_of("91.198.174.192") in page
    assert page.count("This one") == 1
    assert page.index("This one") < page.index("Safari, iOS"), "this one comes first"


@pytest.mark.requirement("OF-037")
def test_another_session_is_ended_and_its_next_click_leads_to_sign_in(app: Flask, town: Town) -> None:
    desk, phone = Visitor(app), Visitor(app)
    _enter(phone, IPHONE)
    _enter(desk, FIREFOX)
    address = re.search(r'action="(/home/settings/sessions/[0-9a-f-]{36}/end)"', desk.get(PAGE).text)
    assert address is not None
    assert desk.send(address.group(1), form=PAGE).status_code == 303
    assert phone.get("/home/inbox/").location.startswith("/sign-in")
    assert "Safari" not in desk.get(PAGE).text


def test_all_others_are_ended_at_once(app: Flask, town: Town) -> None:
    browsers = [Visitor(app) for _ in range(3)]
    for browser in browsers:
        _enter(browser, FIREFOX)
    assert browsers[0].send(f"{PAGE}/end-others", form=PAGE).status_code == 303
    assert [browser.get("/home/inbox/").status_code for browser in browsers] == [200, 303, 303]


def test_nobody_ends_the_session_of_somebody_else(ben: Visitor, app: Flask) -> None:
    ada = Visitor(app)
    ada.sign_in("ada@home.example")
    other = Visitor(app)
    other.sign_in("ada@home.example")
    address = re.search(r'action="(/home/settings/sessions/[0-9a-f-]{36}/end)"', ada.get(PAGE).text)
    assert address is not None
    assert ben.send(address.group(1), form=PAGE).status_code == 404
    assert other.get("/home/inbox/").status_code == 200


def test_a_new_device_is_told_of_by_mail_and_a_known_one_is_not(app: Flask, town: Town, post: Mailbox) -> None:
    first = Visitor(app)
    _enter(first, FIREFOX)
    assert post.arrived() == [], "the first of all is nothing new"
    _enter(Visitor(app), FIREFOX)
    assert post.arrived() == [], "what looks the same is known"
    _enter(first, IPHONE)
    assert post.arrived() == [], "so is the cookie"
    for agent, source in ((FIREFOX, "91.198.174.192"), (SAFARI, "127.0.0.1")):
        _enter(Visitor(app), agent, source)
        (mail,) = post.arrived(to=BEN)
        assert mail["Subject"] == "You signed in on a new device · OpsFlux"
        assert link(mail, "/account/not-me/")


def test_a_stranger_cannot_lock_a_known_device_out(app: Flask, town: Town) -> None:
    mine, stranger = Visitor(app), Visitor(app)
    assert mine.sign_in(BEN).status_code == 303
    mine.send("/sign-out", form="/home/settings/")
    for _ in range(6):
        last = stranger.sign_in(BEN, "wrong")
    assert last.status_code == 429
    assert Visitor(app).sign_in(BEN).status_code == 429
    assert mine.sign_in(BEN).status_code == 303


def test_a_known_device_is_locked_by_its_own_tries_and_throwing_its_cookie_away_wins_nothing(app: Flask, town: Town) -> None:
    mine = Visitor(app)
    mine.sign_in(BEN)
    mine.send("/sign-out", form="/home/settings/")
    answers = [mine.sign_in(BEN, "wrong").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
    assert Visitor(app).sign_in(BEN, "wrong").status_code == 429


def test_the_device_of_one_person_is_none_of_another(app: Flask, town: Town) -> None:
    mine = Visitor(app)
    mine.sign_in("ada@home.example")
    mine.send("/sign-out", form="/home/settings/")
    for _ in range(5):
        Visitor(app).sign_in(BEN, "wrong")
    assert mine.sign_in(BEN).status_code == 429


def test_the_device_is_known_by_a_cookie_that_script_cannot_read(visitor: Visitor) -> None:
    cookies = [c for c in visitor.sign_in(BEN).headers.getlist("Set-Cookie") if "device" in c.partition("=")[0]]
    assert len(cookies) == 1
    assert "HttpOnly" in cookies[0]
    assert "SameSite=Lax" in cookies[0]


def test_the_strictest_limits_of_the_organisations_count(ben: Visitor, town: Town) -> None:
    with acting(town.home, SYSTEM), unit_of_work():
        settings.set("auth.idle_minutes", 5)
        settings.set("auth.absolute_hours", 1)
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert ben.get("/home/inbox/").status_code == 200, "a session that is open learns of it with its next use"
        left = ben.get(f"{PAGE}/left").json
        assert left["idle"] <= 300
        assert left["whole"] <= 58 * 60
    with clock.at(clock.now() + timedelta(minutes=8)):
        assert ben.get("/home/inbox/").location.endswith("ended=1")


def test_what_the_page_asks_by_itself_does_not_keep_the_session(ben: Visitor, town: Town) -> None:
    with acting(town.home, SYSTEM), unit_of_work():
        settings.set("auth.idle_minutes", 10)
    ben.sign_in(BEN)
    now = clock.now()
    for minute in (3, 6, 9):
        with clock.at(now + timedelta(minutes=minute)):
            assert ben.get("/home/badges").status_code == 200
            assert ben.get("/home/inbox/", headers={"X-Automatic": "1"}).status_code == 200
            assert ben.get(f"{PAGE}/left").json["idle"] <= 600 - minute * 60
    with clock.at(now + timedelta(minutes=9)):
        assert ben.send(f"{PAGE}/stay", form=PAGE).json["idle"] > 590
    with clock.at(now + timedelta(minutes=18)):
        assert ben.get("/home/badges").status_code == 200, "staying begins the time anew"
    with clock.at(now + timedelta(minutes=20)):
        assert ben.get("/home/badges").status_code == 303


@pytest.mark.requirement("FL-003")
def test_the_cookie_is_held_against_a_row_and_closed_to_script(visitor: Visitor) -> None:
    cookie = next(c for c in visitor.sign_in(BEN).headers.getlist("Set-Cookie") if c.startswith("session"))
    assert "HttpOnly" in cookie


@pytest.mark.requirement("FL-004")
def test_an_old_cookie_opens_nothing_after_sign_out_and_after_its_end(app: Flask, ben: Visitor) -> None:
    def replayed(secret: str) -> str:
        copy = Visitor(app)
        copy.client.set_cookie(app.extensions["settings"].cookie("session"), secret)
        return str(copy.get("/home/inbox/").location)

    old = ben.cookie()
    ben.send("/sign-out", form="/home/settings/")
    assert replayed(old).startswith("/sign-in")
    ben.sign_in(BEN)
    with clock.at(clock.now() + timedelta(hours=13)):
        assert replayed(ben.cookie()).startswith("/sign-in")


def test_what_the_tables_say_of_addresses_and_agents() -> None:
    assert [country_of(address) for address in ("8.8.8.8", "192.168.1.9", "::1", "no address")] == ["US", "local", "local", ""]
    assert device_of("").browser == ""
    assert device_of("x" * 100_000).system == ""
