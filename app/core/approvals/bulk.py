"""Many decisions as one job: a result for each, RED never among them, and what stands out left for a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.core.approvals.decisions import decide
from app.core.approvals.models import ApprovalRequest, Colour, Verb
from app.core.approvals.queue import Entry
from app.kernel import jobs
from app.kernel.current import current
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, Refusal

BULK = frozenset({Verb.APPROVE, Verb.RETURN, Verb.REJECT})
MOST = 5_000


@dataclass(frozen=True)
class Sorted:
    """What was selected: alike (can be decided together), outliers (left, with their reasons), and RED (one by one)."""

    alike: list[Entry]
    outliers: list[tuple[Entry, list[str]]]
    red: list[Entry]


def sort_out(entries: Sequence[Entry], verb: Verb) -> Sorted:
    """Set aside what deserves a look before it is approved with others; returning or rejecting needs no such care."""
    unique = {entry.request.id: entry for entry in entries}.values()
    red = [e for e in unique if e.request.risk == Colour.RED]
    rest = [e for e in unique if e.request.risk != Colour.RED]
    if verb != Verb.APPROVE:
        return Sorted(rest, [], red)
    return Sorted([e for e in rest if not e.request.flags], [(e, e.request.reasons) for e in rest if e.request.flags], red)


def submit(items: Sequence[tuple[UUID, str]], verb: Verb | str, *, looked: Sequence[tuple[UUID, str]] = (), reason: str = "",
           key: str = "") -> jobs.Job:
    """Decide these requests (id and the hash that was shown) as one job, with those that stand out and were `looked` at one by one.

    Raises Invalid.
    """
    wanted = Verb(verb) if verb in set(BULK) else None
    if wanted is None:
        raise Invalid({"decision": [_("Only approving, returning and rejecting can be done together.")]})
    chosen = dict([*items, *looked])
    if not chosen:
        raise Invalid({"items": [_("Select at least one request.")]})
    if len(chosen) > MOST:
        raise Invalid({"items": [_("At most %(max)d at once.", max=MOST)]})
    if wanted != Verb.APPROVE and not reason.strip():
        raise Invalid({"reason": [_("A reason is needed.")]})
    title = ngettext("%(verb)s: %(num)d request", "%(verb)s: %(num)d requests", len(chosen), verb=str(wanted.label))
    return jobs.enqueue(run, [[str(i), shown] for i, shown in chosen.items()], wanted.value, reason, [str(i) for i, _shown in looked],
                        title=title, key=f"bulk:{current.user.id}:{key}" if key else "", total=len(chosen))


def run(items: list[list[str]], verb: str, reason: str, looked: list[str]) -> None:
    """The job: each decision is a piece of work of its own. One that was taken before a crash is recognised by its key."""
    job = jobs.current_job()
    results: list[dict[str, Any]] = []
    for number, (request_id, shown) in enumerate(items, start=1):
        job.checkpoint()
        said = {"verb": verb, "reason": reason, "shown_hash": shown, "looked": request_id in looked}
        results.append(_one(job, number, UUID(request_id), said))
    done = sum(1 for each in results if each["done"])
    job.finish(result={"items": results, "done": done, "left": len(results) - done, "verb": verb},
               message=_("%(done)d decided, %(left)d left in the queue", done=done, left=len(results) - done))


def _one(job: jobs.Running, number: int, request_id: UUID, said: dict[str, Any]) -> dict[str, Any]:
    """Decide one request and move the cursor in one commit; what was behind the cursor already only repeats its answer."""
    step = 0 if number <= int(job.cursor or 0) else 1
    try:
        with unit_of_work():
            decided = decide(request_id, **said, key=f"bulk:{job.id}:{request_id}", bulk=True)
            result = {"id": str(request_id), "reference": decided.request.record_reference, "done": True, "said": decided.said}
            if step:
                job.advance(step, cursor=number)
            return result
    except Refusal as error:
        if step:
            job.advance(step, cursor=number)
        return {"id": str(request_id), "reference": _reference(request_id), "done": False, "said": str(error)}


def _reference(request_id: UUID) -> str:
    with unit_of_work() as work:
        return work.scalar(select(ApprovalRequest.record_reference).where(ApprovalRequest.id == request_id)) or ""

