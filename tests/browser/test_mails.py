"""Mails as a mail program shows them, by day and in the dark: everything in them can be read."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from app.core import mail
from app.core.mail.look import DARK_SHEET
from app.core.notifications import digest
from app.core.organisations import Organisation
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from tests.browser import axe
from tests.core.approvals.house import House
from tests.core.mail.test_mail import ADVICE, Server
from tests.core.mail.test_mail import server as server  # noqa: PLC0414 -- a fixture

pytestmark = [pytest.mark.browser, pytest.mark.timeout(280)]
ACCOUNT = {"title": "Your password was changed", "text": "By somebody who knew it.", "rows": [("When", "now"), ("Where", "Leiden")],
           "button": "Sign in", "url": "https://ops.example.org/x", "denial_url": "https://ops.example.org/y"}
LIGHT, DARK = "rgb(255, 255, 255)", "rgb({}, {}, {})".format(*bytes.fromhex(DARK_SHEET[1:]))


def written(house: House, server: Server) -> dict[str, str]:
    """The HTML of mails of every make."""
    for amount in ("6000", "60000"):
        house.waiting(amount)
    with acting(house.organisation, SYSTEM), unit_of_work():
        mail.send(house.ids["clerk"], "account", ACCOUNT)
        mail.send("acorn@suppliers.example", "remittance", ADVICE)
        digest.send_now(house.ids["manager"])
    house.later(1)
    return {str(each["Subject"]): _html(each) for each in server.taken}


def _html(message: EmailMessage) -> str:
    part: Any = message.get_body(("html",))
    return str(part.get_content())


def shown(browser: Browser, html: str, scheme: Any) -> Page:
    page = browser.new_context(viewport={"width": 700, "height": 900}, color_scheme=scheme).new_page()
    page.set_content(html)
    return page


@pytest.mark.parametrize("own", [False, True])
def test_everything_is_readable_by_day_and_in_the_dark(app: Flask, house_of_mails: House, server: Server, chromium: Browser,
                                                       own: bool) -> None:
    if own:
        with acting(house_of_mails.organisation, SYSTEM), unit_of_work():
            row = session().get_one(Organisation, house_of_mails.organisation.id)
            row.colour, row.colour_dark, row.mail_footer = "#7a1f5c", "#f2b705", "House Ltd, 1 Quay"
    mails = written(house_of_mails, server)
    assert len(mails) >= 4
    for subject, html in mails.items():
        for scheme, ground in (("light", LIGHT), ("dark", DARK)):
            page = shown(chromium, html, scheme)
            sheet = page.locator("table table").first
            assert sheet.evaluate("each => getComputedStyle(each).backgroundColor") == ground, subject
            broken = [each for each in axe.violations(page) if each[0] == "color-contrast"]
            assert broken == [], f"{subject} ({scheme})"
            page.context.close()


def test_what_can_hardly_be_read_is_seen(chromium: Browser) -> None:
    page = shown(chromium, '<html lang="en"><body style="background:#181c23"><p style="color:#111827">Dark</p></body></html>', "dark")
    assert "color-contrast" in {rule for rule, _places in axe.violations(page)}
    page.context.close()


@pytest.fixture
def house_of_mails(app: Flask) -> House:
    """An organisation with people to write to."""
    return House()
