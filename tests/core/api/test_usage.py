"""What programs ask is counted by minute, kept once, and shown as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import auth
from app.core.api import counting, keeping
from app.core.api.figures import report
from app.core.api.models import ApiUsage
from app.core.people import Member
from app.kernel import carrier, clock
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from tests.core.visitors import Visitor, actor_of, enrol, found

NOW = datetime(2026, 3, 4, 10, 30, 20, tzinfo=UTC)
SITES, PEOPLE = "/api/v1/home/organisation/sites/", "/api/v1/home/people/members/"
TOOK = 40  # milliseconds of each call


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an owner and a member."""
    made = found("home")
    enrol(made, "ada@home.example", "owner")
    enrol(made, "mo@home.example", "member")
    return made


@pytest.fixture
def even(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call takes as long."""
    ticks = count()
    monkeypatch.setattr(counting, "time", SimpleNamespace(perf_counter=lambda: next(ticks) * TOOK / 1_000))


def token(place: Organisation, name: str) -> dict[str, str]:
    """The header of a new token of the owner."""
    with acting(place, SYSTEM), unit_of_work() as work:
        owner = actor_of(place, work.scalars(select(Member).where(Member.email == "ada@home.example")).one())
    with acting(place, owner), unit_of_work():
        return {"Authorization": f"Bearer {auth.make_token(name, ('read_only',))[1]}"}


@pytest.fixture
def traffic(app: Flask, place: Organisation, even: None) -> Iterator[None]:
    """Five calls of one program, one of another: four lists, one that is refused and one of nothing; in two minutes."""
    with clock.at(NOW - timedelta(minutes=8)):
        heavy, light, client = token(place, "Heavy"), token(place, "Light"), app.test_client()
        for address, who in ((SITES, heavy), (SITES, heavy), (SITES, light)):
            assert client.get(address, headers=who).status_code == 200
    with clock.at(NOW - timedelta(minutes=1)):
        for address, status in ((SITES, 200), (f"{SITES}nothing/", 404), (PEOPLE + "?zz=1", 422)):
            assert client.get(address, headers=heavy).status_code == status
    with clock.at(NOW):
        yield


def figures(place: Organisation) -> dict[str, Any]:
    """What the last hour came to."""
    with acting(place, SYSTEM), unit_of_work():
        said = report("hour")
    return {"calls": said.whole.calls, "refused": said.whole.refused, "broken": said.whole.broken, "mean": said.whole.mean,
            "slowest": said.whole.slowest, "endpoints": [(name, each.calls, each.errors) for name, each in said.endpoints],
            "consumers": [each.calls for _who, each in said.consumers], "steps": [each.calls for _when, each in said.steps if each.calls],
            "per_minute": said.per_minute * said.minutes}


EXPECTED = {"calls": 6, "refused": 2, "broken": 0, "mean": TOOK, "slowest": 50, "consumers": [5, 1], "steps": [3, 3], "per_minute": 6,
            "endpoints": [("GET /organisation/sites/", 4, 0), ("GET /organisation/sites/<reference>/", 1, 1),
                          ("GET /people/members/", 1, 1)]}


@pytest.mark.requirement("OF-248", "OF-249", "OF-250")
def test_known_traffic_is_what_the_page_shows(app: Flask, place: Organisation, traffic: None) -> None:
    assert figures(place) == EXPECTED
    ada = Visitor(app)
    ada.sign_in("ada@home.example")
    page = ada.get("/home/developers/usage?period=hour")
    assert page.status_code == 200
    text = " ".join(page.text.split())
    for label, value in (("Calls", "6"), ("Latency on average", "40 ms"), ("Errors", "33.3 %"), ("Refused", "2")):
        assert f'{label}</dt><dd class="mt-1 text-lg font-semibold tabular-nums">{value}</dd>' in text, label
    assert text.index("GET /organisation/sites/") < text.index("GET /people/members/")
    assert text.index("Heavy (Ada)") < text.index("Light (Ada)")


def test_what_is_counted_is_kept_once(place: Organisation, traffic: None) -> None:
    with acting(place, SYSTEM):
        keeping.keep()
        assert len(counting.minutes()) == 1, "the last minute may still grow"
    assert figures(place) == EXPECTED
    with clock.at(NOW + timedelta(minutes=5)), acting(place, SYSTEM):
        kept = counting.minutes()
        keeping.keep()
        assert counting.minutes() == []
        for minute in kept:  # as after a crash between the commit and the forgetting
            carrier.connection().sadd(f"opsflux:usage:{place.id}:minutes", minute)
        keeping.keep()
    assert figures(place) == EXPECTED


def test_what_is_old_is_forgotten(place: Organisation, traffic: None) -> None:
    with acting(place, SYSTEM):
        with clock.at(NOW + timedelta(days=1)):
            keeping.keep()
        with clock.at(NOW + timedelta(days=29)):
            keeping.forget()
            assert _rows() > 0
        with clock.at(NOW + timedelta(days=31)):
            keeping.forget()
            assert _rows() == 0


def _rows() -> int:
    with unit_of_work() as work:
        return work.scalar(select(func.count()).select_from(ApiUsage)) or 0


def test_the_page_is_for_administrators(app: Flask, place: Organisation) -> None:
    mo, ada = Visitor(app), Visitor(app)
    mo.sign_in("mo@home.example")
    ada.sign_in("ada@home.example")
    assert mo.get("/home/developers/usage").status_code == 403
    assert mo.get("/home/developers/").status_code == 200
    assert ada.get("/home/developers/usage").status_code == 200
    assert ada.get("/home/developers/usage?period=year").status_code == 404


def test_without_redis_calls_are_answered_and_not_counted(app: Flask, place: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = token(place, "Any")
    monkeypatch.setattr(carrier, "is_resting", lambda: True)
    assert app.test_client().get(SITES, headers=asked).status_code == 200
    monkeypatch.undo()
    with acting(place, SYSTEM):
        assert counting.minutes() == []
