"""A graph as a picture: boxes from left to right in the order of its good ways, branches below each other, other ways as arcs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from app.core.workflow.editing import in_order
from app.core.workflow.graph import ASKING, Graph, Step

WIDTH, HEIGHT, GAP, ROW = 164, 44, 32, 20


@dataclass(frozen=True)
class Box:
    """One step: its address, where it stands, and what is written in it."""

    path: str
    label: str
    detail: str
    kind: str
    x: int
    y: int
    width: int = WIDTH
    height: int = HEIGHT
    wrong: bool = False


@dataclass(frozen=True)
class Line:
    """A way between two boxes, as the `d` of an SVG path; `bad` where it is taken after a refusal."""

    path: str
    bad: bool = False


@dataclass
class Picture:
    """Boxes and lines, and how much room they take."""

    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    width: int = 0
    height: int = 0


def picture(graph: Graph, said: Callable[[Step], tuple[str, str]], wrong: Collection[str] = ()) -> Picture:
    """The picture of a graph; `said` gives the two lines of a step, `wrong` are the addresses at which something is wrong."""
    drawn = _graph(graph, "", said)
    drawn.boxes = [replace(box, wrong=box.path in wrong) for box in drawn.boxes]
    return replace(drawn, width=drawn.width + 4, height=drawn.height + 4)


def _graph(graph: Graph, above: str, said: Callable[[Step], tuple[str, str]]) -> Picture:
    """The steps in a row; what stands inside one makes it larger."""
    keys = [key for key in in_order(graph) if not (above and graph.steps[key].kind == "end")]
    parts = {key: _step(graph.steps[key], above, said) for key in keys}
    height, x, drawn = max((part.height for part in parts.values()), default=HEIGHT), 0, Picture()
    ports: dict[str, tuple[int, int, int]] = {}
    for key in keys:
        part, y = parts[key], (height - parts[key].height) // 2
        drawn.boxes += [replace(box, x=box.x + x, y=box.y + y) for box in part.boxes]
        drawn.lines += [replace(line, path=_moved(line.path, x, y)) for line in part.lines]
        ports[key] = (x, x + part.width, height // 2)
        x += part.width + GAP
    drawn.width, drawn.height = max(x - GAP, 0), height
    arcs = 0
    for number, key in enumerate(keys):
        for way in graph.steps[key].ways:
            if way.to not in ports:
                continue
            following = number + 1 < len(keys) and keys[number + 1] == way.to
            bad = bool(way.on) and way.on != graph.steps[key].good
            if following and not bad:
                drawn.lines.append(Line(_straight(ports[key], ports[way.to])))
            else:
                arcs += 1
                drawn.lines.append(Line(_arc(ports[key], ports[way.to], height + arcs * 12), bad))
    drawn.height += 12 * arcs + (4 if arcs else 0)
    return drawn


def _step(step: Step, above: str, said: Callable[[Step], tuple[str, str]]) -> Picture:
    label, detail = said(step)
    path = above + step.key
    if step.kind == "end":
        return Picture([Box(path, label, "", "end", 0, 0, 64, 32)], [], 64, 32)
    inner = [(prefix, graph) for prefix, graph in _inside(step, path)]
    if not inner:
        return Picture([Box(path, label, detail, "ask" if step.kind in ASKING else step.kind, 0, 0)], [], WIDTH, HEIGHT)
    rows = [_graph(graph, prefix, said) for prefix, graph in inner]
    width = max(row.width for row in rows) + 2 * ROW
    drawn, y = Picture(), ROW + 8
    for row in rows:
        drawn.boxes += [replace(box, x=box.x + ROW, y=box.y + y) for box in row.boxes]
        drawn.lines += [replace(line, path=_moved(line.path, ROW, y)) for line in row.lines]
        y += row.height + ROW
    drawn.boxes.insert(0, Box(path, label, detail, "frame", 0, 0, width, y))
    drawn.width, drawn.height = width, y
    return drawn


def _inside(step: Step, path: str) -> list[tuple[str, Graph]]:
    found = [(f"{path}.{branch.key}.", branch.graph) for branch in step.branches]
    return found + ([(f"{path}.", step.graph)] if step.graph is not None else [])


def _straight(one: tuple[int, int, int], other: tuple[int, int, int]) -> str:
    return f"M {one[1]} {one[2]} L {other[0]} {other[2]}"


def _arc(one: tuple[int, int, int], other: tuple[int, int, int], depth: int) -> str:
    """Below the row, from the middle of one box to the middle of the other."""
    begin, end = (one[0] + one[1]) // 2, (other[0] + other[1]) // 2
    return f"M {begin} {one[2] + HEIGHT // 2} L {begin} {depth} L {end} {depth} L {end} {other[2] + HEIGHT // 2}"


def _moved(path: str, x: int, y: int) -> str:
    """The same path, further right and down: its numbers come in pairs behind a letter."""
    parts, found, right = path.split(), [], True
    for part in parts:
        if part.isalpha():
            found.append(part)
            right = True
        else:
            found.append(str(int(part) + (x if right else y)))
            right = not right
    return " ".join(found)
