"""Changing a graph step by step: what was sound stays sound, and the order is the one that was meant."""

from __future__ import annotations

import itertools

import pytest

from app.core.workflow import flaws
from app.core.workflow.drawing import picture
from app.core.workflow.editing import added, beside, changed, earlier, in_order, removed, unwrapped
from app.core.workflow.graph import Graph, Step, Way
from tests.core.workflow.graphs import BOSS, ask, whole

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
