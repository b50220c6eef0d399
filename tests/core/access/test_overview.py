"""Roles and permissions on one page: the matrix, who may, what somebody may and sees."""

from __future__ import annotations

import pytest
from flask import Flask

from app.kernel.current import Organisation
from tests.core.visitors import Visitor, enrol, found

PAGE = "/overview-co/access/overview"


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an owner, an admin and a member."""
    place = found("overview-co")
    for name, role in (("olga", "owner"), ("adam", "admin"), ("mia", "member")):
        enrol(place, f"{name}@overview.example", role)
    return place


def _in(app: Flask, name: str) -> Visitor:
    browser = Visitor(app)
    assert browser.sign_in(f"{name}@overview.example").status_code == 303
    return browser


def test_the_matrix_can_be_searched(app: Flask, place: Organisation) -> None:
    adam = _in(app, "adam")
    page = adam.get(PAGE).text
    assert "hse.incident.close" in page
    assert "procurement.payment.release" in page
    found_page = adam.get(f"{PAGE}?q=incident.close").text
    assert "hse.incident.close" in found_page
    assert "procurement.payment.release" not in found_page
    assert adam.get(f"{PAGE}?q=nothing-like-it").status_code == 200


def test_who_may_is_answered_with_the_reason(app: Flask, place: Organisation) -> None:
    page = _in(app, "adam").get(f"{PAGE}?permission=access.role.edit").text
    answer = page.partition("Who may access.role.edit?")[2].partition("</table>")[0]
    assert "Adam" in answer
    assert "by the role Admin" in answer
    assert "Mia" not in answer


@pytest.mark.requirement("GO-016")
def test_what_somebody_may_and_sees_is_shown_without_acting_for_them(app: Flask, place: Organisation) -> None:
    from app.core.people import Member
    from app.kernel.current import SYSTEM, acting
    from app.kernel.db import unit_of_work

    with acting(place, SYSTEM), unit_of_work() as work:
        mia = work.query(Member).filter_by(email="mia@overview.example").one().id
    adam = _in(app, "adam")
    page = adam.get(f"{PAGE}?of={mia}").text
    assert "What Mia sees" in page
    assert "hse.incident.create" in page
    assert "access.role.edit" not in page
    assert adam.get(f"{PAGE}?of=nobody").status_code == 200


def test_the_page_is_for_who_keeps_roles(app: Flask, place: Organisation) -> None:
    assert _in(app, "mia").get(PAGE).status_code == 403
    assert _in(app, "mia").get("/overview-co/access/roles/").status_code == 403


def test_what_is_refused_leads_to_a_request(app: Flask, place: Organisation) -> None:
    mia = _in(app, "mia")
    page = mia.get("/overview-co/organisation/sites/").text
    address = "/overview-co/access/requests/new?permission=organisation.site.create"
    assert address in page
    assert 'value="organisation.site.create"' in mia.get(address).text
