"""What proves a person is counted before it is looked at and used up at once, also by many at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pyotp
import pytest

from app.core.auth.factors import authenticator, proving, recovery
from app.core.people import Member
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, TooMany
from tests.core.auth.test_second_step import now_of, with_totp
from tests.core.visitors import Visitor, enrol, found
from tests.infra.databases import Database

THREADS = 20


@pytest.fixture
def ben(fresh_database: Database) -> Iterator[tuple[Member, pyotp.TOTP]]:
    """A member of `home` with an authenticator; commits are real."""
    with fresh_database.app.app_context():
        member = enrol(found("home"), "ben@home.example")
        yield member, with_totp(member.identity_id)


def at_once(database: Database, work: object) -> list[bool]:
    """Whether each of many threads succeeds that do the same at the same moment."""
    ready = Barrier(THREADS)

    def one(_number: int) -> bool:
        with database.app.app_context():
            ready.wait()
            with unit_of_work():
                return bool(work())  # type: ignore[operator]

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


@pytest.mark.requirement("OF-034")
def test_one_code_in_twenty_threads_is_right_once(ben: tuple[Member, pyotp.TOTP], fresh_database: Database) -> None:
    member, codes = ben
    code = now_of(codes)
    assert at_once(fresh_database, lambda: authenticator.check(member.identity_id, code)).count(True) == 1  # type: ignore[arg-type]


def test_one_recovery_code_in_twenty_threads_is_right_once(ben: tuple[Member, pyotp.TOTP], fresh_database: Database) -> None:
    member, _codes = ben
    with unit_of_work():
        code = recovery.renew(member.identity_id)[0]  # type: ignore[arg-type]
    assert at_once(fresh_database, lambda: recovery.use(member.identity_id, code)).count(True) == 1  # type: ignore[arg-type]


def test_of_many_guesses_at_once_five_are_looked_at(ben: tuple[Member, pyotp.TOTP], fresh_database: Database,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    member, _codes = ben
    looked: list[str] = []
    monkeypatch.setattr(authenticator, "check", lambda _who, code: bool(looked.append(code)))

    def guess() -> bool:
        with pytest.raises((Invalid, TooMany)):
            proving.prove(member.identity_id, "totp", "000000")  # type: ignore[arg-type]
        return False

    at_once(fresh_database, guess)
    assert len(looked) == 5


def test_the_sixth_code_waits_wherever_it_comes_from(ben: tuple[Member, pyotp.TOTP], fresh_database: Database) -> None:
    _member, codes = ben
    with clock.at(clock.now().replace(second=10)):
        near, far = Visitor(fresh_database.app), Visitor(fresh_database.app)
        near.sign_in("ben@home.example")
        for _ in range(5):
            assert near.send("/sign-in/factor", kind="totp", code="000000").status_code == 422
        late = near.send("/sign-in/factor", kind="totp", code=now_of(codes))
        assert late.status_code == 429
        assert int(late.headers["Retry-After"]) <= 900
        far.sign_in("ben@home.example", source="192.0.2.7")
        assert far.send("/sign-in/factor", kind="totp", code=now_of(codes)).status_code == 429
