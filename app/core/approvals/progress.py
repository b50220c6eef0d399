"""Where a request stands among all its steps, from the first to the last: “3/5”."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.core.approvals.case import Case
from app.core.approvals.legs import OPEN, OVER, legs_of
from app.core.approvals.models import ApprovalRequest, State
from app.core.workflow import Graph

DONE, NOW, LATER, STOPPED = "done", "now", "later", "stopped"
UNDER_WAY = (State.OPEN, State.RETURNED)
WELL = (State.EFFECTED,)


def progress(case: Case) -> dict[str, Any]:
    """The steps with their state, the number of the one that is under way (of the last that was reached, once it is over), and how many."""
    steps = [*_before(case.run.graph, case.request), *_asked(case.request), _last(case.run.graph, case.request)]
    reached = [number for number, step in enumerate(steps, 1) if step["state"] != LATER]
    here = next((number for number, step in enumerate(steps, 1) if step["state"] in (NOW, STOPPED)), max(reached, default=1))
    return {"at": here, "of": len(steps), "steps": steps, "through": len(steps) if steps[-1]["state"] == DONE else here - 1,
            "text": _("Step %(at)d of %(of)d: %(label)s", at=here, of=len(steps), label=steps[here - 1]["label"])}


def _before(graph: Graph, request: ApprovalRequest) -> list[dict[str, str]]:
    """What whoever asks has done; a returned request is theirs again."""
    made = [{"label": _("Made"), "state": DONE}] if graph.steps[graph.start].kind == "create" else []
    return [*made, {"label": _("Submitted"), "state": NOW if request.state == State.RETURNED else DONE}]


def _asked(request: ApprovalRequest) -> list[dict[str, str]]:
    legs = legs_of(request)
    states = {OPEN: NOW if request.state == State.OPEN else STOPPED, OVER: DONE}
    found = [{"label": leg.name, "state": states.get(leg.state, LATER)} for leg in legs]
    if request.state in (State.REJECTED, State.CANCELLED, State.VOID) and DONE in {each["state"] for each in found}:
        last = max(number for number, each in enumerate(found) if each["state"] == DONE)
        found[last]["state"] = STOPPED
    return found


def _last(graph: Graph, request: ApprovalRequest) -> dict[str, str]:
    """The effect, or that it is published."""
    publish = next((step for step in graph.steps.values() if step.kind == "publish"), None)
    label = (_(publish.label) if publish.label else _("Published")) if publish else _("Takes effect")
    state = DONE if request.state in WELL else NOW if request.state == State.HELD else LATER
    return {"label": label, "state": state}
