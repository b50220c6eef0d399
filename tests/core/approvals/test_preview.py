"""The consequence preview is a real dry run of which nothing remains."""

from __future__ import annotations

from sqlalchemy import func, select

from app.core.approvals import ApprovalRequest, showing
from app.core.approvals.case import Case
from app.core.approvals.preview import preview
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.modules.procurement.models import JournalLine, Status, Supplier
from tests.core.approvals.house import House


def said(house: House, request_id: object, by: str = "manager") -> str:
    with house.as_(by):
        request = session().get_one(ApprovalRequest, (house.organisation.id, request_id))
        return "\n".join(each.text for each in preview(Case(request)))


def test_it_says_what_will_be_made_and_sent_and_when(house: House) -> None:
    told = said(house, house.waiting())
    assert "it takes effect" in told
    assert "Journal line" in told
    assert "acorn@suppliers.example" in told
    assert "held for 30 s" in told
    assert "£6,000.00" in told


def test_it_names_the_next_level_and_who_is_on_it(house: House) -> None:
    told = said(house, house.waiting("60000"))
    assert "Two finance approvers" in told
    assert "Felix, Fiona, Freya" in told or all(name in told for name in ("Felix", "Fiona", "Freya"))


def test_it_says_when_it_could_not_take_effect(house: House) -> None:
    request_id = house.waiting()
    with house.as_("owner") as work:
        work.get_one(Supplier, (house.organisation.id, house.supplier)).remittance_email = None
    assert "could not take effect" in said(house, request_id)


def test_nothing_of_it_remains(house: House) -> None:
    request_id = house.waiting()
    said(house, request_id)
    assert house.paid(request_id).status == Status.RECORDED
    with acting(house.organisation, SYSTEM), unit_of_work():
        assert session().scalar(select(func.count()).select_from(JournalLine)) == 0
    assert house.later(1) >= 0
    assert house.request(request_id).state.value == "open"


def test_the_panel_has_all_that_the_template_asks_for(house: House, app: object) -> None:
    request_id = house.waiting()
    with app.test_request_context(f"/{house.organisation.slug}/inbox/"), house.as_("manager"):  # type: ignore[attr-defined]
        from flask import g
        from flask import request as asked
        asked.view_args = {"org": house.organisation.slug}
        g.org = house.organisation.slug
        request = session().get_one(ApprovalRequest, (house.organisation.id, request_id))
        levels = showing.level_rows(Case(request))
        assert [(row["label"], row["state"]) for row in levels] == [("Manager of the department", "waiting")]
