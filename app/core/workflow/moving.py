"""A running request from one version to another: what stays, what is asked anew, what needs a choice; preview and deed alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.core.workflow.flow import Move, Order, Standing, order_of
from app.core.workflow.graph import WAITING, Graph, same_question


@dataclass(frozen=True)
class Plan:
    """Where the waiting steps of a run land: `kept` with their answers, `anew` (old address → new), `open` without a place to go."""

    kept: tuple[str, ...] = ()
    anew: tuple[tuple[str, str], ...] = ()
    open: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every waiting step has a place."""
        return not self.open


def plan(old: Graph, new: Graph, standing: Standing, chosen: Mapping[str, str] | None = None) -> Plan:
    """What would become of a run; `chosen` says for a step that is gone at which one of the new version it goes on."""
    places = {path for path, step in new.every() if step.kind in WAITING}
    kept, anew, left = [], [], []
    for path in standing.waiting():
        to = (chosen or {}).get(path, path)
        if to not in places or not _same_surroundings(new, standing, path, to):
            left.append(path)
        elif to == path and same_question(old.place(path)[1], new.place(path)[1]):
            kept.append(path)
        else:
            anew.append((path, to))
    return Plan(tuple(kept), tuple(anew), tuple(left))


def moved(new: Graph, standing: Standing, planned: Plan) -> Move:
    """The run on the new version: what is asked anew is a new visit. Raises ValueError for a plan that is not whole."""
    if not planned.whole:
        raise ValueError("A step has no place in the new version.")
    steps = dict(standing.steps)
    orders: list[Order] = []
    for path, to in planned.anew:
        before = steps.pop(path)
        orders.append(Order("stop", path, before.visit))
        if to != path:
            steps[path] = replace(before, outcome="cancelled")
        visit = max(before.visit, steps[to].visit if to in steps else 0) + 1
        steps[to] = replace(before, visit=visit)
        orders.append(Order(order_of(new.place(to)[1]), to, visit))
    return Move(replace(standing, steps=steps), tuple(orders))


def _same_surroundings(new: Graph, standing: Standing, path: str, to: str) -> bool:
    """Whether a step stays in the branch in which it is, and that branch still exists."""
    if path.rpartition(".")[0] != to.rpartition(".")[0]:
        return False
    above = to.rpartition(".")[0]
    while above:
        at = standing.steps.get(above)
        if at is not None and at.opened:
            try:
                kind = new.place(above)[1].kind
            except KeyError:
                return False
            if kind not in ("parallel", "sub"):
                return False
        above = above.rpartition(".")[0]
    return True
