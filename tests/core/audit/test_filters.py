"""Every field of the trail can be asked for, alone and together, and its pages follow each other while new entries arrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask

from app.core import audit
from app.core.audit.asking import Filters, every, per_day
from app.core.audit.history import listed
from app.kernel import clock
from tests.core.audit.house import BROWSER, signed_in, write_at
from tests.core.stand import Stand

DAY = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def filled(stand: Stand) -> Stand:
    """Some entries, each different in one thing."""
    write_at(stand, DAY - timedelta(days=1), "probe.day.before")
    write_at(stand, DAY.replace(hour=0, minute=0, second=0), "probe.day.first")
    write_at(stand, DAY.replace(hour=23, minute=59, second=59), "probe.day.last")
    write_at(stand, DAY + timedelta(days=1), "probe.day.after")
    with stand.work("member"):
        audit.note("probe.one", resource="hse.incident", record_reference="INC-2026-00007", result="refused", ip="81.2.69.142",
                   channel="api", request_id="request-77", context={"note": "corroded flange"})
    return stand


def _actions(stand: Stand, **said: object) -> set[str]:
    with stand.work("auditor"):
        found = {row.action for rows in every(replace(Filters(), **said)) for row in rows}  # type: ignore[arg-type]
    return {action for action in found if action.startswith("probe.")}


@pytest.mark.requirement("FL-077")
@pytest.mark.requirement("FL-082")
@pytest.mark.requirement("PK-028")
@pytest.mark.parametrize("said", [
    {"actor": "member"}, {"action": "probe.o"}, {"record": "inc-2026-00007"}, {"result": "refused"}, {"channel": "api"},
    {"ip": "81.2.69.142"}, {"request": "request-77"}, {"words": "flange"}, {"words": "corroded flan"},
    {"words": "flange", "result": "refused", "channel": "api"}])
def test_each_filter_finds_exactly_its_entries(app: Flask, filled: Stand, said: dict[str, object]) -> None:
    assert _actions(filled, **said) == {"probe.one"}


@pytest.mark.requirement("PK-028")
@pytest.mark.parametrize("said", [{"ip": "81.2.69.1"}, {"words": "flange bolt"}, {"result": "failed"}, {"request": "request-7"}])
def test_what_does_not_match_is_not_there(app: Flask, filled: Stand, said: dict[str, object]) -> None:
    assert _actions(filled, **said) == set()


@pytest.mark.requirement("FL-078")
@pytest.mark.requirement("OF-230")
def test_a_day_is_the_whole_day_of_the_organisation(app: Flask, filled: Stand) -> None:
    assert _actions(filled, since=DAY.date(), until=DAY.date()) == {"probe.day.first", "probe.day.last"}
    assert _actions(filled, since=DAY.date(), until=DAY.date(), resource="hse.incident", actor="member") == set()


def test_the_graph_counts_by_day(app: Flask, filled: Stand) -> None:
    with filled.work("auditor"):
        counted = per_day(Filters(action="probe."), [DAY.date() - timedelta(days=1), DAY.date()])
    assert counted == [(date(2026, 3, 9), 1, 0), (date(2026, 3, 10), 2, 0)]


def _walk(stand: Stand, filters: Filters, *, between: bool = False) -> list[UUID]:
    seen: list[UUID] = []
    while True:
        with stand.work("auditor"):
            page = listed(filters)
            seen += [entry.id for entry in page.entries]
        if page.older is None:
            return seen
        filters = replace(filters, before=page.older)
        if between:
            with stand.work():
                audit.note("late.arrival")


@pytest.mark.requirement("PK-029")
def test_a_walk_over_a_thousand_misses_none_and_shows_none_twice(app: Flask, stand: Stand) -> None:
    with stand.work():
        for number in range(1_000):
            audit.note(f"walk.step{number}")
    wanted = {entry.id for entry in stand.entries()}
    seen = _walk(stand, Filters(), between=True)
    assert len(seen) == len(set(seen))
    assert wanted <= set(seen)


@pytest.mark.requirement("PK-030")
@pytest.mark.parametrize("sort", ["at", "-at", "actor", "-actor"])
def test_it_is_sorted_by_date_and_by_actor_both_ways(app: Flask, filled: Stand, sort: str) -> None:
    for number in range(60):
        with filled.work("member" if number % 2 else "owner"):
            audit.note(f"probe.sort{number}")
    seen = _walk(filled, Filters(sort=sort))
    rows = {entry.id: entry for entry in filled.entries()}
    assert set(seen) == set(rows)
    ordered = [rows[each] for each in seen]
    if sort.endswith("at"):
        assert [r.at for r in ordered] == sorted((r.at for r in ordered), reverse=sort.startswith("-"))
    else:
        names = [row.actor_id for row in ordered]
        groups = [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]
        assert len(groups) == len(set(groups))
        people = [role for group in groups for role, actor in filled.actors.items() if actor.id == group]
        assert people == sorted(people, reverse=sort.startswith("-"))


@pytest.mark.requirement("FL-091")
def test_one_persons_history_is_all_and_only_theirs(app: Flask, filled: Stand) -> None:
    person = filled.actors["member"].id
    with filled.work("auditor"):
        found = [row for rows in every(Filters(person=person)) for row in rows]
    assert {row.id for row in found} == {entry.id for entry in filled.entries(actor_id=person)}
    assert found


@pytest.mark.requirement("PK-024")
@pytest.mark.requirement("PK-026")
@pytest.mark.requirement("OF-224")
@pytest.mark.requirement("OF-225")
def test_an_entry_says_who_what_where_and_with_what(app: Flask, stand: Stand) -> None:
    with stand.work():
        site = stand.site("Rowan")
        site_id, reference = site.id, site.reference
    client, page = signed_in(app, stand, "owner"), f"/{stand.organisation.slug}/organisation/sites/{reference}/"
    before = clock.now()
    headers = {"User-Agent": BROWSER, "X-Request-ID": "trace-0001-abc"}
    seen = client.get(page, headers=headers, environ_overrides={"REMOTE_ADDR": "81.2.69.142"})
    assert seen.status_code == 200
    (row,) = stand.entries(action="organisation.site.view")
    assert (row.actor_id, row.record_id, row.ip, row.agent, row.request_id) == (
        stand.actors["owner"].id, site_id, "81.2.69.142", BROWSER, "trace-0001-abc")
    assert row.at.utcoffset() == timedelta(0)
    assert before <= row.at <= clock.now()
    shown = client.get(f"/{stand.organisation.slug}/audit/{row.id}/").text
    for word in ("81.2.69.142", "United Kingdom", "Firefox", "Windows", "trace-0001-abc", stand.actors["owner"].name,
                 stand.actors["owner"].email, reference):
        assert word in shown


@pytest.mark.requirement("OF-222")
def test_who_acted_stays_as_they_were_called(app: Flask, stand: Stand) -> None:
    with stand.work("member"):
        audit.note("probe.named")
    was = stand.actors["member"].name
    from app.core.people import Member

    with stand.work() as work:
        work.get_one(Member, (stand.organisation.id, stand.actors["member"].id)).name = "Somebody Else"
    (row,) = stand.entries(action="probe.named")
    shown = signed_in(app, stand, "auditor").get(f"/{stand.organisation.slug}/audit/{row.id}/").text
    assert was in shown
    assert str(row.actor_id) in shown
    assert stand.actors["member"].email in shown


@pytest.mark.requirement("OF-227")
def test_a_refusal_says_that_and_why(app: Flask, stand: Stand) -> None:
    assert signed_in(app, stand, "member").get(f"/{stand.organisation.slug}/audit/").status_code == 403
    (row,) = stand.entries(result="refused")
    assert row.context["needs"] == "audit.entry.view"
    shown = signed_in(app, stand, "auditor").get(f"/{stand.organisation.slug}/audit/?result=refused").text
    assert "audit.entry.view" in shown
    assert "refused" in shown


@pytest.mark.requirement("OF-234")
@pytest.mark.parametrize(("role", "status"), [("auditor", 200), ("owner", 200), ("member", 403)])
def test_the_trail_is_for_admins_and_auditors(app: Flask, stand: Stand, role: str, status: int) -> None:
    client, page = signed_in(app, stand, role), f"/{stand.organisation.slug}/audit/"
    assert client.get(page).status_code == status
    assert client.get(f"/api/v1/{stand.organisation.slug}/audit/entries/").status_code == status
    if role == "auditor":
        assert client.get(f"{page}holds/new").status_code == 403


def test_looking_at_the_trail_is_in_the_trail_once(app: Flask, stand: Stand) -> None:
    client, page = signed_in(app, stand, "auditor"), f"/{stand.organisation.slug}/audit/"
    for _again in range(3):
        assert client.get(page).status_code == 200
    client.get(f"{page}?actor=member")
    looks = stand.entries(action="audit.entry.view")
    assert [look.context["filters"] for look in looks] == [{}, {"actor": "member"}]
    assert {look.actor_id for look in looks} == {stand.actors["auditor"].id}


def test_machines_walk_the_same_pages(app: Flask, filled: Stand) -> None:
    client, address = signed_in(app, filled, "auditor"), f"/api/v1/{filled.organisation.slug}/audit/entries/?action=probe."
    answer = client.get(address).get_json()
    assert {item["entry"]["action"] for item in answer["items"]} == _actions(filled)
    assert answer["next"] is None


def test_a_view_is_kept_under_its_name_and_let_go(app: Flask, stand: Stand) -> None:
    from tests.core.audit.house import token_of

    client, page = signed_in(app, stand, "auditor"), f"/{stand.organisation.slug}/audit/"
    token = token_of(client, page)
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    kept = client.post(f"{page}views", data={"csrf_token": token, "name": "Refusals", "result": "refused"}, headers=headers)
    assert kept.status_code == 303
    assert 'result=refused">' in client.get(page).text
    client.post(f"{page}views", data={"csrf_token": token, "forget": "Refusals"}, headers=headers)
    assert 'result=refused">' not in client.get(page).text
