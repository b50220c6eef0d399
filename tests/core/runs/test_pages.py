"""The pages of runs: launching, the page of one, its evidence as PDF, comparing two, schedules, the review of each week."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from app.core import runs
from app.core.approvals import ApprovalRequest
from app.core.notifications import Notification
from app.core.runs import ExecutiveRun
from app.core.scheduler import Schedule, Status
from app.kernel import clock
from app.kernel.current import acting
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House


def ran(house: House, kind: str, by: str = "director", **inputs: str) -> str:
    """The reference of a run that somebody has done."""
    with acting(house.organisation, house.actors[by], channel="page"):
        run_id = runs.run_executor(kind, inputs)
    return reference(house, run_id)


def reference(house: House, run_id: UUID) -> str:
    """How people call a run."""
    with house.as_("owner") as work:
        return str(work.get_one(ExecutiveRun, (house.organisation.id, run_id)).reference)


@pytest.mark.requirement("GO-097", "GO-098")
def test_the_page_shows_what_is_recommended_with_sources_that_open(app: Flask, house: House) -> None:
    browser = Browser(app, house, "director")
    ref = ran(house, "test.judge", count="4")
    page = browser.get(f"/runs/runs/{ref}/")
    assert page.status_code == 200, page.text
    section = page.text.split('id="recommendations"')[1].split("</section>")[0]
    assert section.index("Paint the door") < section.index("Mend the fence")
    assert "90 %" in section
    links = set(re.findall(r'href="(/[^"]*hse/[^"]*)"', section))
    assert len(links) == 2
    for link in links:
        assert browser.client.get(link.replace("&amp;", "&")).status_code == 200
    lowest = browser.get(f"/runs/runs/{ref}/?sort=score").text.split('id="recommendations"')[1]
    assert lowest.index("Mend the fence") < lowest.index("Paint the door")


@pytest.mark.requirement("GO-099")
def test_the_evidence_as_pdf_has_recommendations_sources_and_scores(app: Flask, house: House) -> None:
    browser, ref = Browser(app, house, "director"), ran(house, "test.judge", count="4")
    answer = browser.get(f"/runs/runs/{ref}/evidence.pdf")
    assert answer.mimetype == "application/pdf"
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    for wanted in ("Mend the fence", "Paint the door", "Score 0.90", "Incidents that are open", "/hse/incidents/?status=open", "SHA-256"):
        assert wanted in text, wanted


def test_a_run_is_launched_from_its_form_and_again_with_other_inputs(app: Flask, house: House) -> None:
    browser = Browser(app, house, "director")
    assert 'name="count"' in browser.get("/runs/launch/test.count").text
    wrong = browser.post("/runs/launch/test.count", title="Mine", count="12")
    assert wrong.status_code == 422
    assert "At most 9" in wrong.text
    sent = browser.post("/runs/launch/test.count", title="Mine", count="7")
    assert sent.status_code == 303
    page = browser.get(sent.headers["Location"].removeprefix(browser.root))
    assert "Queued" in page.text
    first = sent.headers["Location"].rstrip("/").rpartition("/")[2]
    assert 'value="7"' in browser.get(f"/runs/launch/test.count?again={first}").text
    other = browser.post("/runs/launch/test.count", title="Mine", count="8", again=first)
    second = other.headers["Location"].rstrip("/").rpartition("/")[2]
    compared = browser.get(f"/runs/compare?a={first}&b={second}")
    assert compared.status_code == 200
    assert "Differs" in compared.text
    assert browser.get("/runs/").text.count("Mine") >= 2
    answer = browser.client.get(f"/api/v1{browser.root}/runs/runs/{first}/outputs")
    assert answer.json["inputs"]["count"] == 7


def test_a_member_neither_sees_nor_launches(app: Flask, house: House) -> None:
    browser, ref = Browser(app, house, "clerk"), ran(house, "test.count")
    for path in ("/runs/", "/runs/launch/test.count", "/runs/schedules/", f"/runs/runs/{ref}/evidence.pdf", f"/runs/compare?a={ref}"):
        assert browser.get(path).status_code in (403, 404), path


@pytest.mark.requirement("GO-023")
def test_schedules_are_made_changed_paused_resumed_and_deleted_on_their_page(app: Flask, house: House) -> None:
    browser = Browser(app, house, "owner")
    assert browser.get("/runs/schedules/new/test.count").status_code == 200
    said = {"title": "Each night", "repeats": "cron", "cron": "0 2 * * *", "timezone": "UTC", "catch_up": "latest"}
    wrong = browser.post("/runs/schedules/new/test.count", **said | {"cron": "0 26 * * *"}, **{"input-count": "5"})
    assert wrong.status_code == 422
    assert browser.post("/runs/schedules/new/test.count", **said, **{"input-count": "5"}).status_code == 303
    schedule = plan(house)
    assert schedule.inputs == '{"count": 5, "word": null}'
    assert "Each night" in browser.get("/runs/schedules/").text
    base = f"/runs/schedules/{schedule.reference}"
    assert 'value="0 2 * * *"' in browser.get(f"{base}/edit").text
    changed = browser.post(f"{base}/edit", **said | {"cron": "0 3 * * *"}, version=str(schedule.version), **{"input-count": "6"})
    assert changed.status_code == 303, changed.text
    assert (plan(house).cron, plan(house).inputs) == ("0 3 * * *", '{"count": 6, "word": null}')
    for do, state in (("pause", Status.PAUSED), ("resume", Status.ACTIVE)):
        assert browser.post(f"{base}/act", do=do).status_code == 303
        assert plan(house).status == state
    assert browser.post(f"{base}/act", do="delete").status_code == 303
    assert plan(house).archived_at is not None
    assert "Each night" not in browser.get("/runs/schedules/").text.replace("flash", "")


def plan(house: House) -> Schedule:
    """The schedule of a run that there is."""
    with house.as_("owner") as work:
        found: Schedule = work.scalars(select(Schedule).where(Schedule.task.startswith("run:"))).one()
        work.expunge(found)
    return found


def test_the_weekly_review_finds_what_is_late_and_reminds_once_somebody_agrees(app: Flask, house: House) -> None:
    site = house.do("owner", "organisation.site", "create", data={"name": "Harbour"}).record_id
    incident = house.do("owner", "hse.incident", "create", data={
        "title": "A fall", "site": str(site), "narrative": "On the stairs.", "kind": "near_miss",
        "occurred_at": "2026-01-05T08:00", "actual_severity": "1", "actual_likelihood": "1",
        "potential_severity": "2", "potential_likelihood": "2"}).record_id
    house.do("owner", "hse.corrective_action", "create", data={
        "title": "Mend the rail", "incident": str(incident), "owner": str(house.ids["clerk"]), "due_on": "2026-02-01"})
    late = clock.now() + timedelta(days=400)
    with clock.at(late):
        ref = ran(house, "hse.weekly_review", old_days="30", remind="true")
        browser = Browser(app, house, "director")
        page = browser.get(f"/runs/runs/{ref}/").text
        assert "Close out the incidents that lie too long" in page
        assert "Have the overdue corrective actions done" in page
        assert "Awaiting approval" in page
        assert reminded(house) == 0
        with house.as_("manager") as work:
            request_id = work.scalars(select(ApprovalRequest.id).where(ApprovalRequest.resource == "runs.proposal")).first()
        assert request_id is not None
        house.decide(request_id, "manager")
    with clock.at(late + timedelta(minutes=5)):
        house.later(60)
    assert reminded(house) == 1


def reminded(house: House) -> int:
    """How many were told that their action is overdue."""
    with house.as_("owner") as work:
        return len(work.scalars(select(Notification.id).where(Notification.kind == "hse.action_overdue")).all())


def test_who_decides_sees_the_proposal_with_what_it_rests_on(app: Flask, house: House) -> None:
    ref = ran(house, "test.judge")
    with house.as_("manager") as work:
        mine = select(ApprovalRequest).where(ApprovalRequest.resource == "runs.proposal")
        first = work.scalars(mine.order_by(ApprovalRequest.id)).first()
        asked, proposal = first.reference, first.record_reference
    browser = Browser(app, house, "manager")
    for path in (f"/inbox/{asked}/", f"/inbox/{asked}/peek", f"/runs/proposals/{proposal}/"):
        page = browser.get(path)
        assert page.status_code == 200, path
        assert "Call the first" in page.text, path
        assert "Incidents that are open" in page.text, path
    assert ref in browser.get(f"/runs/proposals/{proposal}/").text
