"""Signing in: the same answer for everybody who is not right, a lock after five, a new session each time, and no way out of this site."""

from __future__ import annotations

import re
import statistics
import time
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from app.core import auth
from app.core.auth import secrets, signing
from app.kernel import clock
from app.kernel.db import unit_of_work
from app.kernel.errors import TooMany
from tests.core.auth.conftest import Town
from tests.core.visitors import PASSWORD, Visitor


def test_the_right_password_leads_to_where_one_wanted_to_go(visitor: Visitor) -> None:
    asked = visitor.get("/home/organisation/sites/?q=ben")
    assert (asked.status_code, asked.location) == (303, "/sign-in?next=/home/organisation/sites/%3Fq%3Dben")
    assert visitor.sign_in("ben@home.example", wanted="/home/organisation/sites/?q=ben").location == "/home/organisation/sites/?q=ben"
    assert visitor.get("/home/organisation/sites/?q=ben").status_code == 200


def test_capitals_and_blanks_in_the_address_do_not_matter(visitor: Visitor) -> None:
    assert visitor.sign_in("  Ben@Home.example ").status_code == 303


def test_known_and_unknown_people_get_the_same_answer(visitor: Visitor) -> None:
    known = visitor.sign_in("ben@home.example", "wrong")
    unknown = visitor.sign_in("bob@home.example", "wrong")
    assert known.status_code == unknown.status_code == 422
    assert "The e-mail address or the password is not right." in known.text
    assert _plain(known.text, "ben") == _plain(unknown.text, "bob")


VARIES = re.compile(r'data-options="[^"]*"|name="ticket" value="[^"]*"|value="[0-9a-f]{96}"|nonce="[^"]*"|[0-9a-f]{8}-[0-9a-f-]{27}'
                    r'|content="[0-9a-f]{96}"')


def _plain(page: str, name: str) -> str:
    return VARIES.sub("", page).replace(name, "NAME")


def test_known_and_unknown_people_wait_as_long(town: Town) -> None:
    secret = secrets.hash_password(PASSWORD)
    secrets.is_password(None, "warm")

    def took(hashed: str | None) -> float:
        begun = time.perf_counter()
        secrets.is_password(hashed, "wrong")
        return time.perf_counter() - begun

    known, unknown = ([took(hashed) for _ in range(7)] for hashed in (secret, None))
    assert 0.5 < statistics.median(known) / statistics.median(unknown) < 2


def test_five_wrong_lock_the_account_from_that_source(visitor: Visitor, app: Flask) -> None:
    for _ in range(5):
        assert visitor.sign_in("ben@home.example", "wrong").status_code == 422
    locked = visitor.sign_in("ben@home.example")
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) <= 900
    assert Visitor(app).sign_in("ben@home.example", source="192.0.2.7").status_code == 303
    assert Visitor(app).sign_in("ada@home.example").status_code == 303


def test_an_unknown_account_is_locked_in_the_same_words(visitor: Visitor) -> None:
    for _ in range(5):
        visitor.sign_in("nobody@home.example", "wrong")
    assert visitor.sign_in("nobody@home.example", "wrong").status_code == 429


def test_the_lock_opens_after_a_quarter_of_an_hour(town: Town) -> None:
    for _ in range(5):
        with pytest.raises(Exception, match="not right"):
            signing.sign_in("ben@home.example", "wrong", source="192.0.2.1", agent="")
    with pytest.raises(TooMany):
        signing.sign_in("ben@home.example", PASSWORD, source="192.0.2.1", agent="")
    with clock.at(clock.now() + timedelta(minutes=15, seconds=1)):
        assert signing.sign_in("ben@home.example", PASSWORD, source="192.0.2.1", agent="")


def test_what_is_counted_is_no_directory(visitor: Visitor, database: Connection) -> None:
    visitor.sign_in("ben@home.example", "wrong")
    with pytest.raises(DBAPIError, match="permission denied"), database.begin_nested():
        database.execute(text("SELECT account FROM sign_in_attempt"))
    assert "ben" not in secrets.keyed("account", "ben@home.example")
    assert secrets.keyed("account", "ben@home.example") != secrets.keyed("source", "ben@home.example")


def test_a_success_forgets_the_wrong_tries(visitor: Visitor, app: Flask) -> None:
    for _ in range(4):
        visitor.sign_in("ben@home.example", "wrong")
    assert visitor.sign_in("ben@home.example").status_code == 303
    other = Visitor(app)
    for _ in range(4):
        other.sign_in("ben@home.example", "wrong")
    assert other.sign_in("ben@home.example").status_code == 303


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
                                     "javascript:alert(1)", " //evil.example", "/\x00/evil"])
def test_next_stays_on_this_site(visitor: Visitor, address: str) -> None:
    assert visitor.sign_in("ben@home.example", wanted=address).location == "/"


def test_a_session_brought_along_is_not_kept(visitor: Visitor) -> None:
    name = visitor.app.extensions["settings"].cookie("session")
    visitor.client.set_cookie(name, "planted-by-somebody-else")
    visitor.sign_in("ben@home.example")
    first = visitor.cookie()
    assert first not in ("", "planted-by-somebody-else")
    again = Visitor(visitor.app)
    again.client.set_cookie(name, first)
    assert again.get("/home/organisation/departments/").status_code == 200
    with unit_of_work() as work:
        kept = work.execute(text("SELECT proof FROM auth_enter('session', :secret, NULL, now())"), {"secret": first}).scalar()
    assert kept is None, "the table holds hashes, not what the cookie holds"


def test_the_secret_changes_at_each_sign_in(app: Flask, town: Town) -> None:
    cookies = []
    for _ in range(2):
        browser = Visitor(app)
        browser.sign_in("ben@home.example")
        cookies.append((browser.cookie(), browser.cookie("state")))
    assert cookies[0][0] != cookies[1][0]


def test_the_cookie_is_closed_to_script_and_to_other_sites(visitor: Visitor) -> None:
    cookie = next(c for c in visitor.sign_in("ben@home.example").headers.getlist("Set-Cookie") if c.startswith("session"))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_signing_out_ends_the_session_everywhere(ben: Visitor, app: Flask) -> None:
    copy = Visitor(app)
    copy.client.set_cookie(app.extensions["settings"].cookie("session"), ben.cookie())
    assert copy.get("/home/organisation/departments/").status_code == 200
    out = ben.send("/sign-out", form="/home/settings/")
    assert (out.status_code, out.headers["Clear-Site-Data"]) == (303, '"cache", "storage"'), "what the browser kept goes too"
    assert ben.cookie() == ""
    assert copy.get("/home/organisation/departments/").location.startswith("/sign-in")


def test_a_password_made_with_weaker_settings_is_hashed_anew(town: Town) -> None:
    from argon2 import PasswordHasher
    from sqlalchemy import update

    from app.core.auth.models import Credential
    from app.kernel.db import as_identity

    identity = town.member.identity_id
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with unit_of_work() as work, as_identity(identity):
        work.execute(update(Credential).where(Credential.identity_id == identity).values(secret=weak))
    signing.sign_in("ben@home.example", PASSWORD, source="192.0.2.2", agent="")
    with unit_of_work() as work, as_identity(identity):
        kept = work.scalar(select(Credential.secret))
    assert kept != weak
    assert kept.startswith("$argon2id$")
    assert auth.verify_password(identity, PASSWORD)
