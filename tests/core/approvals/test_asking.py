"""Who is asked, and when nobody needs to be."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from app.core import settings
from app.core.approvals import ApprovalRequest, ExchangeRate
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform
from app.kernel.errors import Conflict
from app.modules.procurement.models import JournalLine, Payment, Status
from tests.core.approvals.house import House


@pytest.mark.parametrize(("amount", "state"), [("4999.99", "done"), ("5000.00", "done"), ("5000.01", "parked"), ("-90000", "done")])
def test_only_what_lies_strictly_above_the_limit_waits(house: House, amount: str, state: str) -> None:
    assert house.payment(amount).state == state


@pytest.mark.requirement("OF-400")
def test_the_second_level_is_asked_only_above_the_second_limit(house: House) -> None:
    below, above = house.request(house.waiting("50000")), house.request(house.waiting("50000.01"))
    assert (len(below.steps), below.risk.value) == (1, "ORANGE")
    assert (len(above.steps), above.risk.value) == (2, "RED")


def test_what_needs_no_decision_is_released_with_its_journal_line_only(house: House) -> None:
    outcome = house.payment("120")
    with acting(house.organisation, SYSTEM), unit_of_work():
        assert session().get_one(Payment, (house.organisation.id, outcome.record_id)).status == Status.RELEASED
        assert session().scalar(select(func.count()).select_from(JournalLine)) == 1
        assert session().scalar(select(func.count()).select_from(ApprovalRequest)) == 0


def test_the_manager_of_the_department_is_asked(house: House) -> None:
    assert house.waits_for(house.waiting(department="roads")) == ["manager"]


def test_a_department_without_a_manager_falls_to_its_parent(house: House) -> None:
    assert house.waits_for(house.waiting(department="parks")) == ["director"]


def test_who_made_it_is_not_asked_but_the_manager_above(house: House) -> None:
    assert house.waits_for(house.waiting(department="roads", by="manager")) == ["director"]


def test_when_no_manager_is_left_the_owner_is_asked(house: House) -> None:
    assert house.waits_for(house.waiting(department="root", by="director")) == ["owner"]


def test_inactive_people_are_not_asked(house: House) -> None:
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (house.organisation.id, house.ids["manager"])).status = "inactive"
    assert house.waits_for(house.waiting(department="roads")) == ["director"]


def test_nothing_waits_for_nobody(house: House) -> None:
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        for name in house.ids.keys() - {"owner"}:
            work.get_one(Member, (house.organisation.id, house.ids[name])).status = "inactive"
    with pytest.raises(Conflict, match="Nobody could decide"):
        house.payment("6000", by="owner")


@pytest.mark.parametrize(("rate", "amount", "state"), [(None, "1", "parked"), ("0.5", "10000", "done"), ("0.5", "10000.02", "parked")])
def test_foreign_amounts_count_at_todays_rate_and_as_above_without_one(house: House, rate: str | None, amount: str, state: str) -> None:
    if rate:
        with house.as_("owner"):
            perform("approvals.exchange_rate", "create", data={"code": "usd", "rate": rate, "valid_from": "2026-01-01"})
            perform("approvals.exchange_rate", "create", data={"code": "USD", "rate": "9", "valid_from": "2199-01-01"})
    assert house.payment(amount, currency="USD").state == state


def test_the_newest_rate_counts(house: House) -> None:
    with house.as_("owner"):
        for day, rate in (("2026-02-01", "2"), ("2026-01-01", "0.1")):
            perform("approvals.exchange_rate", "create", data={"code": "USD", "rate": rate, "valid_from": day})
        assert session().scalar(select(func.max(ExchangeRate.rate))) == Decimal(2)
    assert house.payment("3000", currency="USD").state == "parked"


def test_limits_are_settings(house: House) -> None:
    with house.as_("owner"):
        settings.set("procurement.first_limit", "100")
    assert house.payment("100.01").state == "parked"


def test_asking_twice_gives_the_same_request(house: House) -> None:
    request_id = house.waiting()
    again = house.do("clerk", "procurement.payment", "release", [house.request(request_id).record_id])
    assert (again.state, again.approval_id) == ("parked", request_id)


def test_the_limit_in_hours_starts_when_people_are_asked(house: House) -> None:
    request = house.request(house.waiting())
    assert 23.9 < (request.due_at - clock.now()).total_seconds() / 3600 <= 24


def test_outliers_are_kept_with_their_reasons(house: House) -> None:
    assert any("First payment" in said for said in house.request(house.waiting()).reasons)


def test_many_are_raised_with_few_questions(house: House) -> None:
    rows = [{"supplier": str(house.supplier), "amount": str(4000 + n * 10), "currency": "GBP", "paid_on": "2026-10-01", "category": "Works",
             "department": str(house.departments["roads"]), "transaction_number": f"M-{n}"} for n in range(1200)]
    with house.as_("clerk", channel="import"):
        made = [o.record.id for o in perform("procurement.payment", "create", data=rows, each=True)]
    with house.as_("clerk", channel="import"):
        parked = [o for o in perform("procurement.payment", "release", made) if o.state == "parked"]
    assert (len(made), len(parked)) == (1200, 1099)
    with acting(house.organisation, SYSTEM), unit_of_work():
        assert session().scalar(select(func.count()).select_from(ApprovalRequest)) == 1099
    assert house.waits_for(parked[0].approval_id) == ["manager"]
