"""What a password must be, which may not come back, and when one has to go."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

import pytest

from app.core import auth, settings
from app.core.auth import passwords
from app.core.auth.passwords import guessable, unmet
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from tests.core.auth.conftest import Town
from tests.core.visitors import PASSWORD, Visitor

LONG = "quiet harbour lanterns drift past 93 painted gulls and a tin roof, while Otto the baker counts buttons, ribbons & ink 7, 8, 9!!!"
SENTENCES = [f"{word} lanterns drift past harbour" for word in ("quiet", "amber", "seven", "early", "plain", "noble", "royal")]


def _who(town: Town) -> UUID:
    assert town.member.identity_id is not None
    return town.member.identity_id


def _set(town: Town, password: str) -> None:
    with unit_of_work():
        auth.set_password(_who(town), password)


def _setting(town: Town, key: str, value: object) -> None:
    with acting(town.home, SYSTEM), unit_of_work():
        settings.set(key, value)


@pytest.mark.requirement("OF-039")
@pytest.mark.parametrize(("length", "right"), [(7, False), (8, True), (128, True), (129, False)])
def test_a_password_has_8_to_128_characters(ben: Visitor, length: int, right: bool) -> None:
    password = ("vQ7#mZ2!" if length <= 8 else LONG)[:length].ljust(length, "~")
    answer = ben.send("/home/settings/password", current=PASSWORD, password=password, again=password)
    assert answer.status_code == (303 if right else 422)
    assert ("A password has 8 to 128 characters." in answer.text) is not right


@pytest.mark.requirement("OF-038")
def test_a_weak_one_is_refused_with_every_unmet_rule_and_a_strong_one_taken(ben: Visitor) -> None:
    answer = ben.send("/home/settings/password", current=PASSWORD, password="password1", again="password1")
    assert answer.status_code == 422
    assert "It is one of the passwords that are used most" in answer.text
    assert "It is too easy to guess" in answer.text
    strong = "quiet-harbour-93-lanterns"
    assert ben.send("/home/settings/password", current=PASSWORD, password=strong, again=strong).status_code == 303
    assert ben.sign_in("ben@home.example", strong).status_code == 303


def test_each_unmet_rule_is_a_sentence_of_its_own(town: Town) -> None:
    with unit_of_work():
        assert len(unmet(_who(town), "abc123")) == 3
        assert unmet(_who(town), "Ben@home.example")[0].startswith("It is made of your name")
        assert unmet(_who(town), SENTENCES[0]) == []


@pytest.mark.parametrize("hostile", ["4@8({[<3699&#!1/|0$5+7%2" * 6, "a" * 128, "password" * 16, "ab1!" * 32, "é" * 128, "qwertyuiop" * 12,
                                     "1/1/1900" * 16, "\x00" * 128])
def test_judging_takes_no_longer_for_what_is_made_to_last(hostile: str) -> None:
    guessable("warm words for the lists of it")
    begun = time.process_time()
    guessable(hostile[:128], ["hostile"] * 1000)
    assert time.process_time() - begun < 1


def test_what_is_longer_than_a_password_is_not_judged_at_all(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "guessable", lambda *_: pytest.fail("judged"))
    with unit_of_work():
        assert unmet(_who(town), "x" * 1_000_000) == ["A password has 8 to 128 characters."]


@pytest.mark.requirement("OF-041")
def test_the_last_five_may_not_come_back_and_the_sixth_may(town: Town) -> None:
    for sentence in SENTENCES:
        _set(town, sentence)
    *former, present = SENTENCES
    for sentence in (*former[-5:], present):
        with pytest.raises(Invalid) as refused:
            _set(town, sentence)
        assert refused.value.errors["password"] == ["It is one of your last 5 passwords; choose one that you have not had."]
    _set(town, former[-6])


def test_an_organisation_may_switch_the_history_off(town: Town) -> None:
    _setting(town, "auth.password_history", 0)
    _set(town, SENTENCES[0])
    _set(town, SENTENCES[0])


@pytest.mark.requirement("OF-040")
def test_a_password_expires_after_90_days_and_is_changed_before_anything_else(visitor: Visitor) -> None:
    with clock.at(clock.now() + timedelta(days=89)):
        assert visitor.sign_in("ben@home.example").location == "/"
    with clock.at(clock.now() + timedelta(days=91)):
        visitor.sign_in("ben@home.example", wanted="/home/organisation/departments/")
        held = visitor.get("/home/organisation/departments/")
        assert (held.status_code, held.location) == (303, "/sign-in/password?next=/home/organisation/departments/")
        form = visitor.get(held.location)
        assert "Your password has expired" in form.text
        assert "90 days" in form.text
        again = visitor.send(held.location, password=PASSWORD, again=PASSWORD)
        assert again.status_code == 422, "the old one is no new one"
        before = visitor.cookie()
        done = visitor.send(held.location, password=SENTENCES[0], again=SENTENCES[0])
        assert (done.status_code, done.location) == (303, "/home/organisation/departments/")
        assert visitor.cookie() != before
        assert visitor.get("/home/organisation/departments/").status_code == 200
        assert visitor.sign_in("ben@home.example").status_code == 422


def test_half_signed_in_reaches_that_page_alone(visitor: Visitor) -> None:
    with clock.at(clock.now() + timedelta(days=91)):
        visitor.sign_in("ben@home.example")
        for address in ("/", "/home/", "/home/settings/password", "/organisations", "/sign-in/factor", "/home/settings/sessions"):
            assert visitor.get(address).location.startswith("/sign-in/password"), address
        assert visitor.get("/api/v1/home/organisation/departments/").status_code == 401


def test_an_organisation_may_switch_expiry_off_and_says_why(town: Town, visitor: Visitor) -> None:
    _setting(town, "auth.password_expiry_days", 0)
    with clock.at(clock.now() + timedelta(days=4000)):
        visitor.sign_in("ben@home.example")
        assert visitor.get("/home/organisation/departments/").status_code == 200
        owner = Visitor(visitor.app)
        owner.sign_in("ada@home.example")
        assert "NIST SP 800-63B-4" in owner.get("/home/settings/organisation").text
