"""The browser's side in a real Chromium: keys, focus, dialogs, pickers, and no violation of the content policy."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, request
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from app.kernel.current import Context, _context
from app.kernel.frame import Frame, provide_frame
from app.kernel.screens import screen, wants_fragment
from tests.kernel.browser_side import ORGANISATION, PERSON, application, bound

pytestmark = pytest.mark.browser
FOCUSED = "document.activeElement.id || document.activeElement.tagName"
GREEN, ORANGE, RED = "GREEN", "ORANGE", "RED"


LOOKS = ("kind", "risk", "due", "sort")
TOOLS = {"open": False, "narrowed": False, "action": "/northgate/inbox/", "keep_url": "/northgate/inbox/views", "plain_url": "",
         "typed": "", "words": {}, "choices": dict.fromkeys(LOOKS, ()), "chosen": dict.fromkeys(LOOKS, ""), "errors": {}, "views": [],
         "ways": [], "layouts": []}


class Queue:
    """Requests for approval as the inbox's templates read them, kept in memory."""

    def __init__(self) -> None:
        self.risks = {"1": RED, "2": ORANGE, "3": ORANGE, "4": GREEN, "5": GREEN}
        self.decided: list[tuple[str, str]] = []

    def row(self, number: str) -> dict[str, Any]:
        """One line."""
        verbs = ("approve", "return")
        address = f"/northgate/inbox/{number}/"
        risk = self.risks[number]
        return {"id": number, "url": address, "peek_url": f"{address}peek", "title": f"Payment {number}", "reference": f"PAY-{number}",
                "subtitle": "Solicitors", "selected": False,
                "tags": [], "risk": risk, "amount": "£5,400.00", "step": "1 of 1", "due": "4 h left", "late": False,
                "overdue": number == "2", "mine": True, "links": [(verb, f"{address}decide?verb={verb}") for verb in verbs],
                "star": {"id": number, "on": False, "url": f"{address}star", "label": "Star"}, "timeline_url": f"{address}timeline",
                "done_url": "", "green": {"action": f"{address}decide", "hash": "9c", "key": f"k{number}"} if risk == GREEN else None}

    def peek(self, number: str) -> dict[str, Any]:
        """What stands behind it."""
        row = self.row(number)
        return {**row, "record_url": "/record", "asked": "asked by R. Osei", "outliers": [], "facts": [("Amount", "£5,400.00", True)],
                "lines": None, "changed": [], "consequences": [], "meaning": "", "levels": [],
                "progress": {"text": "", "through": 0, "steps": []}, "snapshot": "9c41e07b",
                "state": None, "files": [], "evidence": None, "backtest": None, "done_url": "", "alone": False, "delivery": None,
                "comments": [], "filled": [], "sheet_url": "", "held": None,
                "buttons": [{"verb": v, "label": v.title(), "url": u, "primary": v == "approve", "allowed": True, "reason": ""}
                            for v, u in row["links"]]}

    def left(self) -> list[dict[str, Any]]:
        """The rows that are still waiting."""
        return [self.row(number) for number in self.risks if number not in dict(self.decided)]


def pages(queue: Queue) -> Flask:
    """The inbox, a form and a list of links, served without a database."""
    app = application({"form.html": '{% extends "resource/form.html" %}'})
    app.before_request(lambda: _context.set(Context(ORGANISATION, PERSON, "req-1", "page")) and None)

    def inbox() -> Any:
        left = queue.left()
        return screen("inbox/list.html", "rows", heading="Inbox", empty=("Nothing waits for you", "Come back later."),
                      tabs=[("Mine", "/northgate/inbox/", True, len(left))], url="/northgate/inbox/",
                      bulk_url="/northgate/inbox/bulk", pager={"count_text": "", "previous_url": "", "next_url": ""},
                      groups=[("Today", left)] if left else [], undos=[], peek=None, tools=TOOLS, board=False)

    def decide(number: str) -> Any:
        verb = request.values.get("decision") or request.values.get("verb") or "approve"
        peek = queue.peek(number)
        wrong = {} if request.method == "GET" else {
            name: ["Needed."] for name, needed in (("reason", verb == "return"), ("word", verb == "approve" and peek["risk"] == RED))
            if needed and not request.form.get(name)}
        if request.method == "POST" and not wrong:
            queue.decided.append((number, verb))
            said = {"said": f"PAY-{number} {verb}, {len(queue.left())} left"}
            return screen("inbox/decided.html", trigger={"decided": said}, gone=[number], stays=[], tabs=[],
                          undos=[{"text": f"PAY-{number} {verb}", "url": f"/northgate/inbox/{number}/undo", "seconds": 30}])
        return screen("inbox/decide.html", "form", status=422 if wrong else 200, verb=verb, heading=verb.title(), peek=peek,
                      action=f"/northgate/inbox/{number}/decide", back_url="/northgate/inbox/", hash="9c", key="k", guard=peek["risk"],
                      filling=None, fills=False, in_dialog=wants_fragment(),
                      word=peek["reference"], members=[], until=[], values=request.form, errors=wrong, changed=[])

    def request_page(number: str) -> Any:
        return screen("inbox/request.html", peek=queue.peek(number), history=[])

    def undo(number: str) -> Any:
        queue.decided = [each for each in queue.decided if each[0] != number]
        return screen("inbox/decided.html", trigger={"decided": {"said": "Undone"}, "queue-refresh": {}}, gone=[], stays=[], tabs=[],
                      undos=[])

    def draft() -> Any:
        queue.decided.append(("draft", request.form["title"]))
        return "", 204

    def validate() -> Any:
        return screen("resource/field.html", b=bound(value=request.form["title"], errors=["Too short."]))

    def form() -> Any:
        fields = [bound(value=request.form.get("title", ""), validate="/validate"),
                  bound(name="site", label="Site", kind="reference", suggest="/pick")]
        return screen("form.html", "form", resource=SimpleNamespace(plural="Incidents"), crumbs=[("Incidents", "/list")], heading="New",
                      groups=[("Facts", fields, [])], aside=[], lines=None, errors=[], impact=None, action="/form", cancel_url="/list",
                      version="", key="k", draft_url="/draft", draft_when="", discard_url="", multipart=False)

    app.add_url_rule("/northgate/inbox/", "inbox", inbox)
    app.add_url_rule("/northgate/inbox/<number>/", "request", request_page)
    app.add_url_rule("/northgate/inbox/<number>/peek", "peek", lambda number: screen("inbox/peek.html", peek=queue.peek(number)))
    app.add_url_rule("/northgate/inbox/<number>/decide", "decide", decide, methods=["GET", "POST"])
    app.add_url_rule("/northgate/inbox/<number>/undo", "undo", undo, methods=["POST"])
    app.add_url_rule("/northgate/palette", "palette", lambda: screen("search/palette.html", typed=request.args.get("q", ""), groups=[
        ("Pages", [{"id": "1", "title": "Inbox", "subtitle": "", "url": "/northgate/inbox/", "icon": "inbox", "keys": ["g", "i"],
                    "run": ""}])]))
    app.add_url_rule("/form", "form", form, methods=["GET", "POST"])
    app.add_url_rule("/draft", "draft", draft, methods=["POST"])
    app.add_url_rule("/validate", "validate", validate, methods=["POST"])
    app.add_url_rule("/pick", "pick", lambda: screen("resource/suggestions.html", typed=request.args["q"], found=[
        {"id": "a1", "title": "Rowan Alpha", "subtitle": "SIT-1"}, {"id": "b2", "title": "Rowan Bravo", "subtitle": "SIT-2"}]))
    return app


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-background-networking"])
        yield started
        started.close()


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def address(queue: Queue) -> Iterator[str]:
    from app.kernel import frame as slot

    before = list(slot._provider)
    provide_frame(lambda: Frame(root="/northgate/"))
    server = make_server("127.0.0.1", 0, pages(queue), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    slot._provider[:] = before


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(8_000)
    page = context.new_page()
    page.add_init_script("""window.violations = [];
        document.addEventListener('securitypolicyviolation', (e) => window.violations.push(e.violatedDirective + ' ' + e.blockedURI));""")
    crashed: list[str] = []
    page.on("pageerror", lambda error: crashed.append(str(error)))
    yield page
    assert page.evaluate("window.violations") == []
    assert crashed == []
    context.close()


def focused(page: Page) -> str:
    return str(page.evaluate(FOCUSED))


def until(page: Page, expression: str, wanted: str) -> None:
    """Wait for a value; Playwright's own waiting compiles strings, which the page's policy forbids."""
    for _attempt in range(100):
        found = page.evaluate(expression)
        if found == wanted:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{expression} is {found!r}, not {wanted!r}")


def test_the_queue_is_worked_from_the_keyboard_alone(page: Page, queue: Queue) -> None:
    page.goto("/northgate/inbox/", wait_until="networkidle")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == "row-2"
    page.wait_for_selector("#peek >> text=PAY-2")
    page.keyboard.press("a")
    page.wait_for_selector("#decision-title")
    page.keyboard.press("Enter")
    page.wait_for_selector("#row-2", state="detached")
    assert queue.decided == [("2", "approve")]
    until(page, FOCUSED, "row-3")
    until(page, "document.getElementById('announcer').textContent", "PAY-2 approve, 4 left")


def test_green_is_approved_at_once_and_undone(page: Page, queue: Queue) -> None:
    page.goto("/northgate/inbox/", wait_until="networkidle")
    for _press in range(4):
        page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_selector("#row-4", state="detached")
    until(page, FOCUSED, "row-5")
    page.keyboard.press("z")
    page.wait_for_selector("#row-4")
    assert queue.decided == []
    assert focused(page) != "BODY"


def test_red_asks_for_the_word_and_stays_when_it_is_missing(page: Page, queue: Queue) -> None:
    page.goto("/northgate/inbox/", wait_until="networkidle")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_selector("#decision-title")
    assert focused(page) == "field-word"
    page.fill("#field-password", "x")
    page.evaluate("document.querySelector('#decision form').noValidate = true")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#field-word-error")
    assert queue.decided == []
    page.fill("#field-word", "PAY-1")
    page.fill("#field-password", "x")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#row-1", state="detached")


def test_returning_needs_a_reason_and_the_key_itself_sends_nothing(page: Page, queue: Queue) -> None:
    page.goto("/northgate/inbox/", wait_until="networkidle")
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.wait_for_selector("#decision-title")
    assert focused(page) == "field-reason"
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(200)
    assert queue.decided == []
    page.keyboard.type("a j x: wrong cost centre")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#row-1", state="detached")
    assert queue.decided == [("1", "return")]


def test_escape_closes_the_dialog_and_gives_the_row_its_focus_back(page: Page, queue: Queue) -> None:
    page.goto("/northgate/inbox/", wait_until="networkidle")
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.wait_for_selector("#decision-title")
    page.keyboard.press("Escape")
    until(page, FOCUSED, "row-1")
    assert "/northgate/inbox/" in page.url


@pytest.mark.parametrize(("keys", "number"), [(("*", "a"), 5), (("*", "g"), 2), (("*", "o"), 1), (("x",), 1)])
def test_selection_by_keys(page: Page, keys: tuple[str, ...], number: int) -> None:
    page.goto("/northgate/inbox/", wait_until="networkidle")
    page.keyboard.press("j")
    for key in keys:
        page.keyboard.press(key)
    assert page.locator(".row-check:checked").count() == number
    page.keyboard.press("*")
    page.keyboard.press("n")
    assert page.locator(".row-check:checked").count() == 0


def test_shift_extends_the_selection(page: Page) -> None:
    page.goto("/northgate/inbox/", wait_until="networkidle")
    page.keyboard.press("j")
    page.keyboard.press("Shift+J")
    page.keyboard.press("Shift+J")
    assert page.locator(".row-check:checked").count() == 3


def test_digits_work_on_an_azerty_keyboard(page: Page) -> None:
    """There the key says `&` and only its place says 1: the first button of the step is pressed."""
    page.goto("/northgate/inbox/", wait_until="networkidle")
    page.keyboard.press("j")
    page.wait_for_selector("#peek >> text=PAY-1")
    page.evaluate("""document.activeElement.dispatchEvent(
        new KeyboardEvent('keydown', {key: '&', code: 'Digit1', bubbles: true, cancelable: true}))""")
    page.wait_for_selector("#decision-title")


def test_the_palette_opens_steers_and_closes(page: Page) -> None:
    page.goto("/form", wait_until="networkidle")
    page.focus("#field-title")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open] [role=option]")
    page.keyboard.type("inb")
    page.keyboard.press("Escape")
    assert not page.evaluate("document.getElementById('palette').open"), "one press, whatever is typed"
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open] [role=option]")
    page.wait_for_selector("#palette [aria-selected=true]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/northgate/inbox/")


def test_keys_do_nothing_in_a_text_field(page: Page, queue: Queue) -> None:
    page.goto("/form", wait_until="networkidle")
    page.focus("#field-title")
    page.keyboard.type("j?/g i")
    assert page.input_value("#field-title") == "j?/g i"
    assert not page.evaluate("document.querySelector('dialog[open]')")


def test_a_field_is_checked_when_it_is_left_and_the_draft_is_kept(page: Page, queue: Queue) -> None:
    page.goto("/form", wait_until="networkidle")
    page.fill("#field-title", "Slip")
    page.keyboard.press("Tab")
    page.wait_for_selector("#field-title-error")
    assert focused(page) == "field-site"
    until(page, "document.querySelector('[data-draft-status]').textContent", "Draft kept")
    assert ("draft", "Slip") in queue.decided


def test_a_picker_is_steered_by_arrows_and_keeps_the_id(page: Page) -> None:
    page.goto("/form", wait_until="networkidle")
    page.fill("#field-site", "Row")
    page.wait_for_selector("[role=option] >> text=Rowan Bravo")
    page.wait_for_selector("[role=option][aria-selected=true] >> text=Rowan Alpha")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#field-site") == "Rowan Bravo"
    assert page.input_value("input[name=site]") == "b2"
    page.keyboard.type("x")
    assert page.input_value("input[name=site]") == ""


def test_enter_in_a_picker_takes_the_best_match_and_never_sends_the_form(page: Page, queue: Queue) -> None:
    page.goto("/form", wait_until="networkidle")
    page.evaluate("document.getElementById('record-form').addEventListener('submit', () => { document.title = 'sent'; })")
    page.focus("#field-site")
    page.keyboard.type("Row")
    page.keyboard.press("Enter")  # before the server answered
    page.wait_for_selector("[role=option][aria-selected=true]")
    page.keyboard.press("Enter")
    assert page.input_value("input[name=site]") == "a1"
    assert page.title() != "sent"


def test_escape_in_the_queue_clears_the_selection_and_stays(page: Page) -> None:
    page.goto("/form", wait_until="networkidle")
    page.goto("/northgate/inbox/", wait_until="networkidle")
    page.keyboard.press("j")
    page.keyboard.press("x")
    for _press in range(2):
        page.keyboard.press("Escape")
        page.wait_for_timeout(200)
    assert page.locator(".row-check:checked").count() == 0
    assert page.url.endswith("/northgate/inbox/")
    assert focused(page) == "row-1"


def test_back_from_a_request_the_queue_goes_on_where_it_was_left(page: Page, queue: Queue) -> None:
    page.goto("/northgate/inbox/", wait_until="networkidle")
    for _press in range(3):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/inbox/3/")
    page.keyboard.press("]")
    page.wait_for_url("**/inbox/4/")
    queue.decided.append(("4", "approve"))
    page.keyboard.press("u")
    page.wait_for_url("**/inbox/")
    until(page, FOCUSED, "row-5")


def test_injected_markup_is_inert(page: Page, queue: Queue) -> None:
    """An htmx element without the page's nonce does nothing, however it came to be there."""
    page.goto("/northgate/inbox/", wait_until="networkidle")
    page.evaluate("""() => { const b = document.createElement('button'); b.id = 'evil'; b.setAttribute('hx-get', '/northgate/palette');
        b.setAttribute('hx-nonce', 'guess'); b.textContent = 'x'; document.getElementById('main').prepend(b); htmx.process(b); }""")
    assert page.evaluate("document.getElementById('evil').hasAttribute('hx-get')") is False


def test_menus_and_the_sidebar_open_without_script(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False, viewport={"width": 820, "height": 1180})
    page = context.new_page()
    page.goto("/northgate/inbox/")
    assert not page.is_visible("#sidebar")
    page.click("[popovertarget=sidebar]")
    assert page.is_visible("#sidebar")
    page.click("[popovertarget=account]")
    assert page.is_visible("#account >> text=Sign out")
    context.close()


def test_nothing_is_drawn_in_the_wrong_theme(browser: Browser, address: str) -> None:
    for scheme, colour in (("light", "oklch(1 0 0)"), ("dark", "oklch(0.145 0 0)")):
        context = browser.new_context(base_url=address, color_scheme=scheme, java_script_enabled=True)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto("/form")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == colour
        context.add_cookies([{"name": "theme", "value": "light" if scheme == "dark" else "dark", "url": address}])
        page.reload()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != colour
        context.close()
