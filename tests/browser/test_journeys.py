"""The main job by hand in a real browser: sign in, import, decide by keyboard alone, undo, export, read the digest."""

from __future__ import annotations

import csv
from collections import Counter
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select

from app.core.approvals import ApprovalRequest
from app.core.approvals.models import Colour
from app.core.notifications import digest
from app.kernel.db import session
from tests.browser import files
from tests.browser.chromium import Watch, until
from tests.browser.house import PASSWORD, House
from tests.browser.keyboard import AZERTY, QWERTY, Keyboard, Layout
from tests.infra.serving import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
FOCUSED_ROW = "document.activeElement.matches('#queue [data-row]')"


def sign_in(house: House, email: str) -> tuple[BrowserContext, Page, Watch]:
    """By the form, without a mouse."""
    context = house.chromium.new_context(base_url=house.server.url, viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(20_000)
    watch = Watch(context)
    page = context.new_page()
    page.goto("/sign-in")
    keys = Keyboard(page, QWERTY)
    until(page, "document.activeElement.name", "email")
    page.keyboard.type(email)
    keys.press("Tab")
    page.keyboard.type(PASSWORD)
    keys.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)
    return context, page, watch


def press_link(page: Page, selector: str) -> None:
    """Follow a link or press a button from the keyboard."""
    page.focus(selector)
    page.keyboard.press("Enter")


@pytest.fixture(scope="module")
def imported(house: House, tmp_path_factory: pytest.TempPathFactory) -> Watch:
    """The clerk brings the file in: guessed columns put right, a date that does not exist found and mended."""
    context, page, watch = sign_in(house, "tessa.lowe@northgate.example")
    folder = tmp_path_factory.mktemp("in")
    for day, errors in ((files.WRONG, 1), (files.RIGHT, 0)):
        path = folder / "ledger.csv"
        path.write_text(files.payments(day))
        page.goto("/northgate/procurement/payments/import")
        page.set_input_files("#field-file", path)
        press_link(page, "main form button")
        page.wait_for_selector("select[name^=column-]")
        for header, field in (("Voucher", "transaction_number"), ("Paid to", "supplier"), ("What for", "purpose"), ("Kind", "category"),
                              ("Unit", "department"), ("Sum", "amount"), ("Paid", "paid_on")):
            page.select_option(f'select[aria-label="Goes to: {header}"]', field)
        page.evaluate("document.querySelectorAll('[name=create_missing]').forEach((box) => { box.checked = true; })")
        press_link(page, "main form button:has-text('Check all rows')")
        page.wait_for_selector("#check", timeout=60_000)
        found = page.locator("#check section[aria-label=Errors] tbody tr")
        assert found.count() == errors, page.inner_text("#check")
        if errors:
            assert found.first.locator("td").all_inner_texts()[:3] == ["5", "Paid", files.WRONG]
    press_link(page, "#check form button")
    page.wait_for_selector("text=See what came in", timeout=90_000)
    assert page.locator("dl dd").all_inner_texts()[:3] == [str(2 * files.ROWS), str(2 * files.ROWS), "0"]
    context.close()
    _make_green(house)
    return watch


def _make_green(house: House) -> None:
    """No policy of the demo is GREEN: some requests of each department are made so, to press their key."""
    with house.acting("Helen Marsh", "northgate"):
        for request in session().scalars(select(ApprovalRequest).where(ApprovalRequest.snapshot.regexp_match("J-[01]00[0-4]"),
                                                                       ApprovalRequest.risk == Colour.ORANGE)):
            request.risk = Colour.GREEN


def test_a_file_is_imported_with_its_columns_mapped_and_its_error_mended(imported: Watch) -> None:
    assert imported.troubles() == []


@pytest.mark.requirement("OF-492")
@pytest.mark.parametrize(("person", "layout", "count"), [("Marcus Oyelade", QWERTY, 50), ("Shirley Attwood", AZERTY, 14)],
                         ids=["qwerty", "azerty"])
def test_mixed_requests_are_decided_by_keyboard_alone(house: House, imported: Watch, person: str, layout: Layout, count: int) -> None:
    context, page, watch = sign_in(house, f"{person.lower().replace(' ', '.')}@northgate.example")
    keys = Keyboard(page, layout)
    page.goto("/northgate/inbox/")
    _into_rows(page, keys)
    if layout is AZERTY:
        _digits(page, keys)
    else:
        _keep(page, keys)
    decided = Counter(_decide(page, keys, number) for number in range(count))
    assert set(decided) == {"GREEN", "ORANGE", "RED", "returned"}
    assert decided.total() == count
    _undo(page, keys)
    assert watch.of("mouse") == []
    assert watch.troubles() == []
    context.close()


def _into_rows(page: Page, keys: Keyboard) -> None:
    """Press j until a row has the focus: a key that comes before the page's scripts do is nobody's."""
    for _press in range(100):
        keys.press("j")
        page.wait_for_timeout(100)
        if page.evaluate(FOCUSED_ROW):
            return
    raise AssertionError(f"j leads into no row of {page.url}")


def _decide(page: Page, keys: Keyboard, number: int) -> str:
    """Answer the request under the focus; the next row has the focus afterwards."""
    row, risk = page.evaluate("[document.activeElement.id, document.activeElement.dataset.risk]")
    if number % 12 == 5:
        risk = "returned"
        keys.press("r")
        until(page, "document.activeElement.id", "field-reason")
        keys.type("which cost centre")
        keys.press("Control+Enter")
    else:
        keys.press("a")
        if risk == "RED":
            until(page, "document.activeElement.id", "field-word")
            keys.type("approve")
            keys.press("Tab")
            keys.type(PASSWORD)
            keys.press("Control+Enter")
        elif risk == "ORANGE":
            until(page, "document.activeElement.matches('#decision button')")
            keys.press("Enter")
    page.wait_for_selector(f"#{row}", state="detached")
    until(page, FOCUSED_ROW)
    return str(risk)


def _keep(page: Page, keys: Keyboard) -> None:
    """Star the first request, ask a colleague about it, see it on the board, and come back to the list."""
    row = page.evaluate("document.activeElement.id")
    keys.press("s")
    page.wait_for_selector(f"#{row} [aria-pressed=true]")
    keys.press("p")
    until(page, "document.querySelector('#decision[open] #field-member') !== null")
    page.locator("#decision #field-member").focus()
    keys.press("ArrowDown")
    keys.press("Tab")
    keys.type("is this usual")
    keys.press("Control+Enter")
    page.wait_for_selector("#decision:not([open])", state="attached")
    until(page, FOCUSED_ROW)
    keys.press("v")
    keys.press("b")
    page.wait_for_selector("[data-board]")
    _into_rows(page, keys)
    column = "[...document.querySelectorAll('[data-column]')].indexOf(document.activeElement.closest('[data-column]'))"
    keys.press("ArrowRight")
    until(page, f"{column} === Math.min(1, document.querySelectorAll('[data-column]').length - 1)")
    keys.press("v")
    keys.press("l")
    page.wait_for_selector("[data-board]", state="detached")
    _into_rows(page, keys)


def _digits(page: Page, keys: Keyboard) -> None:
    """On AZERTY a digit without Shift says `&`, with Shift `1`: both press the step's first button."""
    for digit in ("&", "1"):
        until(page, "Boolean(document.querySelector('#peek [data-choice=\"1\"]')) && document.getElementById('peek').dataset.row"
                    " === document.activeElement.id")
        keys.press(digit)
        page.wait_for_selector("#decision[open] form")
        keys.press("Escape")
        until(page, FOCUSED_ROW)


def _undo(page: Page, keys: Keyboard) -> None:
    """Approve one more, and take it back with z inside its window: it waits again, and nothing was sent."""
    while page.evaluate("document.activeElement.dataset.risk") != "ORANGE":
        before = page.evaluate("document.activeElement.id")
        keys.press("j")
        until(page, f"document.activeElement.id !== '{before}'")
    row = page.evaluate("document.activeElement.id")
    _decide(page, keys, 0)
    page.wait_for_selector("#undo-slot .undobar")
    keys.press("z")
    page.wait_for_selector(f"#{row}")
    until(page, "document.activeElement !== document.body")


def test_the_clerk_exports_and_the_digest_is_read_in_the_catcher(house: House, imported: Watch, tmp_path: Path) -> None:
    context, page, watch = sign_in(house, "tessa.lowe@northgate.example")
    page.goto("/northgate/procurement/payments/?transaction_number__sw=J-&sort=-amount")
    press_link(page, "[popovertarget=list-more]")
    page.wait_for_selector("#list-more a:has-text('CSV')")
    with page.expect_download() as waiting:
        press_link(page, "#list-more a:has-text('CSV')")
    waiting.value.save_as(tmp_path / "payments.csv")
    rows = list(csv.reader((tmp_path / "payments.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 1 + 2 * files.ROWS
    assert watch.of("mouse") + watch.troubles() == []
    context.close()
    _read_digest(house)


def _read_digest(house: House) -> None:
    """Marcus's digest of this moment (the scheduler may have sent the morning's before), opened in the page of the local catcher."""
    with house.acting("Marcus Oyelade", "northgate") as member:
        owed = digest.send_now(member.id).message_id
    mine = "marcus.oyelade@northgate.example"
    greeted = "Good morning, Marcus"
    found = wait_for(lambda: [m for m in house.server.mails() if owed in str(m["Message-ID"]) and greeted in _text(m)], 60, "the digest")
    context = house.chromium.new_context(base_url=f"http://localhost:{house.server.port + 2}")
    page = context.new_page()
    page.goto("/")
    page.locator("tr").filter(has_text=mine).filter(has_text=str(found[0]["Subject"])).locator("a").first.click()
    assert greeted in page.inner_text("pre")
    assert "Harehill Works" in page.frame_locator("iframe").locator("body").inner_text()
    context.close()


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return str(part.get_content()) if part else ""
