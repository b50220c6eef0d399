"""Everything of another organisation, asked for by every door: the answer is that to something that never was, word for word."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.core import auth, notifications, people
from app.core.approvals.models import ApprovalRequest
from app.kernel import carrier, clock, faults, limits, stream
from app.kernel.current import SYSTEM, acting
from app.kernel.db import enter, session
from app.kernel.door import perform_one
from app.kernel.forgery import SAFE
from app.kernel.registry import registry
from app.resources.querying import filter_fields
from tests.contract import checks, gatehouse
from tests.contract.elsewhere import NEVER, WORDS, Foreign
from tests.contract.world import World
from tests.house.test_routes import MACHINES

pytestmark = [pytest.mark.timeout(900), pytest.mark.requirement("LG-290", "OF-565")]
PLAIN = {"org", "name", "ending", "kind", "key", "mark", "module", "token", "action"}  # of an address: names no record of an organisation
NAMED = {"file_id": "stored_file", "job_id": "job", "notice_id": "notification", "entry_id": "audit_entry", "provider": "sso_provider",
         "mail_id": "mail_message", "row_id": "outbox", "session_id": "user_session", "token": "api_token", "link": "sso_link",
         "link_id": "agency_link", "lost_id": "lost_factor", "delivery_id": "notification_delivery", "device_id": "push_device",
         "view_id": "inbox_view"}
REFERRED = {"/access/overview/changes/": "role_change", "/access/overview/as/": "member", "/people/members/": "member",
            "/impersonation/": "impersonation", "/inbox/delegations/": "approval_delegation", "/inbox/": "approval_request",
            "/approvals/": "approval_request", "/runs/runs/": "executive_run", "/runs/schedules/": "schedule",
            "/workflow/designs/": "workflow_version", "/autonomy/proposals/": "ai_proposal", "/dashboards/": "dashboards_dashboard",
            "/documents/templates/": "document_template", "/reports/reports/": "reports_report",
            "/forms/forms/": "form_definition"}
ASKED = {"X-Request-ID": "isolation-probe"}


@pytest.fixture
def foreign(world: World) -> Foreign:
    """Another organisation full of records."""
    return Foreign()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults as what they say, without the page around them, which is the same for all; and nobody asks too often."""
    monkeypatch.setattr(limits, "take", lambda _limit, _who: None)
    monkeypatch.setattr(faults, "_page", lambda what: json.dumps({name: str(value) for name, value in what.items()}))


def cells(app: Flask) -> Iterator[tuple[str, str]]:
    """The routes, with their methods, whose address says which record is meant."""
    for rule in app.url_map.iter_rules():
        if "org" in rule.arguments and (rule.arguments - PLAIN or "<uuid:token>" in rule.rule):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule.rule, method


def pair(route: str, foreign: Foreign) -> tuple[str, str]:
    """What is put in the place of the record's name: something of the other organisation, and its like that never was."""
    named = re.search(r"<uuid:([a-z_]+)>", route)
    if route.startswith("/scim/"):
        return foreign.ids["member" if "Users" in route else "member_group"], str(uuid4())
    if "<reference>" in route:
        module, _slash, slug = gatehouse.resource_of(route).partition("/")
        resource = next(r for r in registry if (r.module, r.slug) == (module, slug))
        return foreign.references.get(resource.model.__tablename__, "ZZZ-1999-99998"), NEVER
    if "<run>" in route:
        return foreign.references["import_run"], NEVER
    if named:
        return foreign.ids[NAMED[named[1]]], str(uuid4())
    table = next(table for path, table in REFERRED.items() if path in route)
    return foreign.references.get(table, "ZZZ-1999-99998"), NEVER


def filled(route: str, value: str, foreign: Foreign) -> str:
    """An address of our own organisation that means a record by `value`."""
    address = route.replace("<org>", "north")
    if "<reference>" in address:
        address = address.replace("<reference>", value).replace("<uuid:file_id>", foreign.ids["stored_file"])
    return re.sub(r"<(?!uuid|run|ref)[a-z:_]+>", "x", re.sub(r"<(uuid:[a-z_]+|run|ref)>", value, address))


def bare(body: str, value: str) -> str:
    """A body without the name that was asked for, and without what differs by request."""
    return checks.bare(body.replace(value, "·").replace(value.replace("-", ""), "·"))


def ask(world: World, method: str, address: str, headers: dict[str, str]) -> Any:
    """One request of the owner: as a browser, or as a directory with a token."""
    machine = address.startswith(MACHINES)
    sent: dict[str, Any] = {"json": {}} if machine and method not in SAFE else {}
    client = world.stranger() if address.startswith("/scim/") else world.client("owner")
    return client.open(address, method=method, headers={**ASKED, **headers}, **sent)


def directory_token(world: World) -> dict[str, str]:
    """A token with which a directory keeps the people of our own organisation."""
    with world.acting("owner"):
        _token, secret = auth.make_token("directory", ("admin",))
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.usefixtures("said")
def test_every_address_answers_for_a_foreign_record_as_for_none(app: Flask, world: World, foreign: Foreign) -> None:
    """Pages, fragments, the API, directories, files, jobs, mails, imports, exports: not found, in the same words."""
    csrf, token, wrong, asked = world.token(world.client("owner")), directory_token(world), {}, 0
    for route, method in cells(app):
        value, never = pair(route, foreign)
        headers = token if route.startswith("/scim/") else {} if method in SAFE else csrf
        for door in ({}, gatehouse.PARTIAL) if method in SAFE and not route.startswith(MACHINES) else ({},):
            theirs, none = (ask(world, method, filled(route, each, foreign), headers | door) for each in (value, never))
            asked += 1
            if not theirs.status_code == none.status_code == 404 or bare(theirs.text, value) != bare(none.text, never):
                wrong[f"{method} {route} {sorted(door)}"] = (theirs.status_code, none.status_code)
    assert wrong == {}
    assert asked > 600


def test_a_filter_finds_nothing_by_a_foreign_id(world: World, foreign: Foreign) -> None:
    """In the list, as a fragment, and by the API."""
    client, wrong, asked = world.client("owner"), [], 0
    for resource in registry:
        links = [field for field in filter_fields(resource).values() if field.kind == "reference" and field.reference in foreign.ids]
        for field in links:
            value, never = foreign.ids[field.reference], str(uuid4())
            for way in (world.url(resource), f"/api/v1{world.url(resource)}"):
                theirs, none = (client.get(f"{way}?{field.name}={each}", headers=ASKED | gatehouse.PARTIAL) for each in (value, never))
                asked += 1
                if (theirs.status_code, bare(theirs.text, value)) != (none.status_code, bare(none.text, never)):
                    wrong.append(f"{way} {field.name}")
    assert wrong == []
    assert asked > 30


def test_no_search_and_no_picker_finds_a_foreign_word(world: World, foreign: Foreign) -> None:
    client = world.client("owner")
    for way in ("/north/search?q={}", "/north/palette?q={}", "/north/procurement/suppliers/?q={}", "/north/procurement/suppliers/pick?q={}",
                "/api/v1/north/procurement/suppliers/?q={}", "/north/audit/?q={}", "/north/access/overview?q={}"):
        theirs, none = (client.get(way.format(each), headers=ASKED | gatehouse.PARTIAL) for each in (WORDS, "zirconiam"))
        assert theirs.status_code == none.status_code == 200, way
        assert bare(theirs.text, WORDS) == bare(none.text, "zirconiam"), way


def test_no_live_stream_tells_of_another_organisation(app: Flask, world: World, foreign: Foreign, monkeypatch: pytest.MonkeyPatch) -> None:
    """Theirs is not opened; what is announced there goes out under their name alone; ours hands nothing on of it, even if we are named."""
    client, said = world.client("owner"), list[tuple[str, str]]()
    theirs, none = (client.get(f"/{slug}/stream", headers=ASKED) for slug in (gatehouse.SLUG, "nowhere-at-all"))
    assert theirs.status_code == none.status_code == 404
    assert bare(theirs.text, gatehouse.SLUG) == bare(none.text, "nowhere-at-all")
    monkeypatch.setattr(carrier, "say", lambda channel, text: said.append((channel, text)))
    with acting(foreign.place, SYSTEM):
        enter()
        for member in session().scalars(select(people.Member.id)).all():
            notifications.notify(member, "approval", WORDS)
        session().commit()
    assert {channel for channel, _text in said} == {f"{stream.CHANNEL}{foreign.place.id}"}
    assert WORDS not in json.dumps(said), "names and ids, never words"
    near, far = socket.socketpair()
    far.settimeout(1)
    hub, me = stream.Hub(app.extensions["settings"].redis_url), str(world.identities["owner"])
    hub.take(near, str(world.place.id), me, b"head")
    assert far.recv(100) == b"head"
    for _channel, text_ in said:
        for to in (None, [me]):
            hub.tell(str(foreign.place.id), {**json.loads(text_), "to": to})
    hub.tell(str(world.place.id), {"event": "ours", "data": "", "to": None})
    assert far.recv(4000) == b"event: ours\ndata: \n\n", "the first thing heard is our own"
    near.close()
    far.close()


def test_looking_for_a_foreign_record_asks_the_database_no_more(world: World, foreign: Foreign) -> None:
    """As many statements as for a record that never was, so that time tells nothing either."""
    wrong = []
    for resource in registry:
        known = foreign.references.get(resource.model.__tablename__, "ZZZ-1999-99998")
        for way in (world.url(resource), f"/api/v1{world.url(resource)}"):
            wrong += [] if any(statements(world, way, NEVER) == statements(world, way, known) for _try in range(4)) else [way]
    assert wrong == []


def statements(world: World, way: str, reference: str) -> int:
    """How many statements a record's address costs; a few caches live for seconds only, so that one more may come at any time."""
    return world.queries(lambda client: client.get(f"{way}{reference}/"))


def own_request(world: World) -> ApprovalRequest:
    """Something of our own that waits for the owner: a viewer asks for access."""
    with world.acting("viewer"):
        asked = perform_one("access.request", "create", data={"permission": "hse.incident.edit", "reason": "To write the report",
                                                              "until": (clock.now() + timedelta(days=2)).isoformat()})
        record_id = asked.record.id
    with world.acting("owner"):
        found = session().scalars(select(ApprovalRequest).where(ApprovalRequest.record_id == record_id)).one()
        session().expunge(found)
    return found


def bodies(world: World, foreign: Foreign) -> Iterator[tuple[str, str, dict[str, str], str, str]]:
    """The screens of their own that take the name of a person, role or record in what is sent: method, address, the rest, name, value."""
    today = clock.today("Europe/Paris").isoformat()
    member, role, reference = foreign.ids["member"], foreign.ids["role"], foreign.references["member"]
    waits = own_request(world)
    yield "POST", "/north/inbox/delegations/", {"starts_on": today, "ends_on": today}, "delegate", member
    yield "POST", "/north/inbox/delegations/", {"starts_on": today, "ends_on": today, "delegate": str(world.ids["admin"])}, "member", member
    for address in (f"/north/inbox/{waits.reference}/decide", f"/api/v1/north/approvals/{waits.reference}/decide"):
        yield "POST", address, {"decision": "delegate", "hash": waits.snapshot_hash, "_key": "probe"}, "member", member
    for value in (member, reference):
        yield "POST", "/north/impersonation/", {"reason": "Their list stays empty"}, "member", value
        yield "GET", "/north/impersonation/", {}, "member", value
        yield "GET", "/north/access/overview", {}, "of", value
        yield "POST", "/north/settings/ownership", {}, "member", value
        yield "POST", "/north/access/overview/roles/new", {"label": "Probe"}, "holder-0", value
        yield "POST", "/north/settings/service-tokens", {"name": "probe", "role": str(role_of(world))}, "owner", value
    yield "POST", "/north/access/overview/roles/new", {"label": "Probe"}, "parent", role
    yield "POST", "/north/settings/service-tokens", {"name": "probe", "owner": str(world.ids["owner"])}, "role", role
    yield "POST", "/north/settings/agencies", {"address": "south", "side": "client"}, "role", role
    for name, value in (("person", member), ("record_id", foreign.ids["procurement_supplier"])):
        yield "GET", "/north/audit/", {}, name, value
    yield "POST", "/north/people/members/bulk", {"action": "suspend", "_confirmed": "1"}, "ids", reference


def role_of(world: World) -> Any:
    """The id of the role of our own viewers."""
    return world.member("viewer").role_id


def test_a_body_that_names_a_foreign_record_is_answered_as_one_that_names_none(world: World, foreign: Foreign) -> None:
    client, wrong, said = world.client("owner"), [], set()
    for method, address, rest, name, value in bodies(world, foreign):
        never, shown = str(uuid4()) if len(value) == 36 else NEVER, []
        for each in (value, never):
            sent = {**rest, name: each}
            answer = (client.get(address, query_string=sent, headers=ASKED) if method == "GET" else
                      client.post(address, data=sent, headers=ASKED | world.token(client)))
            assert answer.status_code < 500, address
            shown.append((answer.status_code, bare(answer.text, each)))
            said.add(answer.status_code)
        if shown[0] != shown[1]:
            wrong.append((method, address, name, [status for status, _body in shown]))
    assert wrong == []
    assert 422 in said


def test_a_directory_cannot_name_a_foreign_person(world: World, foreign: Foreign) -> None:
    """The members of a group, and somebody's manager."""
    headers, own, shown = directory_token(world) | ASKED, world.ids["viewer"], []
    patch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
    for value in (foreign.ids["member"], str(uuid4())):
        group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Probe", "members": [{"value": value}]}
        person = {"schemas": [patch], "Operations": [{"op": "replace", "path": manager, "value": {"value": value}}]}
        answers = (world.stranger().post("/scim/v2/north/Groups", json=group, headers=headers),
                   world.stranger().patch(f"/scim/v2/north/Users/{own}", json=person, headers=headers))
        shown.append([(answer.status_code, bare(answer.text, value)) for answer in answers])
    assert shown[0] == shown[1]
    assert [status for status, _body in shown[0]] == [400, 400], shown


def test_what_was_asked_for_is_there_and_as_it_was(foreign: Foreign) -> None:
    """A probe of nothing would prove nothing."""
    assert {*NAMED.values()} <= foreign.ids.keys()
    assert {*REFERRED.values()} - foreign.references.keys() == set()
    assert {"member", "import_run", "approval_request", "approval_delegation", "impersonation",
            "executive_run"} <= foreign.references.keys()
    with acting(foreign.place):
        enter()
        assert session().execute(text("SELECT count(*) FROM procurement_supplier WHERE name = :name"), {"name": WORDS}).scalar() == 1
