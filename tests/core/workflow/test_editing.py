"""Changing a graph step by step: what was sound stays sound, and the order is the one that was meant."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.workflow import flaws
from app.core.workflow.drawing import picture
from app.core.workflow.editing import (
    added,
    behind,
    beside,
    changed,
    earlier,
    in_order,
    inner,
    linked,
    may_be_removed,
    may_lead,
    removed,
    unwrapped,
)
from app.core.workflow.graph import Condition, Graph, Step, Way
from tests.core.workflow.graphs import BOSS, ask, graphs, whole

FRESH = Step("step", "approve", deciders=BOSS)


@pytest.fixture
def three() -> Graph:
    """First, second, third, then the effect."""
    return whole(ask("first", "second"), ask("second", "third", Way("first", on="rejected")), ask("third", "effect"))


def order(graph: Graph) -> list[str]:
    assert flaws(graph) == []
    return in_order(graph)[1:-2]


def test_a_step_is_added_behind_another(three: Graph) -> None:
    assert order(added(three, "first", FRESH)) == ["first", "step", "second", "third"]
    assert order(added(added(three, "submit", FRESH), "third", FRESH)) == ["step", "first", "second", "third", "step_2"]


def test_a_step_is_taken_away_and_what_led_to_it_leads_on(three: Graph) -> None:
    assert order(removed(three, "first")) == ["second", "third"]
    assert order(removed(removed(three, "third"), "second")) == ["first"]


def test_a_step_comes_earlier_but_never_before_the_submission(three: Graph) -> None:
    assert order(earlier(three, "third")) == ["first", "third", "second"]
    assert order(earlier(earlier(three, "third"), "third")) == ["third", "first", "second"]
    assert earlier(three, "first") == three


def test_a_step_is_put_behind_any_other_one(three: Graph) -> None:
    assert order(behind(three, "first", "third")) == ["second", "third", "first"]
    assert order(behind(three, "third", "submit")) == ["third", "first", "second"]
    assert order(behind(three, "second", "first")) == ["first", "second", "third"]
    moved = behind(three, "first", "second")
    assert order(moved) == ["second", "first", "third"]
    assert Way("first", on="rejected") in moved.steps["second"].ways
    for path, after in (("first", "first"), ("nowhere", "first"), ("first", "nowhere")):
        with pytest.raises(KeyError):
            behind(three, path, after)


def test_a_step_is_put_into_a_branch_and_out_of_it(three: Graph) -> None:
    both = beside(three, "second", FRESH)
    inside = behind(both, "third", "together.branch_2.step")
    assert order(inside) == ["first", "together"]
    assert in_order(inside.steps["together"].branches[1].graph) == ["step", "third", "end"]
    assert order(behind(inside, "together.branch_2.third", "submit")) == ["third", "first", "together"]
    with pytest.raises(KeyError):
        behind(both, "together", "together.branch_2.step")


def test_a_link_leads_elsewhere_and_leaves_what_it_led_to_without_a_way(three: Graph) -> None:
    short = linked(three, "first", "third")
    assert [(flaw.path, flaw.code) for flaw in flaws(short)] == [("second", "unreachable")]
    assert order(linked(short, "first", "second")) == ["first", "second", "third"]
    assert Way("end", on="rejected") in linked(three, "first", "end", "rejected").steps["first"].ways
    for path, to in (("first", "first"), ("end", "first"), ("first", "submit"), ("first", "nowhere")):
        with pytest.raises(KeyError):
            linked(three, path, to)


@settings(max_examples=200, deadline=None)
@given(graph=graphs, picks=st.tuples(st.integers(0, 50), st.integers(0, 50)))
def test_what_is_moved_leaves_a_sound_graph_sound(graph: Graph, picks: tuple[int, int]) -> None:
    asking = [path for path, step in graph.every() if may_be_removed(step) and not any(way.on or way.when for way in step.ways)
              and not any(path.rpartition(".")[2] == way.to and (way.on or way.when) for _at, other in graph.every() for way in other.ways)]
    places = [path for path, step in graph.every() if may_lead(step)]
    if not asking:
        return
    path, after = asking[picks[0] % len(asking)], places[picks[1] % len(places)]
    if path == after or after.startswith(f"{path}.") or (graph.place(path)[1].kind == "publish" and "." in after):
        return
    known = {flaw.code for flaw in flaws(graph)}
    assert {flaw.code for flaw in flaws(behind(graph, path, after))} <= known


def test_a_step_stands_beside_another_and_alone_again(three: Graph) -> None:
    both = beside(three, "second", FRESH)
    assert order(both) == ["first", "together", "third"]
    assert [branch.graph.start for branch in both.steps["together"].branches] == ["second", "step"]
    more = beside(both, "together", FRESH)
    assert len(more.steps["together"].branches) == 3
    assert order(more) == ["first", "together", "third"]
    alone = unwrapped(unwrapped(more, "together", "branch_3"), "together", "branch_2")
    assert order(alone) == ["first", "second", "third"]


def test_a_step_inside_a_branch_is_changed_and_followed(three: Graph) -> None:
    both = beside(three, "second", FRESH)
    inner = added(both, "together.branch_2.step", FRESH)
    assert order(inner) == ["first", "together", "third"]
    assert in_order(inner.steps["together"].branches[1].graph) == ["step", "step_2", "end"]
    named = changed(inner, "together.branch_2.step_2", lambda step: Step(step.key, step.kind, label="Money", ways=step.ways, deciders=BOSS))
    assert named.place("together.branch_2.step_2")[1].label == "Money"


def test_the_picture_has_every_step_once_and_nothing_overlaps(three: Graph) -> None:
    drawn = picture(beside(three, "second", FRESH), lambda step: (step.key, ""))
    assert [box.path for box in drawn.boxes] == ["submit", "first", "together", "together.branch_1.second", "together.branch_2.step",
                                                 "third", "effect", "end"]
    frames = [box for box in drawn.boxes if "." not in box.path]
    for one, other in itertools.pairwise(frames):
        assert one.x + one.width < other.x
    assert all(box.x + box.width <= drawn.width and box.y + box.height <= drawn.height for box in drawn.boxes)
    assert len(drawn.lines) == len(frames) - 1


def test_what_stands_inside_another_neither_asks_for_itself_nor_takes_effect(three: Graph) -> None:
    within = inner(three)
    assert within is not None
    assert in_order(within) == ["first", "second", "third", "end"]
    held = added(three, "second", Step("inside", "sub", graph=within))
    assert order(held) == ["first", "second", "inside", "third"]
    assert inner(whole()) is None
    assert inner(whole(ask("first", "effect", when=Condition(declared="procurement.payment.0")))) is None
