"""What costs much may be asked only so often: by a member, by a token, from an address; with Redis and without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from app.core import auth
from app.kernel import carrier, limits
from app.kernel.errors import TooMany
from app.kernel.limits import Limit
from tests.core.visitors import Visitor, actor_of, enrol, found

LIST = "/api/v1/home/organisation/departments/"


@pytest.fixture
def ada(app: Flask) -> Iterator[Visitor]:
    """The owner's browser, signed in."""
    enrol(found("home"), "ada@home.example", "owner")
    browser = Visitor(app)
    assert browser.sign_in("ada@home.example").status_code == 303
    return browser


def few(monkeypatch: pytest.MonkeyPatch, app: Flask, *endpoints: str) -> None:
    """Let these views be asked for three times a minute."""
    for endpoint in endpoints:
        view = app.view_functions[endpoint]
        monkeypatch.setattr(view, "limit", replace(view.limit, most=3, seconds=3600))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("endpoint", "address"), [
    ("finding.find", "/home/search?q=x"), ("finding.palette", "/home/palette?q=x"), ("people.member_pick", "/home/people/members/pick?q=a"),
    ("people.member_export", "/home/people/members/export?format=csv")])
def test_the_fourth_is_refused_with_a_page_that_says_when(ada: Visitor, app: Flask, monkeypatch: pytest.MonkeyPatch, endpoint: str,
                                                           address: str) -> None:
    few(monkeypatch, app, endpoint)
    assert [ada.get(address).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = ada.get(address)
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert "Too many attempts" in refused.text
    assert "</html>" in refused.text
    assert ada.get("/home/organisation/departments/").status_code == 200, "the rest stays open"


def test_files_too(ada: Visitor, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, app, "procurement.payment_upload")
    sent = [ada.send("/home/procurement/payments/import").status_code for _ in range(4)]
    assert sent == [422, 422, 422, 429]


def test_a_token_has_a_limit_of_its_own_and_a_session_has_none(ada: Visitor, app: Flask) -> None:
    from app.core import organisations, settings
    from app.core.people import Member
    from app.kernel.current import SYSTEM, acting
    from app.kernel.db import unit_of_work

    place = organisations.load_organisation(organisations.place_of("home"))  # type: ignore[arg-type]
    assert place is not None
    with acting(place, SYSTEM), unit_of_work() as work:
        owner = actor_of(place, work.query(Member).one())
    with acting(place, owner), unit_of_work():
        _token, secret = auth.make_token("reader")
        settings.set("api.requests_per_hour", 10)
    asked = [app.test_client().get(LIST, headers={"Authorization": f"Bearer {secret}"}) for _ in range(11)]
    assert [answer.status_code for answer in asked] == [200] * 10 + [429]
    assert [int(answer.headers["RateLimit-Remaining"]) for answer in asked] == [*range(9, -1, -1), 0]
    assert {answer.headers["RateLimit-Limit"] for answer in asked} == {"10"}
    assert asked[-1].mimetype == "application/problem+json"
    assert int(asked[-1].headers["Retry-After"]) > 0
    assert [ada.get(LIST).status_code for _ in range(4)] == [200] * 4


def test_guesses_at_tokens_are_counted_by_address(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STRANGER", Limit("stranger", 3, 3600))
    guess = {"Authorization": "Bearer " + "0" * 32}
    assert [app.test_client().get(LIST, headers=guess).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert app.test_client().get(LIST, headers=guess, environ_base={"REMOTE_ADDR": "192.0.2.9"}).status_code == 401


def test_while_redis_is_away_each_process_grants_a_part(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_said: object) -> None:
        raise OSError("away")

    monkeypatch.setattr(carrier, "connection", away)
    monkeypatch.setattr(limits, "_here", type(limits._here)())
    app.extensions.pop("redis.rest", None)
    for _ in range(2):
        limits.take(Limit("some", 8, 3600), "ada")
    with pytest.raises(TooMany):
        limits.take(Limit("some", 8, 3600), "ada")
    limits.take(Limit("some", 8, 3600), "ben")
    app.extensions.pop("redis.rest", None)
