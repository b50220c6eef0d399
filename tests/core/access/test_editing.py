"""“Roles and permissions”: a role made, changed, looked at before it is saved, given with an end; guarded, and approved where wanted."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, audit, settings
from app.core.access import Role, RoleGrant
from app.core.access.changing import apply, why_not_by
from app.core.access.models import RoleChange
from app.core.access.plans import NewHolder, Plan
from app.core.people import Member, MemberRole
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Conflict
from tests.core.visitors import PASSWORD, Visitor, actor_of, enrol, found

BASE = "/editing/access/overview"
NEW = f"{BASE}/roles/new"


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an owner, two admins and a member."""
    place = found("editing")
    for name, role in (("olga", "owner"), ("adam", "admin"), ("anna", "admin"), ("mia", "viewer")):
        enrol(place, f"{name}@editing.example", role)
    return place


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, Any]]:
    """What is kept in the trail apart from the work at hand, which is undone after a refusal: action, result, context."""
    kept: list[tuple[str, str, Any]] = []
    write = audit.note

    def note(action: str, **said: Any) -> None:
        if said.get("apart"):
            kept.append((action, said.get("result", "ok"), said.get("context")))
        write(action, **said)

    monkeypatch.setattr(audit, "note", note)
    return kept


def signed_in(app: Flask, name: str) -> Visitor:
    """Somebody's browser."""
    browser = Visitor(app)
    assert browser.sign_in(f"{name}@editing.example").status_code == 303
    return browser


def member(place: Organisation, name: str) -> Member:
    """Somebody."""
    with acting(place, SYSTEM), unit_of_work() as work:
        found = work.scalars(select(Member).where(Member.email == f"{name}@editing.example")).one()
        work.expunge(found)
    return found


def sheet(browser: Visitor, address: str, **typed: str) -> dict[str, str]:
    """What a browser without script would send of the sheet, with some of it typed otherwise: `on:hse.incident.view="1"`."""
    page = browser.get(address).text
    numbers = {pattern: number for number, pattern in re.findall(r'name="pattern-(\d+)" value="([^"]*)"', page)}
    sent = {f"pattern-{number}": pattern for pattern, number in numbers.items()}
    for number in re.findall(r'name="on-(\d+)" value="1" checked', page):
        sent[f"on-{number}"] = "1"
    for number, options in re.findall(r'name="scope-(\d+)">(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="(\w+)" selected', options)
        sent[f"scope-{number}"] = chosen.group(1) if chosen else "company"
    for number, text in re.findall(r'name="only-(\d+)" value="([^"]*)"', page):
        sent[f"only-{number}"] = text.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"')
    for name in ("label", "description"):
        shown = re.search(rf'name="{name}" value="([^"]*)"', page)
        sent[name] = shown.group(1) if shown else ""
    parent = re.search(r'<select class="select" id="field-parent".*?</select>', page, re.DOTALL)
    chosen = re.search(r'value="(\w+)" selected', parent.group(0)) if parent else None
    sent["parent"] = chosen.group(1) if chosen else ""
    for name, value in typed.items():
        what, colon, pattern = name.partition(":")
        sent[f"{what}-{numbers[pattern]}" if colon else what] = value
    return {name: value for name, value in sent.items() if value or not name.startswith("on-")}


def review(browser: Visitor, address: str, **typed: str) -> Any:
    """Send the sheet, to look at what changes."""
    return browser.send(address, form=address, _review="1", **sheet(browser, address, **typed))


def save(browser: Visitor, address: str, **typed: str) -> Any:
    """Send the sheet and confirm what it changes; proving who one is when asked."""
    shown = review(browser, address, **typed)
    assert shown.status_code == 303, re.findall(r'role="alert".*?</div>', shown.text, re.DOTALL)
    answer = browser.send(shown.location, form=shown.location)
    if "proof_of_you" in answer.text:
        answer = browser.send(shown.location, form=shown.location, proof_of_you="1", proof=PASSWORD)
    return answer


def grants(place: Organisation, key: str) -> set[tuple[str, str, str]]:
    """What a role gives."""
    with acting(place, SYSTEM), unit_of_work() as work:
        rows = work.scalars(select(RoleGrant).join(Role, Role.id == RoleGrant.role_id).where(Role.key == key))
        return {(row.pattern, str(row.scope), row.condition or "") for row in rows}


def role(place: Organisation, label: str, *lines: tuple[str, str, str]) -> None:
    """A role of the organisation's own."""
    with acting(place, SYSTEM), unit_of_work():
        perform_one("access.role", "create", data={"label": label, "lines": [
            {"pattern": pattern, "scope": scope, "condition": condition or None} for pattern, scope, condition in lines]})


@pytest.mark.requirement("PK-023", "OF-061")
def test_a_role_is_made_ticked_limited_given_and_enforced_in_the_page(app: Flask, place: Organisation) -> None:
    adam, mia = signed_in(app, "adam"), member(place, "mia")
    assert not access.can(actor_of(place, mia), "hse.incident.import")
    typed = {"label": "Logistics Agent", "on:hse.incident.import": "1", "on:organisation.site.edit": "1",
             "only:organisation.site.edit": "kind = office", "holder-0__text": "mia@editing.example"}
    shown = review(adam, NEW, **typed)
    page = adam.get(shown.location).text
    assert "hse.incident.import" in page
    assert "only if kind = office" in page
    assert "Mia gets it" in page
    assert re.search(r"Mia.*Gains", page, re.DOTALL)
    assert not access.can(actor_of(place, mia), "hse.incident.import"), "nothing holds before it is confirmed"
    assert save(adam, NEW, **typed).status_code == 303
    assert grants(place, "logistics_agent") == {("hse.incident.import", "company", ""),
                                                ("organisation.site.edit", "company", "kind = office")}
    now = actor_of(place, mia)
    assert access.can(now, "hse.incident.import")
    with acting(place, SYSTEM), unit_of_work():
        office, rig = (perform_one("organisation.site", "create", data={"name": name, "kind": kind}).record
                       for name, kind in (("Oslo", "office"), ("Rowan", "rig")))
        assert access.can(now, "organisation.site.edit", office)
        assert not access.can(now, "organisation.site.edit", rig)


def test_a_change_says_what_is_added_withdrawn_and_otherwise(app: Flask, place: Organisation) -> None:
    role(place, "Clerk", ("hse.incident.import", "company", ""), ("hse.incident.export", "company", ""),
         ("organisation.site.edit", "company", ""))
    mia = member(place, "mia").id
    with acting(place, SYSTEM), unit_of_work():
        access.grant_further(mia, "clerk")
    adam, address = signed_in(app, "adam"), f"{BASE}/roles/clerk"
    typed = {"on:hse.incident.import": "", "on:hse.incident.close": "1", "scope:organisation.site.edit": "own"}
    page = adam.get(review(adam, address, **typed).location).text
    parts = {name: page.partition(f'aria-label="{name}"')[2].partition("</section>")[0] for name in ("Added", "Withdrawn", "Changed")}
    assert "hse.incident.close" in parts["Added"]
    assert "hse.incident.import" in parts["Withdrawn"]
    assert "organisation.site.edit" in parts["Changed"]
    assert "Own records" in parts["Changed"]
    effects = page.partition("Who gains and loses what")[2]
    assert re.search(r"Mia.*Gains \(1\).*hse\.incident\.close.*Loses \(1\).*hse\.incident\.import.*Otherwise", effects, re.DOTALL)
    assert save(adam, address, **typed).status_code == 303
    assert grants(place, "clerk") == {("hse.incident.export", "company", ""), ("hse.incident.close", "company", ""),
                                      ("organisation.site.edit", "own", "")}


def test_a_condition_is_tried_in_place_with_the_word_that_is_wrong(app: Flask, place: Organisation) -> None:
    with acting(place, SYSTEM), unit_of_work():
        for name, kind in (("Oslo", "office"), ("Rowan", "rig")):
            perform_one("organisation.site", "create", data={"name": name, "kind": kind})
    adam = signed_in(app, "adam")
    asked = f"{BASE}/condition?permission=organisation.site.edit&row=7&only-7="
    part = adam.get(asked + "knid = office", headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text
    assert "Did you mean “kind”?" in part
    assert ">knid</mark>" in part
    assert "<html" not in part
    good = adam.get(asked + "kind = office").text
    through, _sign, refused = good.partition("Refused, for example")
    assert "Oslo" in through.partition("Let through")[2]
    assert "Rowan" in refused
    assert '<code class="font-semibold">kind</code>' in good
    wrong = review(adam, NEW, **{"label": "Odd", "on:organisation.site.edit": "1", "only:organisation.site.edit": "kind ="})
    assert wrong.status_code == 422
    assert "ends too early" in wrong.text
    assert 'value="Odd"' in wrong.text, "nothing typed is lost"


@pytest.mark.requirement("PK-022")
def test_the_last_owner_stays_and_the_attempt_is_kept(app: Flask, place: Organisation, noted: list[tuple[str, str, Any]]) -> None:
    olga = signed_in(app, "olga")
    who = member(place, "olga")
    with acting(place, SYSTEM), unit_of_work():
        below = access.role_named("member").id
    answer = olga.send(f"/editing/people/members/{who.reference}/edit", name="Olga", email=who.email, role=str(below), kind="own",
                       version=str(who.version))
    assert answer.status_code == 409
    assert "last owner" in answer.text
    assert "owner" in actor_of(place, who).roles
    assert ("people.owner.refuse", "refused", None) in noted


@pytest.mark.requirement("PK-022")
def test_more_than_one_has_cannot_be_given_on_the_page(app: Flask, place: Organisation, noted: list[tuple[str, str, Any]]) -> None:
    role(place, "Registrar", ("access.*.*", "company", ""), ("people.*.*", "company", ""))
    enrol(place, "rita@editing.example", "registrar")
    rita = signed_in(app, "rita")
    refused = review(rita, NEW, **{"label": "Sly", "on:settings.setting.manage": "1"})
    assert refused.status_code == 422
    assert "cannot give more than you have: settings.setting.manage" in refused.text
    with acting(place, SYSTEM), unit_of_work() as work:
        assert work.scalars(select(RoleChange)).all() == []
    assert ("access.grant.refuse", "refused", {"permission": "settings.setting.manage"}) in noted
    assert review(rita, NEW, label="Child", parent="admin").status_code == 422
    unknown = review(rita, NEW, label="Child", parent="no-such-role")
    assert unknown.status_code == 422
    assert "“no-such-role” is not known here." in unknown.text
    other = signed_in(app, "adam")
    assert review(other, f"{BASE}/roles/owner", **{"holder-0__text": "mia@editing.example"}).status_code == 403


def test_a_role_of_the_product_stays_as_it_is_but_can_be_given(app: Flask, place: Organisation) -> None:
    adam = signed_in(app, "adam")
    page, before = adam.get(f"{BASE}/roles/manager").text, grants(place, "manager")
    assert "comes with the product" in page
    assert 'name="pattern-0"' not in page
    assert save(adam, f"{BASE}/roles/manager", **{"holder-0__text": "mia@editing.example", "holder_until-0": "2096-01-01T08:00",
                                                  "pattern-0": "*.*.*", "scope-0": "all"}).status_code == 303
    assert grants(place, "manager") == before
    assert "manager" in actor_of(place, member(place, "mia")).roles
    with acting(place, SYSTEM), unit_of_work() as work:
        row = work.scalars(select(MemberRole)).one()
        assert row.ends_at is not None
        held = str(row.id)
    assert save(adam, f"{BASE}/roles/manager", **{f"end-{held}": "1"}).status_code == 303
    assert "manager" not in actor_of(place, member(place, "mia")).roles


def test_a_circle_and_a_change_meanwhile_are_refused_in_words(app: Flask, place: Organisation) -> None:
    role(place, "First", ("hse.incident.view", "company", ""))
    role(place, "Second", ("hse.incident.view", "company", ""))
    adam = signed_in(app, "adam")
    assert save(adam, f"{BASE}/roles/second", parent="first").status_code == 303
    circle = review(adam, f"{BASE}/roles/first", parent="second")
    assert circle.status_code == 422
    assert "cannot inherit from itself" in circle.text
    shown = review(adam, f"{BASE}/roles/first", **{"on:hse.incident.close": "1"})
    with acting(place, SYSTEM), unit_of_work() as work:
        first = work.scalars(select(Role).where(Role.key == "first")).one()
        work.add(RoleGrant(role_id=first.id, pattern="hse.incident.export", scope="company"))
    late = adam.send(shown.location, form=shown.location)
    assert late.status_code == 409
    assert "changed by somebody else meanwhile" in late.text
    assert ("hse.incident.close", "company", "") not in grants(place, "first")


def test_saving_asks_who_one_is(app: Flask, place: Organisation) -> None:
    from datetime import timedelta

    from app.kernel import clock

    adam = signed_in(app, "adam")
    shown = review(adam, NEW, **{"label": "Late", "on:hse.incident.import": "1"})
    with clock.at(clock.now() + timedelta(minutes=20)):
        asked = adam.send(shown.location, form=shown.location)
        assert "proof_of_you" in asked.text
        assert grants(place, "late") == set()
        assert adam.send(shown.location, form=shown.location, proof_of_you="1", proof=PASSWORD).status_code == 303
    assert grants(place, "late") == {("hse.incident.import", "company", "")}


def test_a_change_waits_for_another_administrator_where_that_is_wanted(
        app: Flask, place: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.core import approvals
    from app.core.approvals import guards
    from app.core.approvals.effects import take_effect
    from app.core.approvals.models import ApprovalRequest

    role(place, "Clerk", ("hse.incident.export", "company", ""))
    with acting(place, SYSTEM), unit_of_work() as work:
        settings.set("access.role_changes_need_approval", True)
        clerk = work.scalars(select(Role).where(Role.key == "clerk")).one().id
    adam = signed_in(app, "adam")
    assert save(adam, f"{BASE}/roles/clerk", **{"on:hse.incident.import": "1"}).status_code == 303
    assert grants(place, "clerk") == {("hse.incident.export", "company", "")}, "it waits"
    who = actor_of(place, member(place, "adam"))
    with acting(place, who, channel="page"), pytest.raises(Conflict, match="need approval"), unit_of_work():
        perform_one("access.role", "edit", clerk, {"lines": [{"pattern": "hse.incident.import", "scope": "company"}]})
    with acting(place, SYSTEM), unit_of_work() as work:
        asked = work.scalars(select(ApprovalRequest)).one()
        assert asked.approval == "access.role_change"
        assert str(who.id) in asked.makers, "whoever asked never decides it"
        assert "hse.incident.import" in asked.snapshot
        request_id, shown = asked.id, asked.snapshot_hash
    anna = actor_of(place, member(place, "anna"))
    with app.test_request_context("/"), acting(place, anna, channel="page"), unit_of_work() as work:
        monkeypatch.setattr(guards, "_is_you", lambda password: password == PASSWORD)
        seen = guards.evidence_key(work.get_one(ApprovalRequest, (place.id, request_id)))
        approvals.decide(request_id, "approve", shown_hash=shown, key=seen, word="approve", password=PASSWORD)
    with acting(place, SYSTEM), unit_of_work() as work:
        take_effect({"request": str(request_id), "round": work.get_one(ApprovalRequest, (place.id, request_id)).round}, None)  # type: ignore[arg-type]
    assert ("hse.incident.import", "company", "") in grants(place, "clerk")
    with acting(place, SYSTEM), unit_of_work() as work:
        change = work.scalars(select(RoleChange)).one()
        assert str(change.state) == "applied"
        with pytest.raises(Conflict, match="applied already"):
            perform_one("access.role_change", "apply", change.id)


def test_nobody_without_the_right_comes_near_it(app: Flask, place: Organisation) -> None:
    mia = signed_in(app, "mia")
    for address in (NEW, f"{BASE}/roles/admin", f"{BASE}/condition?permission=hse.incident.view", f"{BASE}/changes/RCH-1"):
        assert mia.get(address).status_code == 403, address


def test_nobody_agrees_to_give_somebody_a_role_with_more_than_they_have(place: Organisation) -> None:
    mia, anna = member(place, "mia"), member(place, "anna")
    with acting(place, SYSTEM), unit_of_work():
        admin = access.role_named("admin")
        change = RoleChange(role_id=admin.id, plan=Plan(label=admin.label, give=(NewHolder(mia.id),)).text)
        assert "more than you have" in why_not_by(change, actor_of(place, mia))
        assert why_not_by(change, actor_of(place, anna)) == ""


def test_a_change_asked_for_by_somebody_who_left_is_not_carried_out(place: Organisation) -> None:
    mia, adam = member(place, "mia"), member(place, "adam")
    with acting(place, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (place.id, adam.id)).status = "inactive"
    with acting(place, replace(SYSTEM, on_behalf_of=adam.id)), unit_of_work():
        viewer = access.role_named("viewer")
        change = RoleChange(role_id=viewer.id, plan=Plan(label=viewer.label, give=(NewHolder(mia.id),)).text)
        with pytest.raises(Conflict, match="not active"):
            apply(change)
