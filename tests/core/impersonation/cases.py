"""An organisation in which somebody sees what another sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import select

from app.core.audit.models import AuditEntry
from app.core.impersonation import Impersonation
from app.core.people import Member
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from tests.core.visitors import Visitor

REASON = "Ben cannot find his incident; case 4711"


@dataclass(frozen=True)
class Case:
    """An organisation, its people, and the browsers of those who act."""

    app: Flask
    home: Organisation
    owner: Member
    helper: Member
    member: Member
    sue: Visitor

    def browser(self, email: str) -> Visitor:
        """Another browser, signed in."""
        browser = Visitor(self.app)
        assert browser.sign_in(email).status_code == 303
        return browser

    def ask(self, of: Member, reach: str = "look", reason: str = REASON, by: Visitor | None = None) -> str:
        """Ask by the form; gives the address of the page that follows."""
        answer = (by or self.sue).send("/home/impersonation/", member=of.reference, reach=reach, reason=reason)
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def entries(self, **wanted: Any) -> list[AuditEntry]:
        """The entries of the trail with these values."""
        with acting(self.home, SYSTEM), unit_of_work() as work:
            rows = list(work.scalars(select(AuditEntry).filter_by(**wanted).order_by(AuditEntry.at)))
            work.expunge_all()
        return rows

    def only(self) -> Impersonation:
        """The one there is."""
        with acting(self.home, SYSTEM), unit_of_work() as work:
            row = work.scalars(select(Impersonation)).one()
            work.expunge(row)
        return row


def begun(case: Case, of: Member | None = None, reach: str = "look") -> str:
    """An impersonation of `ben` that goes on in Sue's browser; gives its page."""
    page = case.ask(of or case.member, reach)
    if reach == "act":
        assert case.browser("ben@home.example").send(f"{page}agree", form=page).status_code == 303
    answer = case.sue.send(f"{page}begin", form=page)
    assert (answer.status_code, answer.location) == (303, "/home/")
    return page
