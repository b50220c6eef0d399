"""One request, told in two languages: the words of its sheet, its mails and its digests differ, its figures are the same."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from flask_babel import force_locale, gettext
from pypdf import PdfReader
from sqlalchemy import select

from app.core.mail import MailMessage, smtp
from app.core.notifications import digest
from app.core.people import Member
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.approvals.browsing import Browser, reference_of
from tests.core.approvals.house import House

HEADINGS = ("Asks for", "Record", "State", "Risk", "Amount", "Asked by", "What was shown", "Decisions", "The exact bytes")
FIGURES = r"[0-9a-f]{64}|\b[A-Z]{2,4}-\d{4}-\d{5}\b|\d+[.,]\d{3}[.,]\d{2}|6\s?000[.,]00"


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail server that takes everything."""
    class Server:
        def sendmail(self, *_said: object) -> None:
            """Take it."""
    monkeypatch.setattr(smtp, "_connection", lambda _out: Server())


def speaks(house: House, **languages: str) -> None:
    """Choose the languages of members."""
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        for name, language in languages.items():
            work.get_one(Member, (house.organisation.id, house.ids[name])).language = language  # type: ignore[assignment]


def printed(app: Flask, house: House, name: str, reference: str) -> str:
    """The words of the decision sheet that a member gets."""
    content = Browser(app, house, name).get(f"/inbox/{reference}/sheet.pdf").data
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def digits(text: str) -> list[str]:
    """Hashes, references and amounts, whatever marks stand between the digits of an amount."""
    return sorted({re.sub(r"[.,\s]", "", found) for found in re.findall(FIGURES, text)})


@pytest.mark.requirement("OF-101")
def test_the_decision_sheet_differs_in_words_not_in_figures(house: House, app: Flask) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager", reason="Seen.")
    speaks(house, manager="en", clerk="pt")
    reference = reference_of(house, request_id)
    english, portuguese = (printed(app, house, name, reference) for name in ("manager", "clerk"))
    with app.app_context(), force_locale("pt"):
        words = {heading: gettext(heading) for heading in HEADINGS}
    for heading, word in words.items():
        assert heading in english
        assert word in portuguese
        assert heading == word or not re.search(rf"^{heading}\b", portuguese, re.MULTILINE), heading
    assert len({heading for heading, word in words.items() if heading != word}) > 6
    assert digits(english) == digits(portuguese)
    for figure in (house.request(request_id).snapshot_hash, "600000", house.request(request_id).record_reference):
        assert figure in digits(english)
    assert "Seen." in english
    assert "Seen." in portuguese


@pytest.mark.requirement("OF-100")
def test_the_digests_of_one_morning_are_each_in_the_readers_language(house: House, posted: None) -> None:
    request_id = house.waiting("60000")
    house.red(request_id, "manager")
    speaks(house, fiona="fr", felix="de")
    with acting(house.organisation, SYSTEM), unit_of_work():
        owed = {name: digest.send_now(house.ids[name]).id for name in ("fiona", "felix")}
    house.later(1)
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        written = {name: work.scalars(select(MailMessage).where(MailMessage.id == mail_id)).one() for name, mail_id in owed.items()}
        for name, language in (("fiona", "fr"), ("felix", "de")):
            with force_locale(language):
                said = gettext("Good morning, %(name)s", name=name.title())
                waiting = gettext("Waiting for you")
            assert said in written[name].text
            assert waiting in written[name].text
            assert waiting in written[name].html
            assert written[name].language == language
        assert written["fiona"].subject != written["felix"].subject
        named = {name: re.findall(r"PAY-\d{4}-\d{5}", mail.text) for name, mail in written.items()}
        assert named["fiona"] == named["felix"] != []
