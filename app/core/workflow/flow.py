"""Running a graph: what stands, and what an event changes of it. Pure: no clock, no database, no people.

An event about a step that is over, or about an earlier visit of one, gives no orders: whoever repeats it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from app.core.workflow.graph import ASKING, MAKERS, Condition, Graph, Step

MOST_MOVES = 200
OrderKind = Literal["ask", "submit", "wait", "effect", "publish", "stop", "end"]
Holds = Callable[[Condition, Mapping[str, str]], bool]


class Endless(RuntimeError):
    """A graph that goes round without ever waiting for somebody; `checking` finds such."""


class Stuck(RuntimeError):
    """A step from which nothing leads on; `checking` finds such."""


@dataclass(frozen=True)
class At:
    """Where one step stands: its visit, whether it waits, how it ended. `opened` are the branches of a parallel step that run."""

    visit: int = 1
    outcome: str = ""
    opened: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it has not ended."""
        return not self.outcome


@dataclass(frozen=True)
class Standing:
    """Where a run stands: each step that was met, by its address, the results of branches that are through, and the result of the whole."""

    steps: Mapping[str, At] = field(default_factory=dict)
    branches: Mapping[str, str] = field(default_factory=dict)
    result: str = ""

    def waiting(self) -> list[str]:
        """The addresses of the steps that wait, in the order in which they were met."""
        return [path for path, at in self.steps.items() if at.waits and not at.opened]

    def said(self) -> dict[str, str]:
        """How each step ended, by its address: what a condition reads as `context.…`."""
        return {path: at.outcome for path, at in self.steps.items() if at.outcome}


@dataclass(frozen=True)
class Order:
    """What is to be done now about a visit of a step; `end` carries the result as its address."""

    kind: OrderKind
    path: str
    visit: int = 0


@dataclass(frozen=True)
class Move:
    """What an event came to."""

    standing: Standing
    orders: tuple[Order, ...] = ()


def begin(graph: Graph, holds: Holds) -> Move:
    """Start a run: what is created and submitted by its start counts as done."""
    run = _Run(graph, Standing(), holds, starting=True)
    run.enter(graph, "", graph.start)
    return run.move()


def happened(graph: Graph, standing: Standing, path: str, visit: int, outcome: str, holds: Holds) -> Move:
    """A step that waits ended. Raises KeyError for a step that the graph does not have."""
    at = standing.steps.get(path)
    if standing.result or at is None or at.visit != visit or not at.waits or at.opened:
        return Move(standing)
    run = _Run(graph, standing, holds)
    run.leave(path, outcome)
    return run.move()


def stopped(standing: Standing, result: str) -> Move:
    """End a run from outside: withdrawn, returned, void. Nothing waits any more."""
    if standing.result:
        return Move(standing)
    run = _Run(Graph(""), standing, lambda _condition, _said: False)
    run.end(result)
    return run.move()


class _Run:
    """One event, followed until everything waits or the run has ended."""

    def __init__(self, graph: Graph, standing: Standing, holds: Holds, *, starting: bool = False) -> None:
        self.graph, self.holds, self.starting = graph, holds, starting
        self.steps, self.branches, self.result = dict(standing.steps), dict(standing.branches), standing.result
        self.orders: list[Order] = []
        self.opening: set[str] = set()
        self.moves = 0

    def move(self) -> Move:
        """What came of it; what was asked and taken back in the same event was never asked."""
        asked = {(order.path, order.visit) for order in self.orders if order.kind not in ("stop", "end")}
        over = {(order.path, order.visit) for order in self.orders if order.kind == "stop"} & asked
        return Move(Standing(self.steps, self.branches, self.result),
                    tuple(order for order in self.orders if (order.path, order.visit) not in over))

    def enter(self, graph: Graph, above: str, key: str) -> None:
        """Come to a step: wait there, go through it, or open what is inside."""
        self.moves += 1
        if self.moves > MOST_MOVES:
            raise Endless(above + key)
        step, path = graph.steps[key], above + key
        if step.kind == "end":
            self.finished(above, step.result)
            return
        before = self.steps.pop(path, None)
        self.steps[path] = at = At(before.visit + 1 if before else 1)
        if step.when is not None and not self.met(step.when):
            self.leave(path, step.good)
        elif step.kind in MAKERS and self.starting:
            self.leave(path, "done")
        elif step.kind in ("parallel", "sub"):
            self.open(step, path)
        else:
            self.orders.append(Order(order_of(step), path, at.visit))

    def open(self, step: Step, path: str) -> None:
        """Start what is inside a step: the branches whose condition holds, or the one graph."""
        inner = [(branch.key, branch.graph) for branch in step.branches if branch.when is None or self.met(branch.when)]
        names = tuple(name for name, _graph in inner) or ("",)
        self.branches = {name: result for name, result in self.branches.items() if name != path and not name.startswith(f"{path}.")}
        self.steps[path] = replace(self.steps[path], opened=names)
        if step.graph is not None:
            self.enter(step.graph, f"{path}.", step.graph.start)
            return
        self.opening.add(path)
        for name, graph in inner:
            self.enter(graph, f"{path}.{name}.", graph.start)
        self.opening.discard(path)
        self.join(step, path)

    def finished(self, above: str, result: str) -> None:
        """A graph has come to its end: the whole, a branch, or what stands inside a step."""
        if not above:
            self.end(result)
            return
        parent = self._parent(above)
        step = self.graph.place(parent)[1]
        if step.graph is not None:
            self.leave(parent, result)
            return
        self.branches[above.rstrip(".")] = result
        if parent not in self.opening:
            self.join(step, parent)

    def join(self, step: Step, path: str) -> None:
        """Leave a parallel step as soon as enough of its branches agreed, or too many did not."""
        opened = [name for name in self.steps[path].opened if name]
        results = [found for name in opened if (found := self.branches.get(f"{path}.{name}"))]
        agreed = sum(1 for each in results if each == "approved")
        outcome = step.join.verdict(len(opened), agreed, len(results) - agreed)
        if outcome and self.steps[path].waits:
            self.leave(path, outcome)

    def leave(self, path: str, outcome: str) -> None:
        """A step has ended: what still waits inside it stops, and the first way that holds is taken."""
        graph, step, above = self.graph.place(path)
        self.steps[path] = replace(self.steps[path], outcome=outcome)
        self.stop(f"{path}.")
        for way in step.ways:
            if (way.on or step.good) == outcome and (way.when is None or self.met(way.when)):
                self.enter(graph, above, way.to)
                return
        if outcome == step.good:
            raise Stuck(path)
        if outcome == "returned":
            self.end("returned")
        else:
            self.finished(above, "rejected" if outcome == "rejected" else "cancelled" if outcome == "cancelled" else "failed")

    def end(self, result: str) -> None:
        """The whole is over."""
        self.stop("")
        self.result = result
        self.orders.append(Order("end", result))

    def stop(self, above: str) -> None:
        """What waits below an address waits no more."""
        for path, at in list(self.steps.items()):
            if at.waits and path.startswith(above):
                self.steps[path] = replace(at, outcome="cancelled")
                if not at.opened:
                    self.orders.append(Order("stop", path, at.visit))

    def met(self, condition: Condition) -> bool:
        """Whether a condition holds, as things stand."""
        return self.holds(condition, {path: at.outcome for path, at in self.steps.items() if at.outcome})

    def _parent(self, above: str) -> str:
        """The address of the step inside which a graph stands."""
        path = above.rstrip(".")
        if path in self.steps and self.graph.place(path)[1].graph is not None:
            return path
        return path.rpartition(".")[0]


def order_of(step: Step) -> OrderKind:
    """What is to be done about a step that waits."""
    if step.kind in ASKING:
        return "ask"
    return "submit" if step.kind in MAKERS else step.kind  # type: ignore[return-value]
