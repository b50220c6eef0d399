"""What can be decided from elsewhere than the inbox, at a glance: the same seats, the same guards."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from flask import url_for

from app.core.approvals import guards, queue
from app.core.approvals.models import Colour, State
from app.kernel.current import current


def offered(request_ids: Collection[UUID]) -> dict[UUID, dict[str, str]]:
    """Of these requests, those that wait for the reader: the form of each answer, and the hash and key with which to approve at once.

    What is RED, or asks for a signature, has no hash: it is approved on its own page only. Nothing is offered to who sees as another.
    """
    if guards.as_another():
        return {}
    found: dict[UUID, dict[str, str]] = {}
    for request, seat in ((entry.request, entry.seat) for entry in queue.chosen(list(request_ids))):
        if request.state != State.OPEN or request.paused_at or guards.is_maker(request, current.user.id):
            continue
        address, alone = url_for("inbox.decide", ref=request.reference), request.risk == Colour.RED or guards.meaning_of(request, seat)
        found[request.id] = {"approve": f"{address}?verb=approve", "return": f"{address}?verb=return", "risk": request.risk.value,
                             "hash": "" if alone else request.snapshot_hash, "key": guards.evidence_key(request)}
    return found
