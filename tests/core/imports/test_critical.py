"""A critical error midway: whatever was written by then is taken back, as if the import had never been."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from app.core.approvals import ApprovalRequest
from app.core.imports import State, applying
from app.core.search.models import SearchEntry
from app.kernel.outbox import OutboxRow
from app.modules.procurement.models import JournalLine, Payment, Supplier
from tests.core.imports.conftest import Wizard, records
from tests.core.stand import Stand

LEFT = (Payment, Supplier, JournalLine, ApprovalRequest, SearchEntry)
HEADS = "Supplier,Amount,Payment day,Transaction number\n"
ROWS, CHUNK = 40, 10


def content(mark: str = "T") -> bytes:
    """Payments of suppliers that nobody knows yet; every second one needs an approval."""
    return (HEADS + "".join(f"Acme {n % 7},{9_000 if n % 2 else 100}.00,2026-06-01,{mark}-{n}\n" for n in range(ROWS))).encode()


def traces(stand: Stand) -> dict[str, list[Any]]:
    """The ids of all that an import may leave."""
    found = {model.__name__: [each.id for each in records(stand, model)] for model in LEFT}
    with stand.work() as work:
        owed = work.query(OutboxRow).filter(OutboxRow.state.in_(("waiting", "held"))).all()
        return {**found, "owed": [row.id for row in owed]}


def at_chunk(number: int, fault: Callable[[], object]) -> Callable[..., None]:
    """The fault comes while that chunk is being written, after its rows went to the database."""
    real, done = applying.Writer.write, []

    def breaking(self: applying.Writer, rows: Any) -> None:
        real(self, rows)
        done.append(1)
        if len(done) == number:
            fault()

    return breaking


def machine_room() -> None:
    raise RuntimeError("the machine room is on fire")


def broken_statement() -> None:
    from app.kernel.db import session

    session().execute(text("SELECT 1 / 0"))


def broken_end(*_arguments: Any) -> int:
    raise MemoryError


@pytest.mark.requirement("OF-174")
@pytest.mark.parametrize("way", ["in the third chunk", "of the database in the last chunk", "when all rows are in"])
def test_a_critical_error_midway_leaves_nothing(wizard: Wizard, stand: Stand, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(applying, "CHUNK", CHUNK)
    wizard.run(b"Name,Contact\nAcme 3,Ann\n", "s.csv", "/procurement/suppliers")
    url = wizard.check(content())
    before = traces(stand)
    with monkeypatch.context() as broken:
        if "third" in way:
            broken.setattr(applying.Writer, "write", at_chunk(3, machine_room))
        elif "last" in way:
            broken.setattr(applying.Writer, "write", at_chunk(4, broken_statement))
        else:
            broken.setattr(applying, "ask", broken_end)
        wizard.post(f"{url}apply", {}, url)
        wizard.work()
    run = wizard.found(url)
    assert (run.state, run.created_count) == (State.UNDONE, 0)
    assert run.problem in wizard.get(url).text
    assert traces(stand) == before
    listed = wizard.get("/procurement/payments/").text
    assert "T-0" not in listed
    again = wizard.found(wizard.run(content()))
    assert (again.state, again.created_count) == (State.DONE, ROWS), "its keys are free again"


def test_the_trail_says_what_came_and_went(wizard: Wizard, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "CHUNK", CHUNK)
    url = wizard.check(content())
    with monkeypatch.context() as broken:
        broken.setattr(applying.Writer, "write", at_chunk(3, machine_room))
        wizard.post(f"{url}apply", {}, url)
        wizard.work()
    run = wizard.found(url)
    told = [entry.action for entry in stand.entries(change_set_id=run.id)]
    assert told.count("procurement.payment.create") == told.count("procurement.payment.delete") == 2 * CHUNK
    assert told.count("procurement.supplier.create") == told.count("procurement.supplier.delete") == 7
    assert [e.result for e in stand.entries(action="imports.import_run.take_back")] == ["ok"]
