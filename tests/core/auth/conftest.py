"""One organisation with an owner and a member, another that they are not in, and a browser."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask

from app.core.people import Member
from app.kernel.current import Organisation
from tests.core.auth.letters import Mailbox, mailbox
from tests.core.visitors import Visitor, enrol, found


@dataclass(frozen=True)
class Town:
    """What the tests of sign-in stand in."""

    home: Organisation
    away: Organisation
    owner: Member
    member: Member


@pytest.fixture
def town(app: Flask) -> Town:
    """Two organisations; `ada` owns the first, `ben` is a member of it."""
    home, away = found("home"), found("away")
    enrol(away, "zoe@away.example", "owner")
    return Town(home, away, enrol(home, "ada@home.example", "owner"), enrol(home, "ben@home.example"))


@pytest.fixture
def visitor(app: Flask, town: Town) -> Visitor:
    """A browser, signed out."""
    return Visitor(app)


@pytest.fixture
def ben(app: Flask, town: Town) -> Visitor:
    """The member's browser, signed in."""
    browser = Visitor(app)
    assert browser.sign_in("ben@home.example").status_code == 303
    return browser


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch, town: Town) -> Mailbox:
    """The mailboxes of the home organisation."""
    return mailbox(monkeypatch, town.home)
