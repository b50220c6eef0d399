"""The lock after five: against many at once, across restarts and an emptied Redis, and in the trail."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from flask import Flask

from app.core.audit.models import AuditEntry
from app.core.auth import secrets, signing
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import PLATFORM_ID, SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, TooMany
from tests.core.auth.conftest import Town
from tests.core.visitors import PASSWORD, Visitor, enrol, found
from tests.infra.databases import Database, make_app

BEN, THREADS = "ben@home.example", 50


def _trail(action: str) -> list[AuditEntry]:
    with acting(Organisation(PLATFORM_ID, "", ""), SYSTEM), unit_of_work() as work:
        entries = work.query(AuditEntry).filter_by(action=action).order_by(AuditEntry.at).all()
        work.expunge_all()
    return entries


@pytest.fixture
def member(fresh_database: Database) -> Iterator[Member]:
    """A member whose tries are committed for good."""
    with fresh_database.app.app_context():
        yield enrol(found("home"), BEN)


@pytest.mark.requirement("OF-032")
def test_the_right_password_opens_the_home_page_and_a_wrong_one_says_nothing(visitor: Visitor) -> None:
    assert "The e-mail address or the password is not right." in visitor.sign_in(BEN, "wrong").text
    assert visitor.sign_in(BEN).location == "/"
    assert visitor.get("/").location == "/home/"


@pytest.mark.requirement("OF-042")
def test_the_sixth_try_is_refused_though_it_is_right_and_stands_in_the_trail(visitor: Visitor) -> None:
    for _ in range(5):
        assert visitor.sign_in(BEN, "wrong").status_code == 422
    locked = visitor.sign_in(BEN)
    assert locked.status_code == 429
    assert "Too many attempts" in locked.text
    assert [entry.context["reason"] for entry in _trail("auth.sign_in")] == ["password"] * 5 + ["locked"]


@pytest.mark.requirement("OF-052")
def test_too_many_tries_say_how_long_to_wait_and_then_it_works_again(visitor: Visitor) -> None:
    answers = [visitor.sign_in(BEN, "wrong").status_code for _ in range(5)]
    assert answers == [422] * 5
    locked = visitor.sign_in(BEN)
    assert locked.status_code == 429
    assert "Try again in 15 minutes." in locked.text
    with clock.at(clock.now() + timedelta(seconds=int(locked.headers["Retry-After"]) + 1)):
        assert visitor.sign_in(BEN).status_code == 303


@pytest.mark.requirement("OF-051")
def test_every_try_is_in_the_trail_with_time_address_and_result(visitor: Visitor) -> None:
    before = clock.now()
    visitor.sign_in(BEN, "wrong")
    visitor.sign_in("nobody@home.example", "wrong")
    visitor.sign_in(BEN)
    entries = _trail("auth.sign_in")
    assert [(entry.result, entry.context["source"]) for entry in entries] == [("refused", "127.0.0.1")] * 2 + [("ok", "127.0.0.1")]
    assert all(before <= entry.at <= clock.now() for entry in entries)
    assert [entry.context.get("reason") for entry in entries] == ["password", "unknown", None], "the trail tells them apart"


@pytest.mark.requirement("OF-217")
def test_signing_in_and_out_failing_and_changing_the_password_leave_four_lines(visitor: Visitor, town: Town) -> None:
    visitor.sign_in(BEN, "wrong")
    visitor.sign_in(BEN)
    new = "quiet lanterns drift past harbour"
    visitor.send("/home/settings/password", current=PASSWORD, password=new, again=new)
    visitor.send("/sign-out", form="/home/settings/")
    assert [entry.result for entry in _trail("auth.sign_in")] == ["refused", "ok"]
    assert len(_trail("auth.sign_out")) == 1
    with acting(town.home, SYSTEM), unit_of_work() as work:
        assert work.query(AuditEntry).filter_by(action="auth.password.changed").count() == 1


def test_of_fifty_wrong_ones_at_once_five_are_looked_at(member: Member, fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: Counter[str] = Counter()
    real, lock = secrets.is_password, threading.Lock()

    def watched(secret: str | None, password: str) -> bool:
        with lock:
            looked["at"] += 1
        return real(secret, password)

    monkeypatch.setattr(signing, "is_password", watched)
    together, answers = threading.Barrier(THREADS), Counter[str]()

    def guess(number: int) -> None:
        with fresh_database.app.app_context():
            together.wait()
            try:
                signing.sign_in(BEN, f"wrong {number}", source="192.0.2.1", agent="")
            except (Invalid, TooMany) as error:
                with lock:
                    answers[type(error).__name__] += 1

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {"Invalid": 5, "TooMany": THREADS - 5}
    assert looked["at"] == 5


def test_the_lock_outlives_a_restart_and_an_emptied_redis(member: Member, fresh_database: Database) -> None:
    def tried(app: Flask) -> Any:
        return Visitor(app).sign_in(BEN).status_code

    browser = Visitor(fresh_database.app)
    for _ in range(5):
        browser.sign_in(BEN, "wrong")
    redis.Redis.from_url(fresh_database.environ["REDIS_URL"]).flushdb()
    assert tried(fresh_database.app) == 429
    assert tried(make_app(fresh_database.environ)) == 429
