"""Which runs there are: for each workflow and size every way that it can take, worked out from its graph before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.core import workflow
from app.core.workflow import Condition, Graph, Step
from app.core.workflow.graph import ASKING
from app.core.workflow.templates import TEMPLATES, Template

LIMITS = {"procurement.first_limit": 5_000, "procurement.second_limit": 50_000, "requests.limit": 10_000}
LONG = 10


@dataclass(frozen=True)
class Size:
    """What a record says that conditions look at."""

    name: str
    amount: int = 0
    days: int = 1

    def holds(self, condition: Condition, _said: Mapping[str, str]) -> bool:
        """Whether a condition of a template holds."""
        return self.amount > LIMITS[condition.above] if condition.above else self.days > LONG


SIZES: dict[str, tuple[Size, ...]] = {
    "purchase": (Size("small", 1_000), Size("middle", 6_000), Size("large", 60_000)),
    "payment": (Size("middle", 6_000), Size("large", 60_000), Size("small", 100)),
    "leave": (Size("short", days=3), Size("long", days=20)),
    "travel": (Size("cheap", 500), Size("expensive", 12_000)),
    "contract": (Size("small", 500), Size("large", 20_000)),
}
ONE = (Size("one"),)
# Whoever asks for access neither changes it nor takes it back: what was returned is asked again. And nobody gives what they do not have:
# no stand-in decides it.
AS_ASKED = frozenset({"access_request"})


@dataclass(frozen=True)
class Play:
    """One run: a workflow, a size, what happens out of the ordinary, and at which step."""

    template: Template
    size: Size
    twist: str = "agreed"
    path: str = ""

    @property
    def name(self) -> str:
        """“leave/long/refused at above”."""
        return f"{self.template.key}/{self.size.name}/{self.twist}" + (f" at {self.path}" if self.path else "")


def plays(only: tuple[str, ...] = ()) -> Iterator[Play]:
    """All of them, of some workflows only if asked."""
    for template in TEMPLATES:
        if not only or template.key in only:
            for number, size in enumerate(SIZES.get(template.key, ONE)):
                yield from _of_size(template, size, first=not number)


def _of_size(template: Template, size: Size, *, first: bool) -> Iterator[Play]:
    steps = asked(template.draw("submit"), size)
    yield Play(template, size)
    for path, step in steps.items():
        if step.kind != "review":
            yield Play(template, size, "refused", path)
        if step.patient:
            yield Play(template, size, "outvoted", path)
        if step.limit and (step.limit.climbs or step.limit.end):
            yield Play(template, size, "late", path)
        yield Play(template, size, "returned", path)
    if first and steps:
        yield from (Play(template, size, twist, next(iter(steps))) for twist in ("handed on", "undone"))
    if first and steps and template.key not in AS_ASKED:
        yield from (Play(template, size, twist, next(iter(steps))) for twist in ("delegated", "covered", "edited", "withdrawn"))


def asked(graph: Graph, size: Size) -> dict[str, Step]:
    """The steps that ask somebody if everybody agrees, by address, in their order."""
    found, move = {}, workflow.begin(graph, size.holds)
    while not move.standing.result:
        path = move.standing.waiting()[0]
        step = graph.place(path)[1]
        found |= {path: step} if step.kind in ASKING else {}
        move = workflow.happened(graph, move.standing, path, move.standing.steps[path].visit, step.good, size.holds)
    return found


def result(play: Play) -> str:
    """How a play must end: what the graph says when that one step comes to that, and everybody else agrees."""
    graph = play.template.draw("submit")
    move = workflow.begin(graph, play.size.holds)
    while not move.standing.result:
        path = move.standing.waiting()[0]
        step = graph.place(path)[1]
        outcome = _outcome(play, step) if path == play.path else step.good
        move = workflow.happened(graph, move.standing, path, move.standing.steps[path].visit, outcome, play.size.holds)
    return {"approved": "effected"}.get(move.standing.result, move.standing.result)


def _outcome(play: Play, step: Step) -> str:
    """What one step comes to in a play; what is returned, edited or undone is asked again and agreed to."""
    if play.twist == "refused":
        return "rejected"
    if play.twist == "late" and step.limit and step.limit.end:
        return {"approve": step.good, "reject": "rejected", "cancel": "cancelled"}[step.limit.end]
    return step.good
