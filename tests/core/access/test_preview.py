"""“View as this member”: what they would see, without acting for them, and kept in the trail."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.audit.models import AuditEntry
from app.core.people import Member
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from tests.core.visitors import Visitor, enrol, found


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an admin, somebody of the support, an auditor and a client, and two sites."""
    place = found("preview-co")
    for name, role in (("olga", "owner"), ("adam", "admin"), ("sue", "support"), ("cleo", "client")):
        enrol(place, f"{name}@preview.example", role)
    with acting(place, SYSTEM), unit_of_work():
        for name in ("Rowan", "Oslo"):
            perform_one("organisation.site", "create", data={"name": name, "kind": "rig"})
    return place


def page_of(app: Flask, place: Organisation, reader: str, whom: str) -> tuple[int, str]:
    """What somebody sees of what somebody else sees."""
    browser = Visitor(app)
    assert browser.sign_in(f"{reader}@preview.example").status_code == 303
    with acting(place, SYSTEM), unit_of_work() as work:
        ref = work.scalars(select(Member.reference).where(Member.email == f"{whom}@preview.example")).one()
    answer = browser.get(f"/preview-co/access/overview/as/{ref}")
    return answer.status_code, answer.text


def lists(page: str) -> str:
    """The page without the reader's own menu."""
    return page.partition('<main id="main"')[2].partition("</main>")[0]


def test_menu_lists_first_rows_and_reasons_are_those_of_the_member(app: Flask, place: Organisation) -> None:
    status, page = page_of(app, place, "adam", "sue")
    assert status == 200
    seen = lists(page)
    assert 'aria-label="Sites"' in seen
    assert "Rowan" in seen
    assert "Single permissions" not in seen, "what they may not see is not in their lists"
    assert "by the role Support" in seen
    assert "You need organisation.site.create" in seen
    _status, other = page_of(app, place, "adam", "cleo")
    assert 'aria-label="Sites"' not in lists(other)
    assert lists(page).count("<form") == 0, "nothing can be done from here"
    assert lists(page).count("<button") == 0


def test_the_reader_sees_no_record_that_they_may_not_see(app: Flask, place: Organisation) -> None:
    with acting(place, SYSTEM), unit_of_work():
        perform_one("access.role", "create", data={"label": "Looker", "lines": [
            {"pattern": pattern, "scope": "company"} for pattern in ("impersonation.impersonation.begin", "people.member.view")]})
    enrol(place, "lena@preview.example", "looker")
    status, page = page_of(app, place, "lena", "adam")
    assert status == 200
    assert 'aria-label="Sites"' in lists(page), "Adam has the list"
    assert "Rowan" not in lists(page), "and Lena may not read it through him"


def test_a_look_is_kept_and_needs_its_own_permission(app: Flask, place: Organisation) -> None:
    assert page_of(app, place, "cleo", "adam")[0] == 403
    assert page_of(app, place, "sue", "adam")[0] == 200
    with acting(place, SYSTEM), unit_of_work() as work:
        kept = work.scalars(select(AuditEntry).where(AuditEntry.action == "access.member.preview")).one()
        sue = work.scalars(select(Member).where(Member.email == "sue@preview.example")).one()
        assert kept.actor_id == sue.id
        assert kept.on_behalf_of is None, "nobody acted for anybody"
    browser = Visitor(app)
    assert browser.sign_in("adam@preview.example").status_code == 303
    assert browser.get("/preview-co/access/overview/as/MEM-9").status_code == 404
