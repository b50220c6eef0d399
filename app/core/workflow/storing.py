"""A graph to JSON and back. What is not exactly of the form is refused, by its place; what it means is looked at by `checking`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from app.core.workflow.graph import FORMAT, KINDS, Branch, Condition, Decider, Graph, Limit, Step, Way
from app.core.workflow.shares import RULES, Share

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
DEEPEST, MOST_STEPS, LONGEST_TEXT = 5, 100, 2_000


class Malformed(ValueError):
    """JSON that is no graph; says where."""


def written(graph: Graph) -> dict[str, Any]:
    """The JSON of a graph."""
    return {"format": FORMAT, **_graph_out(graph)}


def read(data: Any) -> Graph:
    """The graph of some JSON. Raises Malformed, naming the place."""
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise Malformed("format")
    graph = _graph({key: value for key, value in data.items() if key != "format"}, "", 0)
    if sum(1 for _each in graph.every()) > MOST_STEPS:
        raise Malformed("steps")
    return graph


def _graph_out(graph: Graph) -> dict[str, Any]:
    return {"start": graph.start, "steps": [_out(step) for step in graph.steps.values()]}


def _out(thing: Any) -> Any:
    """A part as JSON, without what is as usual."""
    if isinstance(thing, Graph):
        return _graph_out(thing)
    if isinstance(thing, Share):
        return {"rule": thing.rule, "value": thing.value}
    if isinstance(thing, tuple):
        return [_out(each) for each in thing]
    if not hasattr(thing, "__dataclass_fields__"):
        return thing
    return {each.name: _out(value) for each in fields(thing)
            if (value := getattr(thing, each.name)) != each.default or each.default is MISSING}


def _graph(data: Any, where: str, depth: int) -> Graph:
    rows = _part(data, where, {"start", "steps"}).get("steps")
    if depth > DEEPEST or not isinstance(rows, list) or not rows:
        raise Malformed(f"{where}steps")
    steps = [_step(row, where, depth) for row in rows]
    if len({step.key for step in steps}) != len(steps):
        raise Malformed(f"{where}steps")
    return Graph(_text(data.get("start"), f"{where}start"), {step.key: step for step in steps})


def _step(data: Any, where: str, depth: int) -> Step:
    named = _part(data, where, {each.name for each in fields(Step)})
    key = _key(named.get("key"), f"{where}key")
    here = f"{where}{key}."
    if named.get("kind") not in KINDS:
        raise Malformed(f"{here}kind")
    readers = {"ways": _many(_way), "deciders": _many(_decider), "apart": _many(_text), "when": _condition,
               "limit": _limit, "needs": _share, "join": _share, "branches": _many(lambda d, w: _branch(d, w, depth + 1)),
               "graph": lambda d, w: _graph(d, f"{w}.", depth + 1)}
    return Step(**_values(named, here, readers, Step))


def _values(data: Mapping[str, Any], here: str, readers: Mapping[str, Callable[[Any, str], Any]], cls: Any) -> dict[str, Any]:
    """The values of a part, each read as what its field holds."""
    usual = {each.name: each.default for each in fields(cls)}
    found = {}
    for name, value in data.items():
        reader = readers.get(name) or _plain(type(usual[name]) if usual[name] is not MISSING else str)
        found[name] = reader(value, f"{here}{name}")
    missing = [name for name, default in usual.items() if default is MISSING and name not in found]
    if missing:
        raise Malformed(f"{here}{missing[0]}")
    return found


def _way(data: Any, where: str) -> Way:
    return Way(**_values(_part(data, where, {"to", "on", "when"}), f"{where}.", {"when": _condition}, Way))


def _decider(data: Any, where: str) -> Decider:
    return Decider(**_values(_part(data, where, {"by", "name", "up", "condition"}), f"{where}.", {"condition": _condition}, Decider))


def _limit(data: Any, where: str) -> Limit:
    named = _part(data, where, {each.name for each in fields(Limit)})
    return Limit(**_values(named, f"{where}.", {"amount": _plain(int), "reminders": _many(_plain(int)), "then": _many(_decider)}, Limit))


def _branch(data: Any, where: str, depth: int) -> Branch:
    named = _part(data, where, {"key", "graph", "label", "when"})
    found = _values(named, f"{where}.", {"key": _key, "graph": lambda d, w: _graph(d, f"{w}.", depth), "when": _condition}, Branch)
    return Branch(**found)


def _condition(data: Any, where: str) -> Condition:
    return Condition(**_values(_part(data, where, {"text", "rule", "above", "declared"}), f"{where}.", {}, Condition))


def _share(data: Any, where: str) -> Share:
    named = _part(data, where, {"rule", "value"})
    if named.get("rule") not in RULES:
        raise Malformed(where)
    return Share(**_values(named, f"{where}.", {}, Share))


def _many(one: Callable[[Any, str], Any]) -> Callable[[Any, str], tuple[Any, ...]]:
    def read_all(data: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(data, (list, tuple)):
            raise Malformed(where)
        return tuple(one(each, f"{where}.{number}") for number, each in enumerate(data))

    return read_all


def _plain(kind: type) -> Callable[[Any, str], Any]:
    def read_one(value: Any, where: str) -> Any:
        if type(value) is not kind or (kind is str and len(value) > LONGEST_TEXT):
            raise Malformed(where)
        return value

    return read_one


def _text(value: Any, where: str) -> str:
    found: str = _plain(str)(value, where)
    return found


def _key(value: Any, where: str) -> str:
    if not isinstance(value, str) or not KEY.fullmatch(value):
        raise Malformed(where)
    return value


def _part(data: Any, where: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping) or data.keys() - known:
        raise Malformed(where)
    return data
