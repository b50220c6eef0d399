"""Half signed in: only the page of what is owed answers, a code works once, and the secret of the session changes on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import settings
from app.core.auth.factors import authenticator, recovery
from app.core.auth.factors.models import SecondFactor
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import as_identity, unit_of_work
from tests.core.auth.conftest import Town
from tests.core.visitors import PASSWORD, Visitor

PAGE = "/home/organisation/departments/"


def settle(town: Town, **values: Any) -> None:
    """Set what `home` asks of sign-in."""
    with acting(town.home, SYSTEM), unit_of_work():
        for name, value in values.items():
            settings.set(f"auth.{name}", value)


def with_totp(identity: UUID | None) -> pyotp.TOTP:
    """Give somebody an authenticator, confirmed a minute ago; gives what makes its codes."""
    assert identity
    with clock.at(clock.now() - timedelta(minutes=2)), unit_of_work():
        offered = authenticator.offer(identity)
        codes = pyotp.TOTP(offered.secret)
        assert authenticator.confirm(identity, codes.at(clock.now()), offered.ticket)
    return codes


def shown_in(page: str) -> tuple[str, str]:
    """The secret of the authenticator that a page offers, and its ticket."""
    secret, ticket = re.search(r"data-secret>([^<]+)<", page), re.search(r'name="ticket" value="([^"]+)"', page)
    assert secret
    assert ticket
    return re.sub(r"\s", "", secret.group(1)), ticket.group(1)


def now_of(codes: pyotp.TOTP) -> str:
    """The code of this moment."""
    return codes.at(clock.now())


@pytest.fixture
def noon() -> Iterator[None]:
    """A moment in the middle of a step, which does not pass."""
    with clock.at(clock.now().replace(second=10, microsecond=0)):
        yield


@pytest.fixture
def half(visitor: Visitor, town: Town, noon: None) -> tuple[Visitor, pyotp.TOTP]:
    """Ben's browser after the password, and his authenticator."""
    codes = with_totp(town.member.identity_id)
    assert visitor.sign_in("ben@home.example", wanted=PAGE).location == PAGE
    return visitor, codes


@pytest.mark.requirement("OF-034")
def test_the_code_completes_the_sign_in_and_an_old_one_is_refused(half: tuple[Visitor, pyotp.TOTP]) -> None:
    ben, codes = half
    asked = ben.get(PAGE)
    assert (asked.status_code, asked.location) == (303, "/sign-in/factor?next=/home/organisation/departments/")
    step = "/sign-in/factor"
    assert 'autocomplete="one-time-code"' in ben.get(step).text
    old = codes.at(clock.now() - timedelta(minutes=5))
    assert ben.send(step, kind="totp", code=old).status_code == 422
    before = ben.cookie()
    done = ben.send(step, kind="totp", code=now_of(codes), next=PAGE)
    assert (done.status_code, done.location) == (303, PAGE)
    assert ben.cookie() not in ("", before), "the secret is renewed"
    assert ben.get(PAGE).status_code == 200
    before_dead = Visitor(ben.app)
    before_dead.client.set_cookie(ben.app.extensions["settings"].cookie("session"), before)
    assert before_dead.get(PAGE).location.startswith("/sign-in?")


def test_half_signed_in_reaches_nothing_else(half: tuple[Visitor, pyotp.TOTP]) -> None:
    ben, _codes = half
    for address in ("/", "/organisations", "/home/", PAGE, "/home/settings/security", "/home/prove", "/.well-known/change-password",
                    "/sign-in/enrol"):
        assert ben.get(address).location.startswith("/sign-in/factor"), address
    assert ben.get("/api/v1/home/organisation/departments/").status_code == 401
    partial = ben.get(PAGE, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert partial.headers["HX-Redirect"].startswith("/sign-in/factor")
    away = ben.client.get("/home/stream", headers={"Accept": "text/event-stream"})
    assert away.status_code in (303, 401, 404)
    assert ben.send("/sign-out", form="/sign-in/factor").status_code == 303


def test_a_code_works_once(half: tuple[Visitor, pyotp.TOTP], app: Flask) -> None:
    ben, codes = half
    assert ben.send("/sign-in/factor", kind="totp", code=now_of(codes)).status_code == 303
    other = Visitor(app)
    other.sign_in("ben@home.example")
    assert other.send("/sign-in/factor", kind="totp", code=now_of(codes)).status_code == 422


def test_one_step_before_and_after_are_right_and_two_are_not(half: tuple[Visitor, pyotp.TOTP], town: Town) -> None:
    _ben, codes = half
    who, now = town.member.identity_id, clock.now()
    assert who
    with unit_of_work():
        assert not authenticator.check(who, codes.at(now - timedelta(seconds=60)))
        assert not authenticator.check(who, codes.at(now + timedelta(seconds=60)))
        assert authenticator.check(who, codes.at(now - timedelta(seconds=30)))
        assert authenticator.check(who, codes.at(now + timedelta(seconds=30)))
        assert not authenticator.check(who, codes.at(now)), "older than the one used last"


def test_a_recovery_code_stands_in_once(half: tuple[Visitor, pyotp.TOTP], town: Town, app: Flask) -> None:
    ben, _codes = half
    with unit_of_work():
        kept = recovery.renew(town.member.identity_id)  # type: ignore[arg-type]
    assert len(set(kept)) == 10
    assert ben.send("/sign-in/factor", kind="recovery", code=kept[0].upper()).status_code == 303
    other = Visitor(app)
    other.sign_in("ben@home.example")
    assert other.send("/sign-in/factor", kind="recovery", code=kept[0]).status_code == 422
    assert other.send("/sign-in/factor", kind="recovery", code=kept[1]).status_code == 303


@pytest.mark.requirement("OF-033", "LG-131")
def test_a_new_person_reaches_the_enrolment_alone_until_a_factor_is_confirmed(visitor: Visitor, town: Town, noon: None) -> None:
    settle(town, second_factor="required", second_factor_grace_days="0")
    visitor.sign_in("ben@home.example", wanted=PAGE)
    for address in (PAGE, "/", "/home/settings/security", "/sign-in/factor"):
        assert visitor.get(address).location.startswith("/sign-in/enrol"), address
    page = visitor.get("/sign-in/enrol").text
    assert "<svg" in page
    secret, ticket = shown_in(page)
    wrong = visitor.send("/sign-in/enrol", kind="totp", ticket=ticket, code="000000")
    assert wrong.status_code == 422
    assert shown_in(wrong.text) == (secret, ticket), "what was scanned already stays good after a mistake"
    assert visitor.get(PAGE).status_code == 303
    shown = visitor.send("/sign-in/enrol", kind="totp", ticket=ticket, code=now_of(pyotp.TOTP(secret)), next=PAGE)
    assert shown.status_code == 200
    assert len(re.findall(r"<li>[a-z2-9]{5}-[a-z2-9]{5}</li>", shown.text)) == 10
    assert visitor.get(PAGE).status_code == 200


def test_during_grace_a_banner_says_until_when_and_afterwards_nothing_else_opens(visitor: Visitor, town: Town) -> None:
    settle(town, second_factor="required", second_factor_grace_days="3")
    visitor.sign_in("ben@home.example")
    assert "Set up a second factor by" in visitor.get(PAGE).text
    with clock.at(clock.now() + timedelta(days=2, hours=23)):
        visitor.sign_in("ben@home.example")
        assert visitor.get(PAGE).status_code == 200
    with clock.at(clock.now() + timedelta(days=3, minutes=1)):
        assert visitor.get(PAGE).location.startswith("/sign-in/enrol"), "a session that began in time ends its grace too"
        visitor.sign_in("ben@home.example")
        assert visitor.get(PAGE).location.startswith("/sign-in/enrol")


def test_where_it_is_optional_nobody_is_asked(visitor: Visitor, town: Town) -> None:
    settle(town, second_factor="optional")
    visitor.sign_in("ben@home.example")
    assert "Set up a second factor by" not in visitor.get(PAGE).text


def test_the_strictest_of_several_organisations_counts(town: Town) -> None:
    from app.core import people
    from app.core.auth.policy import policy_of

    with acting(town.away, SYSTEM), unit_of_work():
        people.enrol("Ben", "ben@home.example")
    settle(town, second_factor="optional")
    with unit_of_work():
        policy = policy_of(town.member.identity_id)  # type: ignore[arg-type]
        assert sorted(policy.values("auth.second_factor")) == ["optional", "required"]
        assert policy.factor_required
        assert policy.factor_grace == timedelta(days=14)


def test_the_secret_is_not_readable_in_the_database(half: tuple[Visitor, pyotp.TOTP], town: Town) -> None:
    from cryptography.exceptions import InvalidTag
    from sqlalchemy import text

    from app.core.auth.factors.sealing import unseal
    from app.kernel.db import as_identity
    from app.kernel.records import new_id

    _ben, codes = half
    who = town.member.identity_id
    assert who
    with unit_of_work() as work, as_identity(who):
        sealed = bytes(work.execute(text("SELECT secret FROM second_factor")).scalar_one())
    assert codes.secret.encode() not in sealed
    assert unseal(sealed, who) == codes.secret
    with pytest.raises(InvalidTag):
        unseal(sealed, new_id())


def test_the_page_of_factors_asks_again_who_one_is_and_then_goes_on(ben: Visitor, town: Town) -> None:
    with clock.at(clock.now() + timedelta(minutes=11)):
        asked = ben.get("/home/settings/security/new/totp")
        assert "Confirm that it is you" in asked.text
        assert "<svg" not in asked.text.partition('role="img"')[2]
        wrong = ben.send("/home/prove", proof="wrong", proof_of_you="1", next="/home/settings/security/new/totp")
        assert wrong.status_code == 422
        right = ben.send("/home/prove", proof=PASSWORD, proof_of_you="1", next="/home/settings/security/new/totp")
        assert right.location == "/home/settings/security/new/totp"
        assert "QR code" in ben.get("/home/settings/security/new/totp").text


def test_what_was_typed_goes_along_with_the_proof(ben: Visitor, town: Town) -> None:
    codes = with_totp(town.member.identity_id)
    with clock.at(clock.now().replace(second=10) + timedelta(minutes=11)):
        asked = ben.send("/home/settings/security/remove/totp", form="/home/settings/security", note="kept")
        assert 'name="note" value="kept"' in asked.text
        settle(town, second_factor="required")
        refused = ben.send("/home/settings/security/remove/totp", form="/home/settings/security", proof_of_you="1", proof=now_of(codes))
        assert refused.status_code == 409, "the last factor stays where one is required"
        settle(town, second_factor="optional")
        assert ben.send("/home/settings/security/remove/totp", form="/home/settings/security", proof_of_you="1",
                        proof=PASSWORD).status_code == 303
        assert "Not set up" in ben.get("/home/settings/security").text


def test_each_page_offers_another_authenticator_for_its_session_and_ten_minutes(visitor: Visitor, app: Flask, town: Town,
                                                                               noon: None) -> None:
    settle(town, second_factor="required", second_factor_grace_days="0")
    other, step = Visitor(app), "/sign-in/enrol"
    for browser in (visitor, other):
        browser.sign_in("ben@home.example")
    (first, ticket), (second, _ticket) = shown_in(visitor.get(step).text), shown_in(visitor.get(step).text)
    assert first != second
    identity = town.member.identity_id
    assert identity
    with unit_of_work() as work, as_identity(identity):
        assert not work.scalar(select(func.count()).select_from(SecondFactor)), "looking at the page keeps nothing"
    assert other.send(step, kind="totp", ticket=ticket, code=now_of(pyotp.TOTP(first))).status_code == 422
    with clock.at(clock.now() + timedelta(minutes=10)):
        assert visitor.send(step, kind="totp", ticket=ticket, code=now_of(pyotp.TOTP(first))).status_code == 422
    assert visitor.send(step, kind="totp", ticket=ticket, code=now_of(pyotp.TOTP(second))).status_code == 422
    assert visitor.send(step, kind="totp", ticket=ticket, code=now_of(pyotp.TOTP(first))).status_code == 200
