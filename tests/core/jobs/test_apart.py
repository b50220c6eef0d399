"""Two organisations in one application: its caches, its queues and its jobs tell the one nothing of the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from flask import Flask
from sqlalchemy import func, select

from app.core import auth, files, settings
from app.core.jobs.views import SIZE
from app.kernel import carrier, jobs, limits
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.kernel.jobs import Job
from tests.contract import checks
from tests.core.visitors import Visitor, actor_of, enrol, found
from tests.infra.databases import Database

pytestmark = pytest.mark.requirement("OF-565")
MARK, NEAR = "Zirconium", "zirconiam"  # a word of theirs alone, and one that is nearly it
NOT_THERE = "INC-1999-99999"


@pytest.fixture
def app(fresh_database: Database) -> Iterator[Flask]:
    """The application on a database of the test's own: queues and caches follow what was committed."""
    with fresh_database.app.app_context():
        yield fresh_database.app


def counted() -> dict[str, Any]:
    """A job that says something, and leaves a file."""
    jobs.current_job().log(f"{MARK} was counted")
    file = files.store(f"{MARK};1\n".encode(), f"{MARK}.csv", "text/csv", purpose="export")
    session().commit()  # as every job does with what it made
    return {"file": str(file.id)}


def broken() -> None:
    """A job that fails."""
    raise ValueError(MARK)


class Firm:
    """An organisation with an owner, the owner's browser and token."""

    def __init__(self, app: Flask, slug: str) -> None:
        self.place: Organisation = found(slug)
        self.owner = actor_of(self.place, enrol(self.place, f"owner@{slug}.example", "owner"))
        self.app, self.root = app, f"/{slug}"
        self.browser = Visitor(app)
        assert self.browser.sign_in(f"owner@{slug}.example").status_code == 303
        with acting(self.place, self.owner), unit_of_work():
            _token, secret = auth.make_token("script", ("admin",))
        self.machine = {"Authorization": f"Bearer {secret}"}

    def do(self, fn: Any) -> Any:
        """Something that the owner does."""
        with acting(self.place, self.owner, channel="page"), unit_of_work() as work:
            made = fn()
            work.flush()
            return getattr(made, "id", made)

    def jobs(self) -> dict[str, UUID]:
        """A job that waits, one that is done and left a file, one that failed, one that was cancelled."""
        made = {name: self.do(lambda fn=fn, name=name: jobs.enqueue(fn, title=f"{MARK} {name}", attempts=1))
                for name, fn in (("done", counted), ("failed", broken), ("cancelled", counted), ("waiting", counted))}
        self.do(lambda: jobs.cancel(made["cancelled"]))
        for name in ("done", "failed"):
            jobs.run(made[name], self.place.id)
        return made

    def states(self) -> dict[UUID, tuple[str, bool]]:
        """Its jobs as they are now."""
        with acting(self.place, SYSTEM), unit_of_work() as work:
            return {job.id: (job.state, job.cancel_asked) for job in work.scalars(select(Job))}

    def ids(self) -> set[str]:
        """What is its own in Redis: itself, its people and its jobs."""
        return {str(self.place.id), str(self.owner.id), str(self.owner.identity_id), *map(str, self.states())}


@pytest.fixture
def theirs(app: Flask) -> Firm:
    """The organisation that must not be seen."""
    return Firm(app, "acorn")


@pytest.fixture
def ours(app: Flask) -> Firm:
    """The organisation from which everything is tried."""
    return Firm(app, "birch")


def same(ours: Firm, method: str, address: str, value: object, **said: Any) -> Any:
    """An answer about a thing of theirs, once it was found to be that about a thing that never was."""
    never = str(uuid4())
    asked = [ours.browser.client.open(address.format(each), method=method, **said) for each in (value, never)]
    assert told(asked[0], str(value)) == told(asked[1], never), address
    return asked[0]


def told(answer: Any, named: str) -> tuple[int, str]:
    """What an answer says, without the name that was asked for and the number of the request."""
    body = checks.bare(answer.text.replace(named, "·"))
    return answer.status_code, re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}", "", body)


def test_a_job_of_theirs_is_nowhere_and_cannot_be_moved(theirs: Firm, ours: Firm) -> None:
    made = theirs.jobs()
    before = theirs.states()
    assert {before[made["done"]][0], before[made["failed"]][0]} == {"done", "failed"}, before
    token = {"X-CSRF-Token": ours.browser.token("/birch/settings/")}
    for job_id in made.values():
        for root in ("/birch", "/acorn"):
            for way in ("", "progress", "progress?back=/birch/inbox/"):
                assert same(ours, "GET", f"{root}/jobs/{{}}/{way}", job_id).status_code == 404
            for way in ("cancel", "retry"):
                assert same(ours, "POST", f"{root}/jobs/{{}}/{way}", job_id, headers=token).status_code == 404
    latest = UUID(int=max(made.values()).int + 1)
    for listing in ("/birch/jobs/", "/birch/jobs/?of=all", f"/birch/jobs/?of=all&before={latest}", "/birch/settings/undelivered/",
                    "/birch/notifications/", "/birch/audit/?q=zirconium"):
        assert MARK not in ours.browser.get(listing).text, listing
    assert ours.browser.get("/acorn/jobs/").status_code == 404
    assert theirs.states() == before
    assert MARK in theirs.browser.get("/acorn/jobs/").text
    assert len(made) <= SIZE, "they stand on one page"


def test_what_a_job_of_theirs_left_is_not_given_out(theirs: Firm, ours: Firm) -> None:
    made = theirs.jobs()
    with acting(theirs.place, SYSTEM), unit_of_work() as work:
        file = UUID(work.get_one(Job, (theirs.place.id, made["done"])).result["file"])
    mine = theirs.browser.get(f"/acorn/files/{file}/{MARK}.csv")
    assert mine.data == f"{MARK};1\n".encode()
    assert mine.headers["Cache-Control"] == "private, no-store"
    for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": "*"}, {"If-None-Match": mine.headers.get("ETag", '"x"')},
                    {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}):
        for root in ("/birch", "/acorn"):
            assert same(ours, "GET", f"{root}/files/{{}}/x.csv", file, headers=headers).status_code == 404, headers


def test_a_call_that_names_a_job_of_theirs_runs_nothing(theirs: Firm, ours: Firm) -> None:
    """What a worker is told is an organisation and a job: of another organisation's job it finds nothing."""
    waiting = theirs.jobs()["waiting"]
    before = theirs.states()
    assert jobs.run(waiting, ours.place.id) is False
    with acting(ours.place, ours.owner), unit_of_work():
        assert jobs.find(waiting) is None
        assert jobs.lines(waiting) == []
        assert jobs.cancel(waiting) is False
        assert jobs.retry(waiting) is False
    assert theirs.states() == before
    assert jobs.run(waiting, theirs.place.id) is True


def test_redis_holds_no_word_of_anybody_and_no_entry_of_two(app: Flask, theirs: Firm, ours: Firm) -> None:
    for firm in (theirs, ours):
        firm.jobs()
        firm.do(lambda: perform_one("organisation.site", "create", None, {"name": f"{MARK} rig", "kind": "rig"}).record)
        firm.browser.get(f"{firm.root}/search?q={NEAR}")
        assert Visitor(app).get(f"/api/v1{firm.root}/organisation/sites/", headers=firm.machine).status_code == 200
    client = redis.Redis.from_url(app.extensions["settings"].redis_url)
    calls = [job for name in carrier.QUEUES for job in carrier._waiting(client, name)]
    assert {str(argument) for job in calls for argument in job.args} >= {str(theirs.place.id), str(ours.place.id)}
    for job in calls:
        assert all(UUID(str(argument)) for argument in job.args), "a call is made of ids"
        assert not ({*map(str, job.args)} & theirs.ids() and {*map(str, job.args)} & ours.ids())
    held = {key.decode(): client.dump(key) or b"" for key in client.scan_iter()}
    assert MARK.lower() not in json.dumps(sorted(held)).lower()
    assert [key for key, value in held.items() if MARK.lower().encode() in value.lower()] == []
    own = [{key for key in held if each & set(re.split(r"[:/]", key))} for each in (theirs.ids(), ours.ids())]
    assert own[0]
    assert own[1]
    assert not own[0] & own[1]


def test_their_use_of_the_interface_uses_up_none_of_ours(theirs: Firm, ours: Firm) -> None:
    address = "/api/v1{}/organisation/sites/"
    ours_before = Visitor(ours.app).get(address.format("/birch"), headers=ours.machine).headers["RateLimit-Remaining"]
    for _time in range(5):
        Visitor(theirs.app).get(address.format("/acorn"), headers=theirs.machine)
    ours_after = Visitor(ours.app).get(address.format("/birch"), headers=ours.machine).headers["RateLimit-Remaining"]
    assert int(ours_before) - int(ours_after) == 1
    assert limits.API.most > 6


def test_what_the_process_remembers_of_them_is_not_told_to_us(theirs: Firm, ours: Firm) -> None:
    """Settings, the words by which typing errors are corrected, and the figures of a list: read by them first, then asked for by us."""
    theirs.do(lambda: settings.set("people.invitation_days", 33))
    theirs.do(lambda: perform_one("organisation.site", "create", None, {"name": f"{MARK} rig", "kind": "rig"}).record)
    for firm, days, word in ((theirs, 33, True), (ours, 7, False), (theirs, 33, True)):
        assert firm.do(lambda: settings.get("people.invitation_days")) == days
        for address in (f"search?q={NEAR}", f"palette?q={NEAR}", f"organisation/sites/?q={NEAR}", f"organisation/sites/pick?q={MARK[:5]}",
                        "organisation/sites/"):
            said = firm.browser.get(f"{firm.root}/{address}").text
            assert word or MARK.lower() not in said.lower(), address
        assert (MARK in firm.browser.get(f"{firm.root}/search?q={NEAR}").text) is word
        shown = Visitor(firm.app).get(f"/api/v1{firm.root}/organisation/sites/", headers=firm.machine).json
        assert len(shown["items"]) == int(word)


def test_a_mark_of_theirs_is_worth_nothing_to_us(theirs: Firm, ours: Firm) -> None:
    """ETags, in the API and in SCIM: what we do not see was not changed since, nor not changed."""
    site = theirs.do(lambda: perform_one("organisation.site", "create", None, {"name": f"{MARK} rig", "kind": "rig"}).record.reference)
    person = f"/scim/v2/{{}}/Users/{theirs.owner.id}"
    page = f"/api/v1/{{}}/organisation/sites/{site}/"
    for way in (page, person):
        shown = Visitor(theirs.app).get(way.format("acorn"), headers=theirs.machine)
        assert shown.status_code == 200
        mark = shown.headers["ETag"]
        for condition in ({}, {"If-None-Match": mark}, {"If-None-Match": "*"}, {"If-Match": mark}):
            birch, acorn, nowhere = (Visitor(ours.app).get(way.format(place), headers=ours.machine | condition)
                                     for place in ("birch", "acorn", "nowhere"))
            assert birch.status_code == 404, (way, condition)
            assert told(acorn, "acorn") == told(nowhere, "nowhere"), (way, condition)
            assert acorn.status_code in (401, 404)
            for answer in (birch, acorn):
                assert answer.headers.get("ETag") is None, (way, condition)
                assert MARK not in answer.text
    change = Visitor(ours.app).client.patch(page.format("birch"), json={"name": "Ours"}, headers=ours.machine | {"If-Match": "*"})
    assert change.status_code == 404


def test_no_browser_and_no_proxy_keeps_a_page(app: Flask, theirs: Firm) -> None:
    """Every page that an organisation has without naming a record: what is not stored is shown to nobody who signs in next."""
    asked, kept = 0, []
    for rule in app.url_map.iter_rules():
        if rule.arguments == {"org"} and "GET" in (rule.methods or ()) and not rule.rule.endswith(("/stream", "/sign-out")):
            address = rule.rule.replace("<org>", "acorn")
            machine = address.startswith(("/api/", "/scim/"))
            answer = Visitor(app).get(address, headers=theirs.machine) if machine else theirs.browser.get(address)
            asked += answer.status_code == 200
            said = {part.strip() for part in answer.headers.get("Cache-Control", "").split(",")}
            if "no-store" not in said or "public" in said or (answer.headers.get("ETag") and not machine):
                kept.append((address, answer.status_code, sorted(said)))
    assert kept == []
    assert asked > 100
    for address in ("/acorn/inbox/", "/acorn/hse/incidents/", f"/acorn/hse/incidents/{NOT_THERE}/"):
        assert Visitor(app).get(address).status_code == 303, "the button back shows the door, not the page"


def test_their_look_is_kept_by_their_browsers_alone(theirs: Firm, ours: Firm) -> None:
    """The style sheet of an organisation is the one thing that browsers keep: for themselves, under a name that only its members learn."""
    theirs.browser.send("/acorn/settings/profile", name=MARK, slug="acorn", currency="EUR", timezone="UTC", language="en", languages="en",
                        week_start="1", colour="#aa3311", colour_dark="#aa3311", mail_footer="")
    shown = re.search(r'href="(/acorn/brand/[^"]+\.css)"', theirs.browser.get("/acorn/inbox/").text)
    assert shown
    sheet = theirs.browser.get(shown.group(1))
    assert (sheet.status_code, sheet.headers["Cache-Control"].startswith("private")) == (200, True)
    for address in (shown.group(1), shown.group(1).replace("/acorn/", "/birch/")):
        answer = ours.browser.get(address)
        assert (answer.status_code, "aa3311" in answer.text) == (404, False), address


def test_each_of_their_jobs_is_there_to_be_found(theirs: Firm) -> None:
    """A probe of nothing would prove nothing."""
    theirs.jobs()
    with acting(theirs.place, SYSTEM), unit_of_work() as work:
        assert work.scalar(select(func.count()).select_from(Job).where(Job.title.startswith(MARK))) == 4
