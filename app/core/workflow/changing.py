"""One change of a draft, as the page asks for it: what becomes of the graph, and where the reader goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.core.workflow import editing, stepping
from app.core.workflow.graph import ASKING, Graph, Step


@dataclass(frozen=True)
class Changed:
    """The graph after a change, the address of the step whose form is shown next, and of the one at which the reader stays."""

    graph: Graph
    form: str = ""
    at: str = ""


def change(graph: Graph, do: str, path: str, said: Mapping[str, str], inner: Mapping[str, Graph]) -> Changed:
    """Make it; `inner` are the workflows that may stand inside. Raises KeyError for what is not there or cannot be done, Invalid for a form
    that is wrong."""
    graph.place(path)
    return _set(graph, path, said, inner) if do == "set" else _CHANGES[do](graph, path, said)


def _set(graph: Graph, path: str, said: Mapping[str, str], inner: Mapping[str, Graph]) -> Changed:
    here, step, _above = graph.place(path)
    made = stepping.from_form(here, step, said, inner)
    return Changed(editing.changed(graph, path, lambda _step: made), at=path)


def _add(graph: Graph, path: str, said: Mapping[str, str]) -> Changed:
    _here, step, above = graph.place(path)
    _require(editing.may_lead(step), path)
    fresh = stepping.fresh(said.get("kind") or "approve")
    added = above + editing.free_key(graph, fresh.key)
    return Changed(editing.added(graph, path, fresh), added, added)


def _beside(graph: Graph, path: str, _said: Mapping[str, str]) -> Changed:
    _require(graph.place(path)[1].kind in ASKING | {"parallel"}, path)
    return Changed(editing.beside(graph, path, stepping.FRESH))


def _earlier(graph: Graph, path: str, _said: Mapping[str, str]) -> Changed:
    _passed(graph, path)
    return Changed(editing.earlier(graph, path), at=path)


def _later(graph: Graph, path: str, _said: Mapping[str, str]) -> Changed:
    here, above = graph.place(path)[0], graph.place(path)[2]
    after = editing.following(here, _passed(graph, path).key)
    if after is None:
        raise KeyError(path)
    return Changed(editing.behind(graph, path, above + after.key), at=path)


def _behind(graph: Graph, path: str, said: Mapping[str, str]) -> Changed:
    step, (_here, after, above) = _passed(graph, path), graph.place(said.get("to", ""))
    _require(editing.may_lead(after), path)
    return Changed(editing.behind(graph, path, said["to"]), at=above + step.key)


def _link(graph: Graph, path: str, said: Mapping[str, str]) -> Changed:
    return Changed(editing.linked(graph, path, said.get("to", "")), at=path)


def _remove(graph: Graph, path: str, _said: Mapping[str, str]) -> Changed:
    _passed(graph, path)
    return Changed(editing.removed(graph, path))


def _unwrap(graph: Graph, path: str, said: Mapping[str, str]) -> Changed:
    return Changed(editing.unwrapped(graph, path, said.get("branch", "")))


def _passed(graph: Graph, path: str) -> Step:
    """A step that may be moved and taken away."""
    step = graph.place(path)[1]
    _require(editing.may_be_removed(step), path)
    return step


def _require(possible: bool, path: str) -> None:
    if not possible:
        raise KeyError(path)


_CHANGES: dict[str, Callable[[Graph, str, Mapping[str, str]], Changed]] = {
    "add": _add, "beside": _beside, "earlier": _earlier, "later": _later, "behind": _behind, "link": _link, "remove": _remove,
    "unwrap": _unwrap}
