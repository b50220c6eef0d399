"""Whoever loses a right while their browser is open: a member suspended, a role taken, a token revoked, a delegation ended.

Each is refused within five seconds on every door: page, htmx, API, stream, selection, the link in a mail.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from app.core import auth
from app.core.approvals import delegations
from app.kernel import embedded
from app.kernel.current import SYSTEM, acting
from app.kernel.db import as_identity, session, unit_of_work
from app.kernel.registry import registry
from app.modules.hse.models import Incident
from tests.browser.chromium import launched, until
from tests.contract import samples
from tests.core.approvals.house import House
from tests.core.approvals.test_standing import days
from tests.infra import home
from tests.infra.databases import database_of_its_own
from tests.infra.serving import LiveServer
from tests.ordeal import visiting

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(300)]
WITHIN, REFUSED = 5.0, {401, 403, 404}
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
ASK = """async (doors) => Object.fromEntries(await Promise.all(doors.map(async ([name, method, path, headers, body]) => {
  const token = document.querySelector('[name=csrf_token]')?.value ?? document.querySelector('meta[name=csrf-token]')?.content ?? '';
  const sent = method === 'GET' ? {} : { body, headers: { 'X-CSRF-Token': token } };
  const answer = await fetch(path, { method, redirect: 'manual', ...sent, headers: { ...headers, ...sent.headers } });
  return [name, answer.type === 'opaqueredirect' ? 303 : answer.status];
})))"""
LISTEN = """(path) => { window.heard = { lost: 0 }; window.source = new EventSource(path);
  window.source.addEventListener('error', () => { window.heard.lost += 1; }); }"""
Door = tuple[str, str, str, Mapping[str, str], str]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(servers: embedded.Servers) -> Iterator[LiveServer]:
    """A web server on a database of its own."""
    for database in database_of_its_own(servers, home.TEMPLATE):
        running = LiveServer(database)
        try:
            yield running.start("web")
        finally:
            running.stop()


@pytest.fixture
def house(server: LiveServer) -> Iterator[House]:
    """The people, in the database of the running server."""
    with server.database.app.app_context():
        yield House()


@pytest.fixture
def incident(house: House) -> str:
    """The reference of somebody else's record."""
    with house.as_("owner"):
        return str(samples.make(registry.resource("hse.incident"), 1)[0].reference)


def secret_of(house: House, name: str) -> str:
    """The cookie of a browser in which a member is signed in."""
    identity = house.actors[name].identity_id
    assert identity is not None
    with house.as_(name), as_identity(identity):
        return auth.open_session(identity)


def opened(house: House, server: LiveServer, chromium: Browser, name: str, path: str) -> Page:
    """A member's browser with a page open that listens to the stream."""
    context = chromium.new_context(base_url=server.url)
    cookie = server.database.app.extensions["settings"].cookie("session").rpartition("_")[0] + f"_{server.port}"
    context.add_cookies([{"name": cookie, "value": secret_of(house, name), "url": server.url}])
    page = context.new_page()
    assert page.goto(root(house) + path).status == 200  # type: ignore[union-attr]
    page.evaluate(LISTEN, root(house) + "/stream")
    until(page, "window.source.readyState", 1)
    return page


def root(house: House) -> str:
    return f"/{house.organisation.slug}"


def ways(house: House, path: str, send: str, body: str, *, machine: str, bulk: str, chosen: str) -> list[Door]:
    """The doors to one thing: looked at as page, htmx and by the API, then changed by each, alone and in a selection."""
    base, verb = root(house), "decide" if "approvals" in machine else "close"
    return [("page", "GET", base + path, {}, ""), ("htmx", "GET", base + path, PARTIAL, ""),
            ("api", "GET", f"/api/v1{base}{machine}", {}, ""),
            ("page change", "POST", base + send, FORM, body), ("htmx change", "POST", base + send, {**FORM, **PARTIAL}, body),
            ("api change", "POST", f"/api/v1{base}{machine}{verb}", JSON, "{}"),
            ("selection", "POST", base + bulk, FORM, chosen)]


def looks(doors: list[Door]) -> list[Door]:
    return [door for door in doors if door[1] == "GET"]


def refused_soon(look: Callable[[], Mapping[str, int]], known: set[int] = REFUSED) -> None:
    """Every door refuses within five seconds."""
    begin = time.monotonic()
    while open_ones := {name: status for name, status in look().items() if status not in known}:
        assert time.monotonic() - begin < WITHIN, str(open_ones)
        time.sleep(0.2)


def link_refused(page: Page, address: str) -> None:
    """A link in a mail, opened in the same browser, refuses."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status in REFUSED, answer.status


def test_a_suspended_member_in_an_open_browser(server: LiveServer, chromium: Browser, house: House, incident: str) -> None:
    page = opened(house, server, chromium, "director", "/hse/incidents/")
    doors = ways(house, f"/hse/incidents/{incident}/", f"/hse/incidents/{incident}/close", "outcome=Done", bulk="/hse/incidents/bulk",
                 machine=f"/hse/incidents/{incident}/", chosen=f"action=archive&_confirmed=1&ids={incident}")
    assert set(page.evaluate(ASK, looks(doors)).values()) == {200}
    house.do("owner", "people.member", "suspend", [house.ids["director"]], {})
    refused_soon(lambda: page.evaluate(ASK, doors))
    until(page, "window.heard.lost > 0", limit=WITHIN)
    until(page, "window.source.readyState", 2)
    link_refused(page, f"{root(house)}/hse/incidents/{incident}/")
    assert untouched(house, incident)
    page.context.close()


def test_a_removed_role_in_an_open_browser(server: LiveServer, chromium: Browser, house: House, incident: str) -> None:
    page = opened(house, server, chromium, "director", "/hse/incidents/")
    doors = ways(house, "/hse/incidents/export?format=csv", f"/hse/incidents/{incident}/close", "outcome=Done", bulk="/hse/incidents/bulk",
                 machine=f"/hse/incidents/{incident}/", chosen=f"action=archive&_confirmed=1&ids={incident}")
    doors += [("close form", "GET", f"{root(house)}/hse/incidents/{incident}/close", {}, "")]
    with house.as_("owner"):
        viewer = str(samples_role("viewer"))
    house.do("owner", "people.member", "edit", [house.ids["director"]], {"role": viewer})
    stays = {"api", "selection"}  # who may still look: the record stays in sight, a selection answers for each row
    refused_soon(lambda: {name: status for name, status in page.evaluate(ASK, doors).items() if name not in stays})
    link_refused(page, f"{root(house)}/hse/incidents/{incident}/close")
    assert untouched(house, incident)
    page.context.close()


def test_a_revoked_token(server: LiveServer, house: House, incident: str) -> None:
    with house.as_("director"):
        token, value = auth.make_token("Integration", ["*.*.*"])
        token_id = token.id
    client = visiting.Browser(server.url)
    machine = f"/api/v1{root(house)}/hse/incidents/"

    def statuses() -> dict[str, int]:
        sent = {"Authorization": f"Bearer {value}", **JSON}
        asked = {"list": ("GET", machine, None), "one": ("GET", f"{machine}{incident}/", None), "new": ("POST", machine, b"{}"),
                 "change": ("PATCH", f"{machine}{incident}/", b"{}"), "close": ("POST", f"{machine}{incident}/close", b"{}")}
        return {name: client.send(method, path, body, sent).status for name, (method, path, body) in asked.items()}

    assert not {401, 404} & set(statuses().values())
    with house.as_("director"):
        auth.revoke_token(token_id)
    refused_soon(statuses, {401})


def test_a_delegate_in_an_open_browser(server: LiveServer, chromium: Browser, house: House) -> None:
    with acting(house.organisation, SYSTEM), unit_of_work():
        house._member("dora", "hse_manager")  # who sees no payment but those that she is asked about
    with house.as_("manager"):
        given = delegations.give({"delegate": str(house.ids["dora"]), **days()}).reference
    request_id = house.waiting()
    found = house.request(request_id)
    page = opened(house, server, chromium, "dora", f"/inbox/{found.reference}/")
    doors = ways(house, f"/inbox/{found.reference}/", f"/inbox/{found.reference}/decide", f"decision=approve&hash={found.snapshot_hash}",
                 machine=f"/approvals/{found.reference}/", bulk=f"/inbox/{found.reference}/decide", chosen="decision=reject&reason=No")
    base = f"{root(house)}/inbox/{found.reference}"
    doors += [(name, "GET", f"{base}/{name}", {}, "") for name in ("peek", "sheet.pdf", "decide?verb=approve")]
    assert set(page.evaluate(ASK, looks(doors)).values()) == {200}
    with house.as_("manager"):
        delegations.end(delegations.find(given))
    refused_soon(lambda: page.evaluate(ASK, doors))
    link_refused(page, f"{base}/")
    assert house.request(request_id).state.value == "open"
    page.context.close()


def samples_role(key: str) -> UUID:
    from app.core import access

    found: UUID = access.role_named(key).id
    return found


def untouched(house: House, reference: str) -> bool:
    """Whether the record is neither closed nor archived."""
    with acting(house.organisation, SYSTEM), unit_of_work():
        record: Any = session().scalars(select(Incident).where(Incident.reference == reference)).one()
        return record.archived_at is None and record.closed_at is None
