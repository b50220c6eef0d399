"""The legs of a request: each step that was asked, is asked, and will be asked if everybody agrees, numbered from 1; and where it stands.

A leg keeps its number once it is open: seats and decisions name it as their level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from app.core.approvals.models import ApprovalRequest, State
from app.core.workflow import Standing, Step
from app.core.workflow.flow import At

OPEN, OVER, AHEAD = "open", "over", "ahead"
ENDLESS = timedelta(days=365)  # what has no limit is due in a year


@dataclass(frozen=True)
class Leg:
    """One of them: the address of its step and which visit of it this is, how many must agree, until when, and what time does next."""

    path: str
    visit: int = 0
    kind: str = "approve"
    label: str = ""
    colour: str = "ORANGE"
    needs: int = 1
    state: str = AHEAD
    due: str = ""
    next: str = ""
    climbs: int = 0

    @property
    def name(self) -> str:
        """What it is called, in the reader's language where the module declared it."""
        return name_of(self)

    @property
    def due_at(self) -> datetime | None:
        """When its limit ends."""
        return datetime.fromisoformat(self.due) if self.due else None

    @property
    def next_at(self) -> datetime | None:
        """When time does something about it."""
        return datetime.fromisoformat(self.next) if self.next else None


def name_of(step: Leg | Step) -> str:
    """What a step is called: its label, translated where a module declared it; otherwise its key in words."""
    key = step.path if isinstance(step, Leg) else step.key
    return _(step.label) if step.label else key.rpartition(".")[2].replace("_", " ").capitalize()


def legs_of(request: ApprovalRequest) -> list[Leg]:
    """The legs as they are kept."""
    if request.version_id is None:
        return [_from_before(request, number, row) for number, row in enumerate(request.steps, 1)]
    return [Leg(**row) for row in request.steps]


def open_legs(request: ApprovalRequest) -> list[tuple[int, Leg]]:
    """Those that are open now, with their numbers."""
    return [(number, leg) for number, leg in enumerate(legs_of(request), 1) if leg.state == OPEN]


def leg_at(request: ApprovalRequest, number: int) -> Leg:
    """The leg of a number."""
    return legs_of(request)[number - 1]


def keep(request: ApprovalRequest, legs: Iterable[Leg], now: datetime) -> None:
    """Write the legs, and on the request what follows from them: its level, when it is due, and when time does something next."""
    found = list(legs)
    request.steps = [asdict(leg) for leg in found]
    here = [(number, leg) for number, leg in enumerate(found, 1) if leg.state == OPEN]
    if here:
        request.level = here[0][0]
        dues = [leg.due_at for _number, leg in here if leg.due_at and leg.kind != "wait"]
        request.due_at = min(dues) if dues else now + ENDLESS
    request.escalate_at = min((leg.next_at for _number, leg in here if leg.next_at), default=None)


def put_off(leg: Leg, pause: timedelta) -> Leg:
    """A leg whose clock stood still for a while."""
    return replace(leg, due=(leg.due_at + pause).isoformat() if leg.due_at else "",
                   next=(leg.next_at + pause).isoformat() if leg.next_at else "") if leg.state == OPEN else leg


def _from_before(request: ApprovalRequest, number: int, row: Mapping[str, Any]) -> Leg:
    """A leg of a request that went from level to level: each is a step of the declared graph."""
    over = number < request.level or request.state != State.OPEN
    state = OVER if over else AHEAD if number > request.level else OPEN
    now_open = state == OPEN and request.escalate_at is not None
    return Leg(f"level_{row['place'] + 1}", 1, needs=row["needs"], colour=str(request.risk), state=state,
               due=request.due_at.isoformat() if state == OPEN else "", climbs=request.escalations if state == OPEN else 0,
               next=request.escalate_at.isoformat() if now_open and request.escalate_at else "")


def standing_from_before(request: ApprovalRequest) -> Standing:
    """Where such a request stands on the declared graph."""
    legs = legs_of(request)[:request.level]
    steps = {"submit": At(1, "done"), **{leg.path: At(1, "" if leg.state == OPEN else "approved") for leg in legs}}
    return Standing(steps if open_legs(request) else {**steps, "effect": At(1)})


def standing_of(kept: Mapping[str, Any]) -> Standing:
    """Where a run stands, from JSON; the steps are a list there, because their order is meant."""
    steps = {path: At(visit, outcome, tuple(opened)) for path, visit, outcome, opened in kept.get("steps", ())}
    return Standing(steps, dict(kept.get("branches", {})), kept.get("result", ""))


def kept(standing: Standing) -> dict[str, Any]:
    """The JSON of it."""
    return {"steps": [[path, at.visit, at.outcome, list(at.opened)] for path, at in standing.steps.items()],
            "branches": dict(standing.branches), "result": standing.result}
