"""What the written conditions of a graph mean, for the kind of record that it is about."""

from __future__ import annotations

from dataclasses import replace

from app.core import access
from app.core.workflow.graph import Condition, Graph, Step
from app.kernel.errors import Invalid

PEOPLE = "people.member"


def understood(graph: Graph, resource: str) -> Graph:
    """The graph with each written condition's rule beside it. Raises Invalid, naming the step."""
    return replace(graph, steps={key: _step(step, resource) for key, step in graph.steps.items()})


def _step(step: Step, resource: str) -> Step:
    try:
        return replace(
            step, when=_condition(step.when, resource), ways=tuple(replace(way, when=_condition(way.when, resource)) for way in step.ways),
            deciders=tuple(replace(each, condition=_condition(each.condition, PEOPLE)) for each in step.deciders),
            branches=tuple(replace(each, when=_condition(each.when, resource), graph=understood(each.graph, resource))
                           for each in step.branches),
            graph=understood(step.graph, resource) if step.graph else None)
    except Invalid as error:
        sentences = [str(sentence) for found in error.errors.values() for sentence in found]
        raise Invalid({step.key: sentences}) from error


def _condition(condition: Condition | None, resource: str) -> Condition | None:
    if condition is None or not condition.text:
        return condition
    return replace(condition, rule=access.understood(condition.text, resource))
