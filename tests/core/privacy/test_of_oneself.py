"""Somebody asks for their own data from their settings, gets it once an administrator agreed, and cannot ask for anybody else's."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.approvals import decide
from app.core.approvals.models import ApprovalRequest
from app.core.people import Member
from app.core.privacy.models import PersonRequest, Status
from app.kernel import clock, jobs, outbox
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import session, unit_of_work
from tests.core.visitors import Visitor, actor_of, enrol, found

NEW, LIST = "/own-co/privacy/requests/new", "/own-co/privacy/requests/"


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an administrator, two members and a client."""
    made = found("own-co")
    for name, role in (("adam", "admin"), ("anna", "admin"), ("mia", "member"), ("noor", "member"), ("cleo", "client")):
        enrol(made, f"{name}@own.example", role)
    return made


def browser_of(app: Flask, name: str) -> Visitor:
    """The browser of somebody, signed in."""
    browser = Visitor(app)
    assert browser.sign_in(f"{name}@own.example").status_code == 303
    return browser


def member(place: Organisation, name: str) -> Member:
    """A member, as they stand."""
    with acting(place, SYSTEM), unit_of_work() as work:
        kept = work.scalars(select(Member).where(Member.email == f"{name}@own.example")).one()
        work.expunge(kept)
    return kept


def typed(page: str, name: str) -> str:
    """What a field of the form holds."""
    said = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    return said[1] if said else ""


@pytest.mark.requirement("OF-515")
@pytest.mark.requirement("LG-317")
@pytest.mark.parametrize("name", ["mia", "cleo"])
def test_one_asks_for_ones_own_data_and_opens_the_copy(app: Flask, place: Organisation, name: str) -> None:
    browser = browser_of(app, name)
    assert f'href="{LIST}"' in browser.get("/own-co/settings/").text
    page = browser.get(NEW).text
    own = member(place, name)
    sent = browser.send(NEW, kind="access", member=str(own.id), reason="For my files", version="", _key=typed(page, "_key"))
    assert sent.status_code == 303, sent.text[:500]
    with acting(place, SYSTEM), unit_of_work() as work:
        asked = work.scalars(select(PersonRequest)).one()
        assert (asked.member_id, asked.status) == (own.id, Status.OPEN), "nothing happens before somebody agrees"
        waits, reference = work.scalars(select(ApprovalRequest)).one(), asked.reference
        work.expunge(waits)
    with acting(place, actor_of(place, member(place, "adam")), channel="page"), unit_of_work():
        decide(waits.id, "approve", shown_hash=waits.snapshot_hash)
    with clock.at(clock.now() + timedelta(hours=1)), acting(None, None):
        outbox.drain(place.id)
    with acting(place, SYSTEM), unit_of_work():
        job_id = session().scalars(select(jobs.Job.id).where(jobs.Job.function.like("%hand_over"))).one()
    with clock.at(clock.now() + timedelta(hours=1)):
        assert jobs.run(job_id, place.id)
    shown = browser.get(f"{LIST}{reference}/")
    assert shown.status_code == 200
    link = re.search(r'href="(/own-co/files/[^"]+)"', shown.text)
    assert link, "the copy can be taken from the page"
    with zipfile.ZipFile(io.BytesIO(browser.get(link[1]).data)) as packed:
        (told,) = json.loads(packed.read("data.json"))["data"]["member"]
    assert told["email"] == f"{name}@own.example"
    noor = browser_of(app, "noor")
    assert noor.get(f"{LIST}{reference}/").status_code == 404
    assert noor.get(link[1]).status_code == 404
    assert reference not in noor.get(LIST).text


def test_nobody_asks_for_the_data_of_somebody_else(app: Flask, place: Organisation) -> None:
    mia, noor = browser_of(app, "mia"), member(place, "noor")
    refused = mia.send(NEW, kind="access", member=str(noor.id), reason="Curious", version="", _key=typed(mia.get(NEW).text, "_key"))
    assert refused.status_code == 422
    assert "Ask for your own data here" in refused.text
    with acting(place, SYSTEM), unit_of_work() as work:
        assert work.scalars(select(PersonRequest)).all() == []
    adam = browser_of(app, "adam")
    noted = adam.send(NEW, kind="access", member=str(noor.id), reason="Letter", version="", _key=typed(adam.get(NEW).text, "_key"))
    assert noted.status_code == 303
