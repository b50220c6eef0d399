"""The main job from end to end on a running copy: a file arrives, is decided, takes effect once, is exported, summed up and proved."""

from __future__ import annotations

import hashlib
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.core import audit, organisations, people
from app.core.approvals import ApprovalDecision, ApprovalRequest, State, Verb
from app.core.audit.models import AuditEntry
from app.core.notifications import digest
from app.core.people import Member
from app.demo import leaving
from app.demo.accounts import PASSWORD, address_in
from app.demo.arriving import Arrived, bring_in
from app.demo.browser import Browser
from app.demo.cast import NORTHGATE
from app.demo.deciding import decide_all
from app.demo.stage import Stage
from app.kernel.current import Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Unavailable
from app.modules.procurement.models import Payment

CLERK, READERS = "Tessa Lowe", ("Angela Frost", "Helen Marsh", "Tessa Lowe")
PATIENCE = 150.0
Say = Callable[[str], object]


def run(path: str = "", mapping: str = "", *, say: Say = lambda _line: None) -> dict[str, Any]:
    """Play it; gives the figures. Starts what is not running and stops only that."""
    began = time.monotonic()

    def told(line: str) -> None:
        say(f"{time.monotonic() - began:5.0f} s  {line}")

    signal.signal(signal.SIGTERM, lambda *_said: sys.exit(143))
    with Stage() as stage:
        told(f"running at {stage.base}")
        place = _place()
        with acting(place, _clerk(place), channel="demo"):
            figures = _play(stage, path, mapping, told)
    return {**figures, "seconds": round(time.monotonic() - began, 1)}


def _play(stage: Stage, path: str, mapping: str, say: Say) -> dict[str, Any]:
    before, seen = _audit_rows(), stage.effects({})
    earlier = set(seen.values())
    clerk = Browser(stage.base)
    clerk.sign_in(address_in(CLERK, NORTHGATE), PASSWORD)
    arrived = bring_in(clerk, path, mapping, say)
    say(f"{arrived.created} of {arrived.rows} rows came in, {arrived.requests} wait for approval")
    among = _requests(arrived.run_id)
    decide_all(stage.base, frozenset(among), say)
    expected = _wait_for_effects(among, say)
    delivered = _wait_for_mail(stage, seen, earlier, expected)
    say(f"{delivered} effects reached the mail catcher")
    files = leaving.write_files(clerk, stage.var / "main-job")
    say(f"{len(files)} files written")
    digests = _send_digests(stage)
    say(f"{digests} digests sent")
    whole = _verify()
    say("the audit trail is whole" if whole else "the audit trail is BROKEN")
    return {**_figures(arrived, among), "effects_expected": expected, "effects_delivered": delivered, "audit_rows": _audit_rows() - before,
            "chain_verified": whole, "digests_sent": digests, "files_written": [_described(path) for path in files],
            "columns_left_out": arrived.left_out, "refusals": arrived.refusals[:20]}


def _place() -> Organisation:
    found = organisations.place_of(NORTHGATE.slug)
    place = organisations.load_organisation(found) if found else None
    session().rollback()
    if place is None:
        raise Unavailable("The demo is not there: run `flask demo seed` on an empty database.")
    return place


def _clerk(place: Organisation) -> Any:
    with acting(place), unit_of_work():
        member_id = session().scalars(select(Member.id).where(Member.name == CLERK)).one()
        return people.load_actor(place, member_id)


def _requests(run_id: UUID) -> list[str]:
    """The requests that the import raised."""
    with unit_of_work():
        return [str(i) for i in session().scalars(select(ApprovalRequest.id).join(
            Payment, (Payment.organisation_id == ApprovalRequest.organisation_id) & (Payment.id == ApprovalRequest.record_id))
            .where(Payment.change_set_id == run_id))]


def _states(among: list[str]) -> Counter[State]:
    with unit_of_work():
        rows = session().execute(select(ApprovalRequest.state, func.count()).where(ApprovalRequest.id.in_([UUID(i) for i in among]))
                                 .group_by(ApprovalRequest.state)).tuples().all()
    return Counter(dict(rows))


def _wait_for_effects(among: list[str], say: Say) -> int:
    """Wait until no effect is held any more; gives how many requests were approved and not undone."""
    say("waiting for the holds")
    deadline = time.monotonic() + PATIENCE
    while _states(among)[State.HELD] and time.monotonic() < deadline:
        time.sleep(1)
    states = _states(among)
    return states[State.HELD] + states[State.EFFECTED]


def _wait_for_mail(stage: Stage, seen: dict[str, str], earlier: set[str], expected: int) -> int:
    """How many distinct effects the mail catcher has got since the beginning."""
    deadline = time.monotonic() + PATIENCE
    while True:
        delivered = len(set(stage.effects(seen).values()) - earlier - {""})
        if delivered >= expected or time.monotonic() > deadline:
            return delivered
        time.sleep(1)


def _send_digests(stage: Stage) -> int:
    """Send some readers a digest of this moment, whether or not they had today's, and wait until it is in the catcher."""
    with unit_of_work():
        wanted = session().scalars(select(Member.id).where(Member.name.in_(READERS))).all()
        owed = {digest.send_now(member_id).message_id for member_id in wanted}
    deadline = time.monotonic() + 60
    while (found := stage.caught(owed)) < len(owed) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def _verify() -> bool:
    from app.kernel.current import current

    return not any(chain.problem for chain in audit.verify([current.organisation.id]))


def _audit_rows() -> int:
    with unit_of_work():
        return session().scalar(select(func.count()).select_from(AuditEntry)) or 0


def _figures(arrived: Arrived, among: list[str]) -> dict[str, Any]:
    states = _states(among)
    ids = [UUID(i) for i in among]
    with unit_of_work():
        undone = session().scalar(select(func.count(func.distinct(ApprovalDecision.request_id))).where(
            ApprovalDecision.request_id.in_(ids), ApprovalDecision.verb == Verb.UNDO)) or 0
        second = session().scalar(select(func.count()).select_from(ApprovalRequest).where(
            ApprovalRequest.id.in_(ids), func.jsonb_array_length(ApprovalRequest.steps) > 1)) or 0
    left = states[State.OPEN]
    return {"rows_in": arrived.rows, "created": arrived.created, "refused": arrived.refused, "amount_sum": arrived.amount_sum,
            "requests_raised": arrived.requests, "requests_second_level": second, "decided": len(among) - left, "undone": undone,
            "left_open": left, "states": {state.value: count for state, count in states.items()}}


def _described(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"path": str(path), "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
