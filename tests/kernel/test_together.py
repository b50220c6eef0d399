"""Many changed records go in one statement, and leave what single ones leave."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update
from sqlalchemy.orm.exc import StaleDataError

from app.core.audit import BULK
from app.core.audit.models import AuditEntry
from app.kernel.bulk import MANY
from app.kernel.db import session
from app.kernel.door import perform
from app.modules.procurement.models import Supplier
from tests.core.approvals.house import House

COUNT = MANY + 20


@pytest.fixture
def house(app: Flask) -> House:
    """An organisation with more suppliers than are written one by one."""
    house = House()
    with house.as_("clerk"):
        perform("procurement.supplier", "create", data=[{"name": f"Supplier {n}"} for n in range(COUNT)])
    return house


def rename(house: House, between: Callable[[], object] = lambda: None) -> list[str]:
    """Change all of them in one piece of work; gives the statements that touched their table."""
    sent: list[str] = []
    with house.as_("manager") as work:
        suppliers = list(work.scalars(select(Supplier).where(Supplier.name.startswith("Supplier"))))
        between()
        for supplier in suppliers:
            supplier.name = supplier.name.replace("Supplier", "ÉLAN")
        connection = work.connection()
        event.listen(connection, "before_cursor_execute", lambda _c, _u, statement, *_more: sent.append(statement))
        work.flush()
        work.flush()
        assert all(supplier.version == 2 for supplier in suppliers)
    return [statement for statement in sent if "UPDATE procurement_supplier" in statement]


def test_no_update_is_sent_for_a_single_row(house: House) -> None:
    assert rename(house) == []


def test_values_keys_versions_and_stamps_are_written(house: House) -> None:
    rename(house)
    with house.as_("clerk"):
        rows = session().execute(select(Supplier.name, Supplier.name_key, Supplier.version, Supplier.updated_by).where(
            Supplier.name.startswith("ÉLAN"))).all()
    assert len(rows) == COUNT
    assert {(row.version, row.updated_by) for row in rows} == {(2, house.ids["manager"])}
    assert all(row.name_key.startswith("elan 000") for row in rows)


def test_each_has_its_audit_row_with_before_and_after(house: House) -> None:
    rename(house)
    with house.as_("clerk"):
        changes = session().scalars(select(AuditEntry.changes).where(AuditEntry.action == "procurement.supplier.edit")).all()
        assert len(changes) == COUNT
        assert min(c["name"] for c in changes) == ["Supplier 0", "ÉLAN 0"]


def test_somebody_elses_change_in_between_is_noticed_and_nothing_is_kept(house: House) -> None:
    def meanwhile() -> None:
        session().execute(update(Supplier).where(Supplier.name == "Supplier 7").values(version=5).execution_options(
            **{BULK: True}, synchronize_session=False))

    with pytest.raises(StaleDataError):
        rename(house, meanwhile)
    with house.as_("clerk"):
        assert session().scalar(select(func.count()).select_from(Supplier).where(Supplier.name.startswith("ÉLAN"))) == 0
