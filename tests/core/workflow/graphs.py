"""Short ways to write graphs, and random ones that are sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from app.core.workflow.flow import Move, Standing, begin, happened
from app.core.workflow.graph import Branch, Condition, Decider, Graph, Limit, Step, Way
from app.core.workflow.shares import ALL, ANY, Share

BOSS = (Decider("role", "admin"),)
RICH = Condition(text="amount > 5000", rule="rich")


def graph(*steps: Step) -> Graph:
    """A graph that starts with the first of these steps."""
    return Graph(steps[0].key, {step.key: step for step in steps})


def ask(key: str, to: str, *more: Way, kind: str = "approve", **said: Any) -> Step:
    """A step that asks an administrator, and where it goes on."""
    return Step(key, kind, ways=(Way(to), *more), **{"deciders": BOSS, "meaning": "m" if kind == "sign" else "", **said})


def line(*keys: str) -> Graph:
    """Steps that are approved one after the other, inside a branch."""
    return graph(*(ask(key, to) for key, to in zip(keys, (*keys[1:], "end"), strict=True)), Step("end", "end"))


def whole(*steps: Step) -> Graph:
    """Steps between submission and effect; the last of them goes on to `effect`."""
    first = steps[0].key if steps else "effect"
    return graph(Step("submit", "submit", ways=(Way(first),)), *steps, Step("effect", "effect", ways=(Way("end"),)), Step("end", "end"))


def beside(key: str, to: str, join: Share, *branches: Graph, **when: Condition) -> Step:
    """Branches a, b, c … that run beside each other."""
    named = [Branch("abcdefgh"[place], each, when=when.get("abcdefgh"[place])) for place, each in enumerate(branches)]
    return Step(key, "parallel", ways=(Way(to),), branches=tuple(named), join=join)


def always(_condition: Condition, _said: Mapping[str, str]) -> bool:
    """Every condition holds."""
    return True


def never(_condition: Condition, _said: Mapping[str, str]) -> bool:
    """No condition holds."""
    return False


class Run:
    """A run that is driven by hand."""

    def __init__(self, graph: Graph, holds: Any = always) -> None:
        self.graph, self.holds = graph, holds
        self.last = begin(graph, holds)

    @property
    def standing(self) -> Standing:
        """Where it stands."""
        return self.last.standing

    @property
    def waiting(self) -> list[str]:
        """What it waits for."""
        return self.standing.waiting()

    @property
    def orders(self) -> list[str]:
        """What the last event ordered."""
        return [f"{order.kind} {order.path}" for order in self.last.orders]

    def end(self, path: str, outcome: str = "", visit: int = 0) -> Move:
        """A step ends, well unless something else is said."""
        at = self.standing.steps[path]
        good = self.graph.place(path)[1].good
        self.last = happened(self.graph, self.standing, path, visit or at.visit, outcome or good, self.holds)
        return self.last


conditions = st.sampled_from([None, None, RICH, Condition(above="procurement.first_limit")])
shares = st.one_of(st.just(ALL), st.just(ANY), st.integers(1, 4).map(lambda n: Share("count", n)),
                   st.integers(1, 100).map(lambda n: Share("percent", n)))


@st.composite
def steps_of(draw: Any, key: str, to: str, depth: int, inside: bool) -> Step:
    """One step that leads to another, whatever it is."""
    kinds = ["approve", "sign", "review", "form", "wait", *(["parallel", "sub"] if depth else []), *([] if inside else ["publish"])]
    kind, when = draw(st.sampled_from(kinds)), draw(conditions)
    said: dict[str, Any] = {"when": when, "ways": (Way(to),)}
    if kind in ("approve", "sign", "review", "form"):
        said |= {"deciders": BOSS, "needs": draw(shares), "limit": draw(st.none() | st.integers(2, 99).map(Limit))}
    said |= {"sign": {"meaning": "I have read it"}, "form": {"form": "risk"}, "wait": {"until": "2 days"}}.get(kind, {})
    if kind == "parallel":
        inner = draw(st.lists(chains(depth - 1), min_size=2, max_size=3))
        said |= {"join": draw(shares), "branches": tuple(
            Branch("abc"[place], each, when=draw(conditions)) for place, each in enumerate(inner))}
    if kind == "sub":
        said["graph"] = draw(chains(depth - 1))
    return Step(key, kind, **said)


@st.composite
def chains(draw: Any, depth: int, inside: bool = True) -> Graph:
    """Some steps in a row, perhaps with a way to skip some and a way back for what was refused; sound by the way it is made."""
    keys = [f"s{number}" for number in range(draw(st.integers(1, 3)))]
    targets = [*keys[1:], "end" if inside else "effect"]
    steps = [draw(steps_of(key, to, depth, inside)) for key, to in zip(keys, targets, strict=True)]
    steps = [_with_more(draw, step, place, keys, targets) for place, step in enumerate(steps)]
    return graph(*steps, Step("end", "end")) if inside else whole(*steps)


def _with_more(draw: Any, step: Step, place: int, keys: list[str], targets: list[str]) -> Step:
    ways = list(step.ways)
    if draw(st.booleans()):
        ways.insert(0, Way(draw(st.sampled_from(targets[place:])), when=RICH))
    if step.kind in ("approve", "sign") and draw(st.booleans()):
        ways.append(Way(draw(st.sampled_from([*keys[:place + 1], *targets[place:]])), on="rejected"))
    return Step(**{**{name: getattr(step, name) for name in step.__dataclass_fields__}, "ways": tuple(ways)})


graphs = chains(2, inside=False)
