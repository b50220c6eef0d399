"""Seeing what somebody else sees: who may, what it takes, what it cannot do, what is kept of it, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core import access, auth, files
from app.core.auth import sessions
from app.core.impersonation import Impersonation, expire
from app.core.impersonation.models import ImpersonationStep
from app.core.notifications import Notification
from app.core.organisations import Site
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from tests.core.impersonation.cases import REASON, Case, begun
from tests.core.visitors import Visitor, actor_of, enrol, found

PAGES = ("/home/", "/home/hse/incidents/", "/home/organisation/sites/", "/home/inbox/", "/home/hse/incidents/INC-1/", "/home/settings/")


@pytest.mark.requirement("PK-036", "PK-038")
def test_a_supporter_begins_with_a_reason_and_a_plain_member_does_not(case: Case) -> None:
    assert case.sue.get("/home/access/roles/").status_code == 403
    begun(case)
    assert "Ben" in case.sue.get("/home/inbox/").text
    ben = case.browser("ben@home.example")
    assert ben.client.post("/home/impersonation/", data={"csrf_token": ben.token("/home/inbox/"), "member": case.helper.reference,
                                                         "reason": REASON}).status_code == 403


def test_a_reason_is_needed(case: Case) -> None:
    answer = case.sue.send("/home/impersonation/", member=case.member.reference, reach="look", reason="why")
    assert answer.status_code == 422
    assert "10" in answer.text


@pytest.mark.requirement("PK-039")
def test_every_page_carries_the_banner_with_both_names_and_the_way_out(case: Case) -> None:
    begun(case)
    for address in PAGES:
        page = case.sue.get(address, follow_redirects=True).text
        assert "Impersonation active" in page, address
        assert "Sue as Ben" in page, address
        assert "/home/impersonation/stop" in page, address


@pytest.mark.requirement("PK-037")
def test_after_the_stop_one_is_oneself_and_the_old_session_is_refused(case: Case) -> None:
    own = case.sue.cookie()
    begun(case)
    theirs = case.sue.cookie()
    assert theirs != own
    assert case.sue.send("/home/impersonation/stop", form="/home/inbox/").status_code == 303
    page = case.sue.get("/home/inbox/").text
    assert "Impersonation active" not in page
    assert "sue@home.example" in page or "Sue" in page
    for old in (own, theirs):
        other = Visitor(case.app)
        other.client.set_cookie(case.app.extensions["settings"].cookie("session"), old)
        assert other.get("/home/inbox/").location.startswith("/sign-in")


@pytest.mark.requirement("PK-040", "PK-045")
def test_begin_and_end_are_in_the_trail_and_each_page_is_listed_in_order(case: Case) -> None:
    page = begun(case)
    for address in ("/home/hse/incidents/", "/home/organisation/sites/?q=x"):
        case.sue.get(address)
    case.sue.send("/home/impersonation/stop", form="/home/inbox/")
    first, last = case.entries(action="impersonation.impersonation.begin"), case.entries(action="impersonation.impersonation.end")
    assert {e.context["session"] for e in first} == {e.context["session"] for e in last}
    assert first[0].context["reason"] == REASON
    assert {UUID(str(e.context["target"])) for e in first} == {case.member.id}
    assert {e.actor_id for e in first + last} == {case.helper.id}
    shown = case.browser("ben@home.example").get(page).text
    assert shown.index("/home/hse/incidents/") < shown.index("/home/organisation/sites/?q=x")


@pytest.mark.requirement("PK-041")
def test_a_change_made_with_consent_names_both(case: Case) -> None:
    begun(case, reach="act")
    form = "/home/hse/incidents/new"
    with acting(case.home, SYSTEM), unit_of_work() as work:
        site = Site(name="Rowan")
        assign([site])
        refresh_keys(site)
        work.add(site)
        work.flush()
        place = site.reference
    answer = case.sue.send(form, form=form, title="Slipped on the stairs", kind="first_aid", site=place, occurred_at="2026-05-01T08:00",
                           actual_severity="2", actual_likelihood="3", potential_severity="4", potential_likelihood="4", narrative="Wet")
    assert answer.status_code == 303, answer.text
    made = case.entries(action="hse.incident.create")
    assert [(e.actor_id, e.on_behalf_of) for e in made] == [(case.helper.id, case.member.id)]
    history = case.browser("ada@home.example").get(f"{answer.location}history").text
    assert "Sue on behalf of Ben" in history


@pytest.mark.parametrize("address", ["/home/settings/", "/home/settings/password", "/home/settings/tokens"])
def test_what_is_personal_stays_closed(case: Case, address: str) -> None:
    begun(case, reach="act")
    assert case.sue.get(address).status_code == 403


@pytest.mark.parametrize("reach", ["look", "act"])
@pytest.mark.parametrize("address", ["/home/settings/password", "/home/settings/tokens", "/home/inbox/delegations/",
                                     "/home/access/roles/new", "/home/impersonation/", "/home/people/members/new", "/home/settings/"])
def test_no_password_token_role_delegation_or_third_person(case: Case, reach: str, address: str) -> None:
    begun(case, reach=reach)
    data = {"csrf_token": case.sue.token("/home/inbox/"), "member": case.owner.reference, "reason": REASON, "label": "x", "name": "x"}
    assert case.sue.client.post(address, data=data).status_code == 403


def test_look_only_sends_nothing(case: Case) -> None:
    begun(case)
    answer = case.sue.client.post("/home/hse/incidents/new", data={"csrf_token": case.sue.token("/home/inbox/"), "title": "x"})
    assert answer.status_code == 403
    assert "You see what Ben sees" in answer.text


def test_who_only_looks_is_told_so_and_not_that_a_right_is_missing(case: Case) -> None:
    """Ben may make incidents; Sue, who looks at what he sees, may not, and that is the reason she reads."""
    assert case.browser("ben@home.example").get("/home/hse/incidents/new").status_code == 200
    begun(case)
    for address in ("/home/hse/incidents/new", "/home/hse/incidents/"):
        page = case.sue.get(address).text
        assert "You only look at what Ben sees; meanwhile nothing is changed." in page
        assert "You need hse.incident.create" not in page


def test_a_page_that_failed_is_not_called_refused(case: Case) -> None:
    page = begun(case)
    assert case.sue.get("/home/access/roles/new").status_code == 403
    with acting(case.home, SYSTEM), unit_of_work() as work:
        found = work.scalars(select(Impersonation)).one()
        work.add(ImpersonationStep(impersonation_id=found.id, method="GET", path="/home/broken", status=500, request_id="r"))
    shown = case.browser("ben@home.example").get(page).text
    assert "Failed" in shown.partition("/home/broken")[2].partition("</li>")[0]
    assert "Refused" in shown.partition("/home/access/roles/new")[2].partition("</li>")[0]


@pytest.mark.requirement("PK-042", "PK-043")
def test_an_owner_needs_consent_or_a_second_person_and_it_counts_once(case: Case) -> None:
    page = case.ask(case.owner)
    assert case.sue.send(f"{page}begin", form=page).status_code == 403
    refused = [e for e in case.entries(action="access.permission.refuse") if e.actor_id == case.helper.id]
    assert [e.result for e in refused] == ["refused"]
    assert case.sue.send(f"{page}agree", form=page).status_code == 403
    ben = case.browser("ben@home.example")
    assert ben.get(page).status_code == 404
    ada = case.browser("ada@home.example")
    assert ada.send(f"{page}agree", form=page).status_code == 303
    assert case.sue.send(f"{page}begin", form=page).status_code == 303
    assert case.sue.send("/home/impersonation/stop", form="/home/inbox/").status_code == 303
    assert case.sue.send(f"{page}begin", form=page).status_code == 409


def test_a_second_person_can_stand_in_for_the_consent(case: Case) -> None:
    second = enrol(case.home, "eva@home.example", "admin")
    page = case.ask(case.owner)
    assert case.browser("eva@home.example").send(f"{page}agree", form=page).status_code == 303
    assert case.only().second_id == second.id
    assert case.sue.send(f"{page}begin", form=page).status_code == 303


def test_the_person_concerned_is_told_and_can_end_it(case: Case) -> None:
    page = begun(case)
    with acting(case.home, SYSTEM), unit_of_work() as work:
        told = work.scalars(select(Notification.title).where(Notification.member_id == case.member.id)).all()
    assert any("Sue sees what you see" in title for title in told)
    assert case.browser("ben@home.example").send(f"{page}end", form=page).status_code == 303
    answer = case.sue.get("/home/inbox/")
    assert answer.location.startswith("/sign-in/over")
    assert case.sue.send("/sign-in/over", next="/home/inbox/").location == "/home/inbox/"
    assert "Impersonation active" not in case.sue.get("/home/inbox/").text


def test_it_is_over_after_thirty_minutes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(case)
    later = clock.now() + timedelta(minutes=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert case.sue.get("/home/inbox/").location.startswith("/sign-in/over")
    with acting(case.home, SYSTEM), unit_of_work():
        assert expire() == 1
    assert case.only().ended_at is not None


def test_whoever_loses_the_right_meanwhile_is_out_with_the_next_request(case: Case) -> None:
    begun(case)
    with acting(case.home, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (case.home.id, case.helper.id)).role_id = access.role_named("member").id
    assert case.sue.get("/home/inbox/").status_code == 404


@pytest.mark.requirement("PK-044")
def test_forged_claims_change_nothing(case: Case) -> None:
    claims = {"X-Impersonate": case.owner.reference, "X-On-Behalf-Of": str(case.owner.id)}
    page = case.sue.get("/home/inbox/?impersonation=1&as=" + case.owner.reference, headers=claims)
    assert "Impersonation active" not in page.text
    case.sue.client.set_cookie("impersonation_id", str(case.owner.id))
    assert "Impersonation active" not in case.sue.get("/home/inbox/", headers=claims).text
    data = {"csrf_token": case.sue.token("/home/inbox/"), "impersonation_id": str(case.owner.id), "actor_id": str(case.owner.id)}
    assert case.sue.client.post("/home/access/roles/new", data={**data, "label": "Mine"}, headers=claims).status_code == 403


def test_other_organisations_are_closed_meanwhile(case: Case) -> None:
    away = found("away")
    enrol(away, "sue@home.example", password="")
    begun(case)
    assert case.sue.get("/away/inbox/").status_code == 404


def test_what_was_put_together_for_a_person_is_not_for_who_sees_what_they_see(case: Case) -> None:
    with acting(case.home, actor_of(case.home, case.member)), unit_of_work():
        file = files.store(b"rows", "incidents.csv", "text/csv", purpose="export")
        address = f"/home/files/{file.id}/{file.name}"
    assert case.browser("ben@home.example").get(address).status_code == 200
    begun(case)
    assert case.sue.get(address).status_code == 404


@pytest.mark.parametrize("pattern", ["people.*.*", "access.role.edit", "settings.setting.manage", "impersonation.*.*"])
def test_whoever_runs_the_house_by_another_permission_has_to_agree_too(case: Case, pattern: str) -> None:
    with acting(case.home, SYSTEM), unit_of_work():
        perform_one("access.single_permission", "create", data={"member": str(case.member.id), "pattern": pattern, "scope": "company"})
    case.ask(case.member)
    assert case.only().needs_second


def test_beginning_stopping_and_coming_back_are_no_proof_of_who_one_is(case: Case) -> None:
    page = case.ask(case.member)
    with clock.at(clock.now() + timedelta(minutes=15)):
        assert case.sue.send(f"{page}begin", form=page).location == "/home/"
        assert case.sue.send("/home/impersonation/stop", form="/home/inbox/").status_code == 303
        assert "Confirm that it is you" in case.sue.get("/home/settings/security/new/totp").text
        page = case.ask(case.member)
        assert case.sue.send(f"{page}begin", form=page).location == "/home/"
    with clock.at(clock.now() + timedelta(hours=2)):
        assert case.sue.send("/sign-in/over", next="/home/inbox/").status_code == 303
        assert "Confirm that it is you" in case.sue.get("/home/settings/security/new/totp").text


@pytest.mark.parametrize("how", ["stop", "time", "put out"])
def test_what_is_heard_meanwhile_ends_with_it(case: Case, how: str) -> None:
    page, living = begun(case), case.app.extensions["living"]
    asked = case.only()
    with unit_of_work() as work:
        (held,) = [each for each in sessions.living(case.helper.identity_id) if each.impersonation_id == asked.id]  # type: ignore[arg-type]
        work.expunge(held)
    pair = (str(case.home.id), auth.proof_of(held.id, asked.id))
    before = (str(case.home.id), auth.proof_of(held.id, None))
    assert set(living({pair, before})) == {pair}
    if how == "stop":
        assert case.sue.send("/home/impersonation/stop", form=page).status_code == 303
    elif how == "put out":
        with acting(case.home, SYSTEM), unit_of_work():
            perform_one("people.member", "suspend", case.member.id)
    after = clock.now() + timedelta(minutes=31 if how == "time" else 0)
    with clock.at(after):
        assert set(living({pair})) == set()
    if how == "stop":
        assert set(living({before})) == {before}
