"""A password is guessed nowhere faster than at the door: proof before a RED decision or another password counts like a sign-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.core import auth
from app.core.people import Member
from app.kernel.db import unit_of_work
from app.kernel.errors import TooMany
from tests.core.visitors import PASSWORD, Visitor, enrol, found
from tests.infra.databases import Database


@pytest.fixture
def ben(fresh_database: Database) -> Iterator[Member]:
    """A member of `home`; commits are real, so that what is counted apart stays when the work is undone."""
    with fresh_database.app.app_context():
        yield enrol(found("home"), "ben@home.example")


def prove(member: Member, password: str) -> bool:
    """One proof, in a piece of work that is undone, as a refused decision is."""
    with unit_of_work() as work:
        try:
            return auth.verify_password(member.identity_id, password)
        finally:
            work.rollback()


def test_the_sixth_try_is_refused_even_when_it_is_right_and_a_right_one_forgets(ben: Member) -> None:
    for _ in range(4):
        assert not prove(ben, "wrong")
    assert prove(ben, PASSWORD)
    for _ in range(5):
        assert not prove(ben, "wrong")
    with pytest.raises(TooMany) as refused:
        prove(ben, PASSWORD)
    assert 0 < refused.value.retry_after <= 900


def test_guesses_inside_are_refused_with_a_page_and_count_at_the_door_too(ben: Member, fresh_database: Database) -> None:
    browser = Visitor(fresh_database.app)
    assert browser.sign_in("ben@home.example").status_code == 303
    for _ in range(5):
        assert browser.send("/home/settings/password", current="wrong", password="x" * 12, again="x" * 12).status_code == 422
    answer = browser.send("/home/settings/password", current=PASSWORD, password="x" * 12, again="x" * 12)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "Too many attempts" in answer.text
    assert Visitor(fresh_database.app).sign_in("ben@home.example").status_code == 429
    assert Visitor(fresh_database.app).sign_in("ben@home.example", source="192.0.2.7").status_code == 303
