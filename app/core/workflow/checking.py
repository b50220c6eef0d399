"""What is wrong with a graph, each with its place and a sentence: dead ends, loops without end, what is never reached, who is nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.core.workflow.graph import (
    ASKING,
    COLOURS,
    DOING,
    JUDGED,
    LIMIT_ENDS,
    MAKERS,
    RESULTS,
    UNITS,
    WAITING,
    Graph,
    Step,
)

SENTENCES: dict[str, Any] = {
    "start": _l("Nothing says which step comes first."),
    "unknown": _l("A way leads to “%(about)s”, which does not exist."),
    "unreachable": _l("No way leads to this step."),
    "dead_end": _l("Nothing leads on from here for certain: add a way without a condition."),
    "no_end": _l("From here the end can never be reached."),
    "spins": _l("It goes round here without waiting for anybody."),
    "never": _l("This way leads on after “%(about)s”, which this step never gives."),
    "hidden": _l("This way is never taken: the one before it always is."),
    "nobody": _l("This step asks nobody."),
    "share": _l("It cannot be told how many must agree."),
    "branches": _l("Beside each other run at least two branches."),
    "inside": _l("This cannot stand inside another step."),
    "no_effect": _l("Nothing takes effect at the end."),
    "after_effect": _l("Nobody can be asked any more once the effect has happened."),
    "no_form": _l("The form “%(about)s” is not in force, so nobody could fill it in."),
    "limit": _l("The limit cannot be understood."),
    "empty": _l("Something is missing here: %(about)s."),
}


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong: the address of the step, what it is, and what it is about."""

    path: str
    code: str
    about: str = ""

    @property
    def sentence(self) -> str:
        """In the reader's language."""
        return str(SENTENCES[self.code]) % {"about": self.about}


def flaws(graph: Graph, *, resolves: Callable[[Step], bool] | None = None) -> list[Flaw]:
    """All that is wrong, in the order of the steps. `resolves` says whether anybody is found for a step today."""
    found = list(_of_graph(graph, ""))
    if not any(step.kind == "effect" for step in graph.steps.values()):
        found.append(Flaw("", "no_effect"))
    found += [Flaw(key, "after_effect") for key in _after_effects(graph) if graph.steps[key].kind in ASKING | {"wait", "parallel", "sub"}]
    if resolves is not None:
        found += [Flaw(path, "nobody") for path, step in graph.every() if step.kind in ASKING and step.deciders and not resolves(step)]
    return found


def _of_graph(graph: Graph, above: str) -> Iterator[Flaw]:
    if graph.start not in graph.steps:
        yield Flaw(above.rstrip("."), "start")
        return
    reached, ending = _reached(graph), _ending(graph)
    rounds = _spinning(graph)
    for key, step in graph.steps.items():
        path = above + key
        yield from _of_step(graph, step, path, inside=bool(above))
        if key not in reached:
            yield Flaw(path, "unreachable")
        elif key not in ending:
            yield Flaw(path, "no_end")
        if key in rounds:
            yield Flaw(path, "spins")
        for prefix, inner in step.inner():
            yield from _of_graph(inner, above + prefix)


def _of_step(graph: Graph, step: Step, path: str, *, inside: bool) -> Iterator[Flaw]:
    for code, about in (*_ways(graph, step), *_kind(step, inside=inside), *_people(step), *_limit(step)):
        yield Flaw(path, code, about)


def _ways(graph: Graph, step: Step) -> Iterator[tuple[str, str]]:
    closed: set[str] = set()
    for way in step.ways:
        outcome = way.on or step.good
        if way.to not in graph.steps:
            yield "unknown", way.to
        if outcome not in _outcomes(step):
            yield "never", outcome
        if outcome in closed:
            yield "hidden", way.to
        if way.when is None:
            closed.add(outcome)
    if step.kind != "end" and step.good not in closed:
        yield "dead_end", ""


def _outcomes(step: Step) -> Iterable[str]:
    """What a step can come to."""
    if step.kind == "end":
        return ()
    if step.kind in ("approve", "sign"):
        return ("approved", "rejected", "returned", "cancelled")
    if step.kind in JUDGED:
        return ("approved", "rejected", "cancelled")
    return ("done", "failed") if step.kind in DOING else ("done", "returned", "cancelled")


def _kind(step: Step, *, inside: bool) -> Iterator[tuple[str, str]]:
    if inside and step.kind in MAKERS | DOING:
        yield "inside", ""
    if step.kind == "parallel":
        if len(step.branches) < 2 or len({branch.key for branch in step.branches}) < len(step.branches):
            yield "branches", ""
        if not step.join.makes_sense:
            yield "share", ""
    elif step.branches:
        yield "inside", ""
    if step.kind == "sub" and step.graph is None:
        yield "empty", "graph"
    if step.kind != "sub" and step.graph is not None:
        yield "inside", ""
    if step.kind == "end" and step.result not in RESULTS:
        yield "empty", "result"
    for kind, name in (("wait", "until"), ("form", "form"), ("sign", "meaning")):
        if step.kind == kind and not getattr(step, name):
            yield "empty", name


def _people(step: Step) -> Iterator[tuple[str, str]]:
    if step.kind not in ASKING:
        return
    if not step.deciders or not all(decider.complete for decider in step.deciders):
        yield "nobody", ""
    if not step.needs.makes_sense:
        yield "share", ""
    if step.colour not in COLOURS:
        yield "empty", "colour"


def _limit(step: Step) -> Iterator[tuple[str, str]]:
    limit = step.limit
    if limit is None:
        return
    sound = (limit.amount > 0 and limit.unit in UNITS and limit.end in LIMIT_ENDS and limit.climbs >= 0
             and all(0 < each < limit.amount for each in limit.reminders))
    if not sound or (limit.end == "approve" and step.kind in ("sign", "form")):
        yield "limit", ""


def _after_effects(graph: Graph) -> list[str]:
    """The steps to which ways lead from an effect, once it has worked."""
    begin = [way.to for step in graph.steps.values() if step.kind == "effect" for way in step.ways if (way.on or step.good) == step.good]
    return sorted(set().union(*(_reached(Graph(key, graph.steps)) for key in begin if key in graph.steps)))


def _reached(graph: Graph) -> set[str]:
    found, left = {graph.start}, [graph.start]
    while left:
        for way in graph.steps[left.pop()].ways:
            if way.to in graph.steps and way.to not in found:
                found.add(way.to)
                left.append(way.to)
    return found


def _ending(graph: Graph) -> set[str]:
    """The steps from which an end can be reached, each taking its good ways: being refused is no way out."""
    found = {key for key, step in graph.steps.items() if step.kind == "end"}
    while True:
        more = {key for key, step in graph.steps.items() if key not in found and any(way.to in found for way in step.ways)}
        if not more:
            return found
        found |= more


def _spinning(graph: Graph) -> set[str]:
    """The steps of a circle in which everything may be passed without waiting."""
    passing = {key: [way.to for way in step.ways if step.kind not in WAITING or (way.on or step.good) == step.good]
               for key, step in graph.steps.items() if step.kind != "end" and (step.when is not None or step.kind not in WAITING)}

    def leads_back(key: str) -> bool:
        seen, left = set[str](), [key]
        while left:
            for to in passing[left.pop()]:
                if to == key:
                    return True
                if to in passing and to not in seen:
                    seen.add(to)
                    left.append(to)
        return False

    return {key for key in passing if leads_back(key)}
