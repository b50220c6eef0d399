"""Violence: twenty posts of one decision, two approvers at the same moment, and a worker killed while an effect takes place."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core.approvals import ApprovalDecision, State, Verb
from app.core.audit.models import AuditEntry
from app.kernel import outbox
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Refusal
from app.modules.procurement.models import JournalLine, Status
from tests.core.approvals.house import House
from tests.infra.databases import Database

pytestmark = pytest.mark.ordeal
ROOT = Path(__file__).parents[3]
AT_ONCE = 20


@pytest.fixture
def real(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Flask, House]]:
    """A house whose commits are real."""
    monkeypatch.setattr("app.core.auth.is_you", lambda _identity, typed: typed == "right")
    with fresh_database.app.app_context():
        yield fresh_database.app, House()


def all_at_once(app: Flask, work: Callable[[int], object]) -> Counter[str]:
    """Do the same in twenty threads that start together; gives what came of each."""
    ready, results = threading.Barrier(AT_ONCE), Counter[str]()

    def run(number: int) -> None:
        with app.app_context():
            ready.wait()
            try:
                said = work(number)
                results["repeated" if getattr(said, "repeated", False) else "done"] += 1
            except Refusal as refusal:
                results[type(refusal).__name__] += 1

    threads = [threading.Thread(target=run, args=(n,)) for n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def counted(house: House, request_id: object) -> tuple[int, int, int]:
    """Decisions, audit rows and effects of a request."""
    with acting(house.organisation, SYSTEM), unit_of_work():
        return (
            session().scalar(select(func.count()).select_from(ApprovalDecision).where(
                ApprovalDecision.request_id == request_id, ApprovalDecision.verb == Verb.APPROVE)) or 0,
            session().scalar(select(func.count()).select_from(AuditEntry).where(
                AuditEntry.record_id == request_id, AuditEntry.action == "approvals.approval_request.approve")) or 0,
            session().scalar(select(func.count()).select_from(outbox.OutboxRow).where(outbox.OutboxRow.name == "approval.effect")) or 0)


@pytest.mark.parametrize("same_key", [True, False])
def test_twenty_posts_of_one_decision_are_one(real: tuple[Flask, House], same_key: bool) -> None:
    app, house = real
    request_id = house.waiting()
    shown = house.request(request_id).snapshot_hash
    results = all_at_once(app, lambda n: house.decide(request_id, "manager", shown_hash=shown, key="one" if same_key else f"key-{n}"))
    assert results["done"] == 1
    assert results["repeated" if same_key else "Conflict"] == AT_ONCE - 1
    assert counted(house, request_id) == (1, 1, 1)
    house.later(31)
    assert house.paid(request_id).status == Status.RELEASED


def test_an_edit_and_a_decision_at_the_same_moment_never_release_other_bytes(real: tuple[Flask, House]) -> None:
    app, house = real
    request_id = house.waiting()
    shown = house.request(request_id).snapshot_hash

    def work(number: int) -> object:
        if number % 2:
            return house.decide(request_id, "manager", shown_hash=shown, key=f"key-{number}")
        return house.edit(request_id, "clerk", amount=f"{7000 + number}")

    all_at_once(app, work)
    house.later(31)
    request, payment = house.request(request_id), house.paid(request_id)
    assert (request.state, payment.status) == (State.OPEN, Status.RECORDED)


KILLED = """
    import os, signal, sys
    from datetime import timedelta
    from uuid import UUID
    from app import create_app
    from app.core.approvals import effects
    from app.kernel import clock, outbox
    from app.kernel.current import acting
    real = effects.carry_out
    def then_die(request):
        real(request)
        os.kill(os.getpid(), signal.SIGKILL)
    effects.carry_out = then_die
    app = create_app()
    with app.app_context(), clock.at(clock.now() + timedelta(seconds=31)), acting(None, None):
        outbox.drain(UUID(sys.argv[1]))
"""


def test_a_worker_killed_while_an_effect_takes_place_leaves_nothing_half_done(real: tuple[Flask, House], fresh_database: Database) -> None:
    _app, house = real
    request_id = house.waiting()
    house.decide(request_id, "manager")
    died = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), str(house.organisation.id)], cwd=ROOT, check=False,
                          env=fresh_database.environ, capture_output=True, timeout=120)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert house.request(request_id).state == State.HELD
    assert house.paid(request_id).status == Status.RECORDED
    house.later(31 + 61)
    house.later(31 + 122)
    assert house.request(request_id).state == State.EFFECTED
    with acting(house.organisation, SYSTEM), unit_of_work():
        assert session().scalar(select(func.count()).select_from(JournalLine)) == 1
