"""What a module declares, as a graph: the one it draws, or its levels in sequence, each passed over where it does not apply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.core.workflow.graph import Condition, Decider, Graph, Limit, Step, Way
from app.core.workflow.meaning import understood
from app.core.workflow.shares import ALL, Share
from app.kernel.manifest import Approval, Level
from app.kernel.registry import registry

_drawn: dict[tuple[str, str, Callable[[str], Any]], Graph] = {}


def graph_of(approval: Approval, action: str) -> Graph:
    """The graph of an approval for one action."""
    return _of_levels(approval, action) if approval.graph is None else _of_drawing(approval, action, approval.graph)


def _of_drawing(approval: Approval, action: str, draw: Callable[[str], Any]) -> Graph:
    """What a module drew, with the meaning of its conditions beside them; worked out once."""
    known = (approval.key, action, draw)
    if known not in _drawn:
        about = next(resource.key for resource in registry for each in resource.actions
                     if each.name == action and any(one.key == approval.key for one in registry.approvals_of(resource, each)))
        _drawn[known] = understood(draw(action), about)
    return _drawn[known]


def _of_levels(approval: Approval, action: str) -> Graph:
    keys = [f"level_{number}" for number in range(1, len(approval.levels) + 1)]
    following = [*keys[1:], "effect"]
    steps = [Step("submit", "submit", ways=(Way(keys[0] if keys else "effect"),))]
    steps += [_step(approval, place, key, to) for place, (key, to) in enumerate(zip(keys, following, strict=True))]
    steps += [Step("effect", "effect", effect=action, ways=(Way("end"),)), Step("end", "end")]
    return Graph("submit", {step.key: step for step in steps})


def decider_of(rule: str) -> Decider:
    """What a rule of a level means: `manager_of:department`, `manager_of_requester`, `member:field`, `role:key`, `able:permission`."""
    name, _sep, argument = rule.partition(":")
    return {"manager_of": Decider("manager_of_place", argument), "manager_of_requester": Decider("manager"),
            "member": Decider("field", argument)}.get(name) or Decider(name, argument)


def deciders_of(rule: str) -> tuple[Decider, ...]:
    """The same for a rule that may name several roles: `role:admin,owner`."""
    name, _sep, argument = rule.partition(":")
    return tuple(Decider("role", each) for each in argument.split(",")) if name == "role" else (decider_of(rule),)


def needed(rule: str, needs: int) -> Share:
    """How many of those whom a rule names must agree: so many, or all of them for 0; of those who are one person, that one."""
    if not rule.startswith("role:"):
        return Share("count", 1)
    return Share("count", needs) if needs else ALL


def _step(approval: Approval, place: int, key: str, to: str) -> Step:
    level = approval.levels[place]
    return Step(key, "approve", label=_label(level), ways=(Way(to),), when=_condition(approval, place),
                deciders=deciders_of(level.approvers), fallback=approval.fallback, needs=needed(level.approvers, level.needs),
                colour=level.risk, limit=Limit(level.hours))


def _condition(approval: Approval, place: int) -> Condition | None:
    level = approval.levels[place]
    named = f"{approval.key}.{place}" if level.when is not None or approval.credits_pass else ""
    return Condition(above=level.above, declared=named) if level.above or named else None


def _label(level: Level) -> str:
    """Its untranslated words, which are looked up when they are shown."""
    return str(getattr(level.label, "_args", (level.label,))[0])
