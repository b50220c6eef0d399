"""An open stream is good for as long as its session is, and its reader may enter the organisation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import auth
from app.core.auth import sessions
from app.core.auth.models import UserSession
from app.core.organisations import load_organisation
from app.core.people import Member
from app.core.people.models import Status
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import as_identity, unit_of_work
from tests.core.auth.conftest import Town
from tests.core.visitors import Visitor

Deed = Callable[[Town, UserSession], None]


def _held(town: Town) -> UserSession:
    assert town.member.identity_id
    with unit_of_work() as work:
        (found,) = sessions.living(town.member.identity_id)
        work.expunge(found)
    return found


def _is_heard(app: Flask, town: Town, session_id: Any, place: object = None, case: UUID | None = None) -> bool:
    pair = (str(place or town.home.id), auth.proof_of(session_id, case))
    return pair in app.extensions["living"]({pair})


def _suspend(town: Town, _held: UserSession) -> None:
    with acting(town.home, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (town.home.id, town.member.id)).status = Status.SUSPENDED


def _archive(town: Town, _held: UserSession) -> None:
    with acting(town.home, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (town.home.id, town.member.id)).archived_at = clock.now()


def _end(town: Town, held: UserSession) -> None:
    with unit_of_work():
        sessions.end_session(held.id, held.identity_id)


def _disable(town: Town, held: UserSession) -> None:
    with unit_of_work():
        auth.disable(held.identity_id)


def _half(town: Town, held: UserSession) -> None:
    with unit_of_work() as work, as_identity(held.identity_id):
        work.get_one(UserSession, held.id).stage = "factor"
        work.flush()


@pytest.mark.parametrize("deed", [_suspend, _archive, _end, _disable, _half])
def test_it_ends_with_what_let_its_reader_in(app: Flask, ben: Visitor, town: Town, deed: Deed) -> None:
    held = _held(town)
    assert _is_heard(app, town, held.id)
    deed(town, held)
    assert not _is_heard(app, town, held.id)


def test_it_ends_with_the_time_of_its_session(app: Flask, ben: Visitor, town: Town) -> None:
    held = _held(town)
    with clock.at(held.idle_until + timedelta(seconds=1)):
        assert not _is_heard(app, town, held.id)


def test_another_organisation_and_an_unknown_session_hear_nothing(app: Flask, ben: Visitor, town: Town) -> None:
    assert not _is_heard(app, town, _held(town).id, town.away.id)
    assert not _is_heard(app, town, town.member.id)
    assert load_organisation(town.away.id)


def test_who_listens_as_somebody_else_is_held_to_the_case(app: Flask, ben: Visitor, town: Town) -> None:
    """A session that has no case now does not keep the stream of one, and the other way round."""
    held = _held(town)
    assert not _is_heard(app, town, held.id, case=town.owner.id)
    with unit_of_work() as work, as_identity(held.identity_id):
        work.get_one(UserSession, held.id).impersonation_id = town.owner.id
        work.flush()
    assert not _is_heard(app, town, held.id)
    assert not _is_heard(app, town, held.id, case=town.owner.id), "there is no such case"
