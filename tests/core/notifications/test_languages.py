"""What leaves the application speaks the reader's language: mails, digests, notices, decision sheets; no word of it is untranslated."""

from __future__ import annotations

import html
import io
import re
from uuid import UUID

import pytest
from babel.dates import get_day_names, get_month_names
from babel.support import NullTranslations
from flask import Flask
from flask_babel import Domain, force_locale, gettext
from pypdf import PdfReader
from sqlalchemy import select

from app.core import access, approvals, exports
from app.core.approvals.models import ApprovalRequest
from app.core.mail import MailMessage, smtp
from app.core.notifications import Notification, digest
from app.core.people import Member
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.faults import wording
from tests.core.approvals.house import House

ASKED = {"fiona": "fr", "felix": "es", "freya": "pt", "director": "en"}
DATA = {
    "OpsFlux", "House", "Acorn", "Repairs", "Works", "Because", "GBP", "PDF", "SHA", "GREEN", "ORANGE", "RED", "roads",
    "Manager", "Clerk", "Owner", "Director", "Fiona", "Felix", "Freya", "Hanna", "http", "https", "localhost", "api", "example", "acorn",
}


class Server:
    """A mail server that takes everything."""

    def sendmail(self, *_: object) -> None:
        """Take it."""


class Bracketed(NullTranslations):
    """A language in which every word stands in square brackets, which every font has."""

    def gettext(self, message: str) -> str:  # type: ignore[override]
        return f"[{message}]"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:  # type: ignore[override]
        return f"[{msgid1 if n == 1 else msgid2}]"

    ugettext, ungettext = gettext, ngettext


@pytest.fixture
def house(app: Flask, monkeypatch: pytest.MonkeyPatch) -> House:
    """An organisation with people to ask, where mail leaves."""
    monkeypatch.setattr(smtp, "_connection", lambda _out: Server())
    monkeypatch.setattr("app.core.auth.is_you", lambda _identity, typed: typed == "right")
    return House()


def speaks(house: House, name: str, language: str) -> None:
    """Choose a member's language, and all mails."""
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        member = work.get_one(Member, (house.organisation.id, house.ids[name]))
        member.language, member.preferences = language, {**member.preferences, "mail_notifications": "all"}


def mails(house: House, name: str) -> list[MailMessage]:
    """The mails written to a member."""
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        found = list(work.scalars(select(MailMessage).where(MailMessage.member_id == house.ids[name])))
        work.expunge_all()
    return found


def titles(house: House, name: str) -> list[str]:
    """The notices to a member."""
    with acting(house.organisation, SYSTEM), unit_of_work():
        return list(session().scalars(select(Notification.title).where(Notification.member_id == house.ids[name])))


def asked_of_four(house: House) -> None:
    """One event of which four people of four languages learn: a payment that wants the finance approvers."""
    with acting(house.organisation, SYSTEM), unit_of_work():
        access.grant_further(house.ids["director"], "finance_approver")
    for name, language in ASKED.items():
        speaks(house, name, language)
    request_id = house.waiting("60000")
    house.red(request_id, "manager")
    house.later(1)
    house.later(2)


@pytest.mark.requirement("OF-100")
def test_one_event_is_mailed_to_each_in_their_language(house: House) -> None:
    asked_of_four(house)
    for name, language in ASKED.items():
        mail = mails(house, name)[0]
        with force_locale(language):
            hello, foot = gettext("Hello %(name)s,", name=name.title()), gettext("Open it")
        assert mail.language == language
        assert hello in mail.text
        assert hello in html.unescape(mail.html)
        assert foot in mail.text
        assert f'lang="{language}"' in mail.html
    assert len({mails(house, name)[0].subject for name in ASKED}) == len(ASKED)


@pytest.mark.requirement("OF-102")
def test_each_of_a_group_with_four_languages_reads_their_own(house: House) -> None:
    asked_of_four(house)
    for name, language in ASKED.items():
        with force_locale(language):
            start = gettext("Waiting for you: %(title)s", title="")
        assert any(title.startswith(start) for title in titles(house, name)), (language, titles(house, name))
    assert len({titles(house, name)[0] for name in ASKED}) == len(ASKED)


def left(text: str) -> list[str]:
    """The words of what was written that stand in no bracket and are nobody's data."""
    text = re.sub(r"<(style|title)\b.*?</\1>", " ", text, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]*>", " ", text))
    text = re.sub(r"https?://\S+|\b[A-Z]{2,6}-\d{4}-\d+\b|\b[0-9a-f]{8,}\b|\S+@\S+", " ", text)
    while (less := re.sub(r"\[[^\[\]]*\]", " ", text)) != text:
        text = less
    return sorted({word for word in re.findall(r"[^\W\d_]{3,}", text) if word not in DATA})


CLDR = {  # not by a catalogue
    *get_month_names("abbreviated", locale="en").values(), *get_month_names("wide", locale="en").values(),
    *get_day_names("wide", locale="en").values(), "minutes", "minute", "hour", "hours", "ago", "now", "second", "seconds",
}


@pytest.fixture
def busy(house: House, monkeypatch: pytest.MonkeyPatch) -> tuple[House, UUID]:
    """Everything that writes has happened, in the bracketed language: asked, returned, released, digests, a remittance."""
    monkeypatch.setattr(Domain, "get_translations", lambda _self: Bracketed())
    for name in ("manager", "clerk"):
        speaks(house, name, "en")
    released = house.waiting("6000")
    house.waiting("6000")
    for verb in ("return", "reject", "ask"):
        house.decide(house.waiting("7000"), "manager", verb, reason="Because.")
    house.decide(released, "manager")
    for seconds in (1, 31, 32, 33):
        house.later(seconds)
    with acting(house.organisation, SYSTEM), unit_of_work():
        for name in ("manager", "clerk", "owner"):
            digest.queue(house.ids[name])
    house.later(34)
    return house, released


def test_no_mail_and_no_notice_has_an_untranslated_word(busy: tuple[House, UUID]) -> None:
    house, _released = busy
    with acting(house.organisation, SYSTEM), unit_of_work():
        written = list(session().scalars(select(MailMessage)))
        notices = list(session().scalars(select(Notification)))
        found = {f"{mail.template} {part}": words for mail in written for part in ("subject", "text", "html")
                 if (words := [w for w in left(getattr(mail, part)) if w not in CLDR])}
        found |= {f"notice {notice.kind}": words for notice in notices
                  if (words := [w for w in left(f"{notice.title} {notice.text}") if w not in CLDR])}
        kinds = {mail.template for mail in written}
    assert found == {}
    assert kinds == {"digest", "notification", "remittance"}


def test_no_decision_sheet_has_an_untranslated_word(busy: tuple[House, UUID], app: Flask) -> None:
    house, released = busy
    target = io.BytesIO()
    with app.test_request_context(f"/{house.organisation.slug}/"), house.as_("manager"):
        request = session().get_one(ApprovalRequest, (house.organisation.id, released))
        told = approvals.sheet(request)
        exports.write_decision({**told, "snapshot": {}}, target, exports.Imprint("", "House", "", "http://localhost/", "APR-2026-00001"))
    pages = "\n".join(page.extract_text() for page in PdfReader(target).pages)
    assert [word for word in left(pages.replace("\n", " ")) if word not in CLDR] == []


def test_no_error_has_an_untranslated_word(busy: tuple[House, UUID], app: Flask) -> None:
    with app.test_request_context("/"):
        for status in (400, 403, 404, 405, 409, 413, 422, 429, 500, 503):
            title, advice, _image = wording(status)
            assert left(f"{title} {advice}") == []
