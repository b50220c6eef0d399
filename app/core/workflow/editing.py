"""Changing a graph step by step, as the page does: set, add, move, put beside, link, remove. Pure; `checking` says what is wrong then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from app.core.workflow.graph import ASKING, MAKERS, Branch, Graph, Step, Way
from app.core.workflow.shares import ALL

FIXED = frozenset({"create", "submit", "effect", "publish", "end"})


def changed(graph: Graph, path: str, change: Callable[[Step], Step]) -> Graph:
    """The graph with one step changed. Raises KeyError for an address that is not there."""
    key = graph.place(path)[1].key
    return _inside(graph, path, lambda here: replace(here, steps={**here.steps, key: change(here.steps[key])}))


def added(graph: Graph, after: str, step: Step) -> Graph:
    """A new step behind another one: what came next comes behind it."""
    before = graph.place(after)[1]

    def add(here: Graph) -> Graph:
        fresh = replace(step, key=free_key(graph, step.key))
        to = _good(before) or "end"
        steps: dict[str, Step] = {}
        for key, each in here.steps.items():
            steps[key] = _leading(each, fresh.key) if key == before.key else each
            if key == before.key:
                steps[fresh.key] = replace(fresh, ways=(Way(to),))
        return replace(here, steps=steps)

    return _inside(graph, after, add)


def removed(graph: Graph, path: str) -> Graph:
    """The graph without a step: what led to it leads to what came next."""
    gone = graph.place(path)[1]

    def remove(here: Graph) -> Graph:
        to = _good(gone)
        steps = {key: replace(each, ways=tuple(replace(way, to=to) if way.to == gone.key else way for way in each.ways))
                 for key, each in here.steps.items() if key != gone.key}
        return Graph(to if here.start == gone.key else here.start, steps)

    return _inside(graph, path, remove)


def earlier(graph: Graph, path: str) -> Graph:
    """The graph with a step before the one that comes before it; unchanged where that is none that can be passed."""
    here, step, above = graph.place(path)
    before = previous(here, step.key)
    if before is None or before.kind in FIXED:
        return graph

    def swap(within: Graph) -> Graph:
        onward = _good(step)
        steps = {key: replace(each, ways=tuple(replace(way, to=step.key) if way.to == before.key else way for way in each.ways))
                 for key, each in within.steps.items()}
        steps[step.key] = _leading(steps[step.key], before.key)
        steps[before.key] = _leading(steps[before.key], onward)
        order = [key for key in steps if key != step.key]
        order.insert(order.index(before.key), step.key)
        return Graph(step.key if within.start == before.key else within.start, {key: steps[key] for key in order})

    return _inside(graph, above + step.key, swap)


def behind(graph: Graph, path: str, after: str) -> Graph:
    """The graph with a step taken from where it is and put behind another one; refusals that led to it still do, if they can.

    Raises KeyError for an address that is not there, or that stands inside the step.
    """
    step, (_here, before, above) = graph.place(path)[1], graph.place(after)
    if path == after or after.startswith(f"{path}."):
        raise KeyError(after)
    if above != graph.place(path)[2]:
        return added(removed(graph, path), after, replace(step, ways=()))

    def put(here: Graph) -> Graph:
        onward, following = _good(step) or "end", _good(before) or "end"
        steps = {key: _leading(each, onward) if _good(each) == step.key else each for key, each in here.steps.items() if key != step.key}
        following = onward if following == step.key else following
        steps[before.key] = _leading(steps[before.key], step.key)
        moved = _leading(step, following) if _good(step) else replace(step, ways=(*step.ways, Way(following)))
        order = [key for each in steps for key in ((each, step.key) if each == before.key else (each,))]
        return Graph(onward if here.start == step.key else here.start, {key: moved if key == step.key else steps[key] for key in order})

    return _inside(graph, path, put)


def linked(graph: Graph, path: str, to: str, on: str = "") -> Graph:
    """The graph in which a step leads on to another one that stands beside it, after an outcome. Raises KeyError where it cannot."""
    here, step, above = graph.place(path)
    key = to.removeprefix(above)
    if key not in here.steps or key == step.key or step.kind == "end" or here.steps[key].kind in MAKERS:
        raise KeyError(to)
    outcome = on or step.good
    kept = tuple(way for way in step.ways if (way.on or step.good) != outcome or way.when is not None)
    return changed(graph, path, lambda each: replace(each, ways=(*kept, Way(key, on))))


def beside(graph: Graph, path: str, step: Step) -> Graph:
    """A new step beside another one: both are asked at the same time, and all branches must agree."""
    there = graph.place(path)[1]
    fresh = replace(step, key=free_key(graph, step.key))
    if there.kind == "parallel":
        return changed(graph, path, lambda each: replace(each, branches=(*each.branches, _branch(each.branches, fresh))))
    around = free_key(graph, "together")
    first = _branch((), there)
    both = Step(around, "parallel", ways=tuple(way for way in there.ways if (way.on or there.good) == there.good),
                branches=(first, _branch((first,), fresh)), join=ALL)

    def wrap(here: Graph) -> Graph:
        steps = {around if key == there.key else key: both if key == there.key else _renamed(each, there.key, around)
                 for key, each in here.steps.items()}
        return Graph(around if here.start == there.key else here.start, steps)

    return _inside(graph, path, wrap)


def unwrapped(graph: Graph, path: str, branch: str) -> Graph:
    """The graph without one branch of a parallel step; the last one that is left takes its place when it is a single step."""
    there = graph.place(path)[1]
    left = tuple(each for each in there.branches if each.key != branch)
    asking = [step for each in left for step in each.graph.steps.values() if step.kind != "end"]
    if len(left) != 1 or len(asking) != 1:
        return changed(graph, path, lambda each: replace(each, branches=left))
    only = replace(asking[0], ways=tuple(way for way in there.ways if not way.on or way.on == there.good))

    def put(here: Graph) -> Graph:
        steps = {only.key if key == there.key else key: only if key == there.key else _renamed(each, there.key, only.key)
                 for key, each in here.steps.items()}
        return Graph(only.key if here.start == there.key else here.start, steps)

    return _inside(graph, path, put)


def previous(graph: Graph, key: str) -> Step | None:
    """The step whose good way leads to this one."""
    return next((each for each in graph.steps.values() if _good(each) == key), None)


def free_key(graph: Graph, wanted: str) -> str:
    """A key that no step of the whole graph has."""
    taken = {path.rpartition(".")[2] for path, _step in graph.every()}
    return next(key for key in (wanted, *(f"{wanted}_{number}" for number in range(2, len(taken) + 3))) if key not in taken)


def in_order(graph: Graph) -> list[str]:
    """The keys of a graph as its good ways lead, then those that other ways lead to."""
    found: list[str] = []
    key = graph.start
    while key in graph.steps and key not in found:
        found.append(key)
        key = _good(graph.steps[key])
    rest = [each for each in graph.steps if each not in found]
    ends = [each for each in (*found, *rest) if graph.steps[each].kind == "end"]
    return [each for each in (*found, *rest) if each not in ends] + ends


def inner(graph: Graph) -> Graph | None:
    """The steps of a whole graph as they can stand inside a step of another one: without being asked for and taking effect.

    None where that would change what they mean: they know conditions of their module, or begin or end in several ways.
    """
    fixed = [step for step in graph.steps.values() if step.kind in FIXED - {"end"}]
    conditions = [each.when for _path, step in graph.every() for each in (step, *step.ways, *step.branches)]
    if any(when is not None and when.declared for when in conditions) or any(way.when for step in fixed for way in step.ways):
        return None
    for step in fixed:
        graph = removed(graph, step.key)
    return graph if any(step.kind in ASKING for _path, step in graph.every()) else None


def may_be_removed(step: Step) -> bool:
    """Whether the page may take a step away, or move it."""
    return step.kind in ASKING | {"wait", "parallel", "sub"}


def may_lead(step: Step) -> bool:
    """Whether something may come behind a step."""
    return step.kind not in ("effect", "publish", "end")


def following(graph: Graph, key: str) -> Step | None:
    """The step to which the good way of this one leads, where it is one that can be passed."""
    step = graph.steps.get(_good(graph.steps[key]))
    return step if step is not None and may_be_removed(step) else None


def _good(step: Step) -> str:
    """Where the good way leads, the one without a condition."""
    return next((way.to for way in step.ways if (way.on or step.good) == step.good and way.when is None), "")


def _leading(step: Step, to: str) -> Step:
    """A step whose good way leads elsewhere."""
    return replace(step, ways=tuple(replace(way, to=to) if (way.on or step.good) == step.good and way.when is None else way
                                    for way in step.ways))


def _renamed(step: Step, old: str, new: str) -> Step:
    return replace(step, ways=tuple(replace(way, to=new) if way.to == old else way for way in step.ways))


def _branch(present: Iterable[Branch], step: Step) -> Branch:
    """A branch in which one step asks."""
    taken = {each.key for each in present}
    key = next(name for name in (f"branch_{number}" for number in range(1, len(taken) + 2)) if name not in taken)
    return Branch(key, Graph(step.key, {step.key: replace(step, ways=(Way("end"),)), "end": Step("end", "end")}))


def _inside(graph: Graph, path: str, change: Callable[[Graph], Graph]) -> Graph:
    """The graph with the one in which an address stands changed."""
    above = graph.place(path)[2]
    if not above:
        return change(graph)
    first, _dot, rest = path.partition(".")
    holder = graph.steps[first]
    if holder.graph is not None:
        inner = replace(holder, graph=_inside(holder.graph, rest, change))
    else:
        name, _dot, deeper = rest.partition(".")
        inner = replace(holder, branches=tuple(replace(each, graph=_inside(each.graph, deeper, change)) if each.key == name else each
                                               for each in holder.branches))
    return replace(graph, steps={**graph.steps, first: inner})
