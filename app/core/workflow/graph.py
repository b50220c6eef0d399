"""The graph of a workflow: its steps and the ways between them, as frozen data. What is stored is JSON, read and written here alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.workflow.shares import ALL, ANY, Share

FORMAT = 1
ASKING = frozenset({"approve", "review", "sign", "form"})
KINDS = (*sorted(ASKING), "create", "submit", "wait", "effect", "publish", "parallel", "sub", "end")
MAKERS = frozenset({"create", "submit"})
DOING = frozenset({"effect", "publish"})
WAITING = ASKING | MAKERS | DOING | {"wait"}
JUDGED = frozenset({"approve", "sign", "parallel", "sub"})
RESULTS = ("approved", "rejected", "cancelled")
OUTCOMES = ("approved", "rejected", "returned", "done", "failed", "cancelled")
LIMIT_ENDS = ("", "approve", "reject", "cancel")
UNITS = ("minutes", "hours", "days")
COLOURS = ("GREEN", "ORANGE", "RED")
CHAINS = frozenset({"manager", "manager_of_member", "manager_of_place"})  # the first who may, and those above
ONE = CHAINS | {"field", "member"}
SEVERAL = frozenset({"role", "group", "rota", "expression", "able"})


@dataclass(frozen=True)
class Condition:
    """When something is so: `text` as it was written with the `rule` that it means; `above` a limit, by its setting; `declared` a function
    of the module, by its name. All that are there must hold."""

    text: str = ""
    rule: str = ""
    above: str = ""
    declared: str = ""


@dataclass(frozen=True)
class Way:
    """Where it goes on after an outcome (empty: the good one), if the condition holds."""

    to: str
    on: str = ""
    when: Condition | None = None


@dataclass(frozen=True)
class Decider:
    """Somebody, described: `by` is of ONE (a person, or the first of a chain who may) or of SEVERAL.

    `name` is a role, a field, a group, a rota, a member, a permission; `up` how many managers above.
    """

    by: str
    name: str = ""
    up: int = 1
    condition: Condition | None = None

    @property
    def complete(self) -> bool:
        """Whether it says all that it needs."""
        if self.by == "expression":
            return self.condition is not None and bool(self.condition.rule)
        return self.by in ONE | SEVERAL and self.up > 0 and (self.by == "manager" or bool(self.name))


@dataclass(frozen=True)
class Limit:
    """How long a step may take, on a calendar (empty: around the clock), when those asked are reminded, how often the next one above is
    asked and then whom; `end` is the outcome when all that brought nothing (empty: it stays)."""

    amount: int
    unit: str = "hours"
    calendar: str = ""
    reminders: tuple[int, ...] = ()
    climbs: int = 3
    then: tuple[Decider, ...] = ()
    end: str = ""


@dataclass(frozen=True)
class Branch:
    """One of several graphs that run beside each other, if its condition holds."""

    key: str
    graph: Graph
    label: str = ""
    when: Condition | None = None


@dataclass(frozen=True)
class Step:
    """One step. `when`: it is passed over where that does not hold. `apart` names fields of the record: whom they name decides nothing.

    `patient`: a refusal does not end it while enough others can still agree. `effect` names the action that it takes, `meaning` what a
    signature says, `form` the code of what is filled in, `until` the field of the record or the amount of time that is waited for.
    """

    key: str
    kind: str
    label: str = ""
    ways: tuple[Way, ...] = ()
    when: Condition | None = None
    deciders: tuple[Decider, ...] = ()
    fallback: str = "owner"
    apart: tuple[str, ...] = ()
    needs: Share = ANY
    patient: bool = False
    four_eyes: bool = True
    colour: str = "ORANGE"
    limit: Limit | None = None
    effect: str = ""
    meaning: str = ""
    form: str = ""
    until: str = ""
    branches: tuple[Branch, ...] = ()
    join: Share = ALL
    graph: Graph | None = None
    workflow: str = ""
    result: str = "approved"

    @property
    def good(self) -> str:
        """The outcome that a way without one means."""
        return "approved" if self.kind in JUDGED else "done"

    def inner(self) -> Iterator[tuple[str, Graph]]:
        """The graphs inside this step, each with its address below the step's own."""
        for branch in self.branches:
            yield f"{self.key}.{branch.key}.", branch.graph
        if self.graph is not None:
            yield f"{self.key}.", self.graph


@dataclass(frozen=True)
class Graph:
    """Steps by key, and the one that comes first."""

    start: str
    steps: Mapping[str, Step] = field(default_factory=dict)

    def every(self, above: str = "") -> Iterator[tuple[str, Step]]:
        """All steps with their addresses, those inside others too."""
        for key, step in self.steps.items():
            yield above + key, step
            for prefix, inner in step.inner():
                yield from inner.every(above + prefix)

    def place(self, path: str) -> tuple[Graph, Step, str]:
        """The graph in which a step stands, the step, and what stands before its key in its address. Raises KeyError."""
        here, step, above = self, None, ""
        parts = path.split(".")
        while parts:
            step = here.steps[parts.pop(0)]
            if not parts:
                break
            above += f"{step.key}."
            if step.branches and len(parts) > 1:
                name = parts.pop(0)
                here = {branch.key: branch.graph for branch in step.branches}[name]
                above += f"{name}."
            elif step.graph is not None:
                here = step.graph
            else:
                break
        if step is None or above + step.key != path:
            raise KeyError(path)
        return here, step, above


def canonical(graph: Graph) -> str:
    """The bytes of a graph: sorted keys, no spaces, what is as usual left out."""
    from app.core.workflow.storing import written

    return json.dumps(written(graph), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(graph: Graph) -> str:
    """The SHA-256 of its bytes, in hexadecimal."""
    return hashlib.sha256(canonical(graph).encode()).hexdigest()


def same_question(one: Step, other: Step) -> bool:
    """Whether two steps ask the same: what leads on from them may differ."""
    return _question(one) == _question(other)


def _question(step: Step) -> tuple[Any, ...]:
    return (step.kind, step.deciders, step.fallback, step.apart, step.needs, step.patient, step.four_eyes, step.colour, step.effect,
            step.meaning, step.form, step.until, step.workflow)
