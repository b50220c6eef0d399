"""Consent is asked at the first sign-in, kept with version and day, withdrawn as easily, and nothing hangs on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import settings
from app.core.audit.models import AuditEntry
from app.core.people import Consent, Member
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.i18n import reading
from tests.core.visitors import Visitor, enrol, found


@pytest.fixture(autouse=True)
def english(app: Flask) -> Iterator[None]:
    """Words are compared in the language of the source."""
    with reading("en"):
        yield


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation that asks."""
    place = found("asking")
    enrol(place, "mia@asking.example")
    enrol(place, "ben@asking.example")
    say(place, **{"people.consent": "true", "people.consent_version": "2026-03", "people.consent_text": "May we print your photo?"})
    return place


def say(place: Organisation, **said: str) -> None:
    """Set what the organisation asks."""
    with acting(place, SYSTEM), unit_of_work():
        for key, value in said.items():
            settings.set(key, value)


def kept(place: Organisation) -> list[tuple[str, str, bool]]:
    """The answers: whose, to which version, yes or no; oldest first."""
    with acting(place, SYSTEM), unit_of_work() as work:
        rows = work.execute(select(Member.name, Consent.wording, Consent.given).join(Consent, Consent.member_id == Member.id)
                            .order_by(Consent.at, Consent.id))
        return [tuple(row) for row in rows]


@pytest.mark.requirement("OF-514")
def test_it_is_asked_first_kept_with_version_and_date_and_withdrawable(place: Organisation, app: Flask) -> None:
    mia, moment = Visitor(app), clock.now() + timedelta(minutes=5)
    with clock.at(moment):
        mia.sign_in("mia@asking.example")
        assert mia.get("/").headers["Location"] == "/asking/"
        assert mia.get("/asking/").headers["Location"] == "/asking/settings/consent"
        assert "May we print your photo?" in mia.get("/asking/settings/consent").text
        assert mia.send("/asking/settings/consent", given="true").headers["Location"] == "/asking/"
        assert mia.get("/asking/").headers["Location"] != "/asking/settings/consent"
    page = mia.get("/asking/settings/consent").text
    assert "You consented." in page
    assert "2026-03" in page
    assert "consent" in mia.get("/asking/settings/").text
    with clock.at(moment + timedelta(minutes=1)):
        assert mia.send("/asking/settings/consent", given="false").status_code == 303
    assert kept(place) == [("Mia", "2026-03", True), ("Mia", "2026-03", False)]
    with acting(place, SYSTEM), unit_of_work() as work:
        assert work.scalars(select(Consent.at).order_by(Consent.at)).first() == moment
        assert len(work.scalars(select(AuditEntry).where(AuditEntry.record_id.in_(select(Consent.id)))).all()) == 2


def test_who_says_no_works_on_and_is_not_asked_again_until_the_wording_changes(place: Organisation, app: Flask) -> None:
    ben = Visitor(app)
    ben.sign_in("ben@asking.example")
    assert ben.get("/asking/hse/incidents/").status_code == 200
    ben.send("/asking/settings/consent", given="false")
    assert ben.get("/asking/").headers["Location"] != "/asking/settings/consent"
    say(place, **{"people.consent_version": "2026-04"})
    assert ben.get("/asking/").headers["Location"] == "/asking/settings/consent"


def test_where_nothing_is_asked_there_is_no_page(app: Flask) -> None:
    enrol(found("silent"), "zoe@silent.example")
    zoe = Visitor(app)
    zoe.sign_in("zoe@silent.example")
    assert zoe.get("/silent/settings/consent").status_code == 404
    assert zoe.get("/silent/").headers["Location"] != "/silent/settings/consent"
