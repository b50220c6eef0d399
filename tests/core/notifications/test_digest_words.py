"""What the digest says: what waits and what was decided, as it is when the mail leaves."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.mail import MailMessage, smtp
from app.core.notifications import digest
from app.kernel import outbox
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.approvals.house import House


class Server:
    """A mail server that takes everything."""

    def sendmail(self, *_: object) -> None:
        """Take it."""


@pytest.fixture
def house(app: Flask, monkeypatch: pytest.MonkeyPatch) -> House:
    """An organisation with people to ask."""
    monkeypatch.setattr(smtp, "_connection", lambda _out: Server())
    return House()


def owe(house: House, name: str) -> UUID:
    """Owe somebody today's digest."""
    with acting(house.organisation, SYSTEM), unit_of_work():
        owed = digest.queue(house.ids[name])
        assert owed is not None
        return owed.id


def sent(house: House, mail_id: UUID) -> MailMessage:
    """The digest once it left."""
    outbox.drain(house.organisation.id)
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        found = work.scalars(select(MailMessage).where(MailMessage.id == mail_id)).one()
        work.expunge(found)
    return found


def test_it_names_what_waits_with_amount_and_link(house: House) -> None:
    house.waiting("6000")
    house.waiting("7250.50")
    mail = sent(house, owe(house, "manager"))
    assert mail.subject.startswith("2 decisions wait for you")
    assert "£7,250.50" in mail.text
    assert "£7,250.50" in mail.html
    assert f"/{house.organisation.slug}/mail/open/" in mail.text
    assert "ORANGE" in mail.html


def test_what_was_settled_before_it_leaves_is_not_in_it(house: House) -> None:
    first, second = house.waiting("6000"), house.waiting("7000")
    mail_id = owe(house, "manager")
    house.decide(first, "manager")
    mail = sent(house, mail_id)
    assert "£7,000.00" in mail.text
    assert "£6,000.00" not in mail.text
    assert second


def test_it_says_what_was_decided_and_why(house: House) -> None:
    request = house.waiting("6000")
    house.decide(request, "manager", "reject", reason="Not this year")
    mail = sent(house, owe(house, "clerk"))
    assert "rejected" in mail.text
    assert "Not this year" in mail.html


def test_it_says_what_is_overdue_first(house: House) -> None:
    from datetime import timedelta

    from app.kernel import clock

    house.waiting("6000")
    with clock.at(clock.now() + timedelta(days=4)):
        mail = sent(house, owe(house, "manager"))
    assert "Overdue (1)" in mail.text
    assert mail.text.index("Overdue") < mail.text.index("£6,000.00")
