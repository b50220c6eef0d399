"""The builder of workflows: steps are dragged, linked, moved and taken back, by mouse and by keys; a new record follows them as drawn."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.core import approvals
from app.core.approvals import ApprovalRequest, State
from app.core.approvals.legs import legs_of
from app.core.approvals.models import ApprovalSeat, Seat
from app.core.people import Member
from app.core.workflow import Limit, editing, read, workflow_of, written
from app.core.workflow.models import Stage
from app.core.workflow.stepping import FRESH
from app.demo.accounts import PASSWORD
from app.kernel import clock
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.outbox import OutboxRow
from app.kernel.registry import registry
from tests.browser import axe
from tests.browser.chromium import Watch, until
from tests.browser.house import PHONE, House
from tests.browser.test_workflows import keep
from tests.infra.serving import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(580)]
WIDE = {"width": 1440, "height": 900}
OWNER, OTHER, MAKER = "Mara Keller", "Tomás Figueira", "Joel Banda"
DEPLOYMENT = "/meridian/workflow/designs/requests.request/submit.deployment/"
DRAWN = (("approve", "step", "Installation", "Ines Cardona"), ("review", "review", "Safety", "Aurelie Besson"),
         ("sign", "signature", "Money", "Ruth Osei"), ("approve", "step_2", "Drilling", "Stellan Ruud"),
         ("approve", "step_3", "Upkeep", "Kwame Asante"))


def begin(page: Any, address: str = DEPLOYMENT) -> str:
    """A new version; gives its reference."""
    page.goto(address)
    page.get_by_role("button", name="New version").click()
    page.wait_for_url("**/designs/WFV-*")
    return str(page.url.rpartition("/")[2])


def begin_in_words(page: Any) -> None:
    """A new version, in whatever language the page is."""
    page.goto(DEPLOYMENT)
    page.locator(".page-head form button").first.click()
    page.wait_for_url("**/designs/WFV-*")


def drag(page: Any, source: str, onto: str) -> None:
    """Drag one thing onto a step, and wait until the page has said so."""
    with page.expect_navigation():
        page.locator(source).drag_to(page.locator(onto), target_position={"x": 90, "y": 12})
    until(page, "document.documentElement.dataset.ready", "true")


def name_it(page: Any, label: str, who: str) -> None:
    """Fill the form of the step that was just dropped, and save it."""
    page.fill("#step-form input[name=label]", label)
    page.select_option("#step-form select[name=who]", label=f"Person: {who}")
    with page.expect_navigation():
        page.locator("#step-form button").first.click()
    until(page, "document.documentElement.dataset.ready", "true")


def press(page: Any, row: str, what: str) -> None:
    """Press one of the buttons of a step by its key."""
    page.locator(f"{row} button[value={what}]").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    until(page, "document.documentElement.dataset.ready", "true")


def decide(house: House, who: str, request_id: UUID, **said: Any) -> None:
    """Agree as a member."""
    with house.acting(who, "meridian"):
        shown = session().scalars(select(ApprovalRequest.snapshot_hash).where(ApprovalRequest.id == request_id)).one()
        approvals.decide(request_id, "approve", shown_hash=shown, **said)


def look(house: House, request_id: UUID) -> tuple[State, list[str], list[str]]:
    """Its state, the steps that it has, and who is asked now."""
    with house.acting(OWNER, "meridian"):
        request = session().scalars(select(ApprovalRequest).where(ApprovalRequest.id == request_id)).one()
        asked = session().scalars(select(Member.name).join(ApprovalSeat, ApprovalSeat.member_id == Member.id).where(
            ApprovalSeat.request_id == request_id, ApprovalSeat.round == request.round, ApprovalSeat.state == Seat.WAITING))
        return request.state, [leg.name for leg in legs_of(request)], sorted(asked)


def effected(house: House, request_id: UUID) -> None:
    """What is held takes effect now, by the worker, rather than once the window for undoing is over."""
    with house.acting(OWNER, "meridian"):
        request = session().scalars(select(ApprovalRequest).where(ApprovalRequest.id == request_id)).one()
        assert request.state == State.HELD
        request.hold_until = clock.now()
        session().execute(update(OutboxRow).where(OutboxRow.id == request.effect_id).values(due_at=clock.now()))
    wait_for(lambda: look(house, request_id)[0] == State.EFFECTED, 90, "the effect")


@pytest.mark.requirement("OF-398")
def test_five_steps_are_dragged_and_linked_and_a_new_record_follows_them_as_drawn(house: House) -> None:
    context = house.sign_in(OWNER, "meridian", viewport=WIDE)
    watch, page = Watch(context), context.new_page()
    reference = begin(page)
    before = page.locator("[data-path]:not([data-drag])").evaluate_all("rows => rows.map((row) => row.dataset.path)")
    behind = "submit"
    for place, (kind, key, label, who) in enumerate(DRAWN):
        drag(page, f"[data-drag=add][data-kind={kind}]", f"#step-{'step' if place == 4 else behind}")
        name_it(page, label, who)
        behind = key
    drag(page, "#step-step_3 [data-drag=behind]", "#step-step_2")
    drag(page, "#step-step_3 [data-drag=link]", "#step-effect")
    keep(page, "builder-unreachable")
    assert "No way leads to this step." in page.inner_text("main")
    for old in before:
        if old not in ("submit", "effect", "end"):
            press(page, f"#step-{old}", "remove")
    rows = page.locator("[data-path]:not([data-drag])").evaluate_all("rows => rows.map((row) => row.dataset.path)")
    assert rows == ["submit", *(key for _kind, key, _label, _who in DRAWN), "effect", "end"]
    keep(page, "builder-drawn")
    page.locator("text=Put in force").click()
    page.wait_for_selector("text=Another administrator has to agree.")
    assert not watch.of("blocked", "console", "crashed")
    context.close()
    with house.acting(OWNER, "meridian"):
        activation = session().scalars(select(ApprovalRequest.id).where(ApprovalRequest.record_reference == reference)).one()
    decide(house, OTHER, activation)
    effected(house, activation)
    with house.acting(MAKER, "meridian"):
        made = perform_one("requests.request", "create", data={"kind": "deployment", "title": "New crane software"})
        request_id = perform_one("requests.request", "submit", made.record.id).approval_id
    assert request_id is not None
    for place, (kind, _key, _label, who) in enumerate(DRAWN):
        assert look(house, request_id) == (State.OPEN, [label for _kind, _key, label, _who in DRAWN], [who]), place
        decide(house, who, request_id, **({"password": PASSWORD} if kind == "sign" else {}))
    effected(house, request_id)


@pytest.mark.parametrize(("scheme", "viewport", "script"), [("dark", WIDE, True), ("light", PHONE, True), ("light", PHONE, False)])
def test_the_same_by_keys_alone_and_without_script(house: House, scheme: str, viewport: dict[str, int], script: bool) -> None:
    context = house.sign_in(OWNER, "meridian", bypass_csp=True, color_scheme=scheme, viewport=viewport, java_script_enabled=script)
    page = context.new_page()
    begin(page)
    page.locator("#palette-of-steps input[value=review]").focus()
    page.keyboard.press("Space")
    page.select_option("#palette-of-steps select[name=path]", label="Asked for")
    page.locator("#palette-of-steps button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**step=review*")
    made = parse_qs(urlsplit(page.url).query)["step"][0]  # numbered, where the version in force has such a step
    page.fill("#step-form input[name=label]", "Safety")
    page.select_option("#step-form select[name=onward]", label="Takes effect")
    page.locator("#step-form button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#step-form", state="detached")
    assert "No way leads to this step." in page.inner_text("main")
    keep(page, f"keys-{scheme}-{viewport['width']}-{script}")
    if script:
        assert not axe.violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.evaluate("document.activeElement.id") == f"step-{made}"
    for _each in range(2):
        page.locator("button[value=undo]").focus()
        with page.expect_navigation():
            page.keyboard.press("Enter")
    assert page.locator(f"#step-{made}").count() == 0
    assert page.locator("button[value=undo]").count() == 0
    context.close()


def in_force(house: House, key: str) -> str:
    """A version of a workflow with one more step, in force without anybody's consent; gives its reference."""
    with house.acting(OWNER, "meridian"):
        workflow_id = workflow_of(registry.approvals[key], "submit")
        made = perform_one("workflow.workflow_version", "create", data={"workflow": str(workflow_id)}).record
        graph = read(made.graph)
        after = editing.in_order(graph)[1]
        drawn = editing.removed(editing.added(graph, after, replace(FRESH, label="Last look", limit=Limit(1))), after)
        perform_one("workflow.workflow_version", "redraw", made.id, {"graph": json.dumps(written(drawn))})
        made.stage = Stage.ACTIVE
        return str(made.reference)


@pytest.mark.parametrize(("scheme", "viewport", "language"), [("light", WIDE, "en"), ("dark", PHONE, "de")])
def test_the_backtest_and_the_running_requests_are_readable(house: House, scheme: str, viewport: dict[str, int], language: str) -> None:
    reference = in_force(house, "requests.letter" if language == "en" else "requests.policy_document")
    context = house.sign_in(OWNER, "meridian", bypass_csp=True, color_scheme=scheme, viewport=viewport)
    house.prefer(context, language=language)
    watch, page = Watch(context), context.new_page()
    for name in ("backtest", "running"):
        page.goto(f"/meridian/workflow/designs/{reference}/{name}")
        keep(page, f"{name}-{scheme}-{viewport['width']}")
        assert not axe.violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    begin_in_words(page)
    page.check("#palette-of-steps input[value=sub]")
    page.locator("#palette-of-steps button").click()
    page.select_option("#step-form select[name=workflow]", value="requests.contract")
    page.locator("#step-form button").first.click()
    page.wait_for_selector("#step-form", state="detached")
    keep(page, f"inside-{scheme}-{viewport['width']}")
    assert page.locator("#step-inside-sign").count() == 1
    assert not axe.violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not watch.of("console", "crashed")
    context.close()
