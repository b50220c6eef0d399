"""Graphs of any shape: what holds for each of them, whatever people answer."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.workflow.checking import flaws
from app.core.workflow.flow import Endless, Stuck, happened, stopped
from app.core.workflow.graph import WAITING, Condition, Graph, Step, Way, digest
from app.core.workflow.moving import moved, plan
from app.core.workflow.shares import RULES, Share
from app.core.workflow.storing import read, written
from tests.core.workflow.graphs import BOSS, Run, graph, graphs, line, shares

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def holding(seed: int) -> Any:
    """Conditions that hold by chance, the same each time for the same seed."""
    def holds(condition: Condition, said: Mapping[str, str]) -> bool:
        return random.Random(f"{seed} {condition} {len(said)}").random() < 0.5

    return holds


def drive(run: Run, dice: random.Random, fair: int) -> int:
    """Answer whatever waits until it is over; after `fair` answers everybody agrees. Gives how many answers it took."""
    for count in range(400):
        if run.standing.result:
            return count
        path = dice.choice(run.waiting)
        step = run.graph.place(path)[1]
        bad = step.kind in ("approve", "sign") and count < fair and dice.random() < 0.4
        run.end(path, "rejected" if bad else "")
        check(run)
    raise AssertionError("It does not end.")


def check(run: Run) -> None:
    """What is true of every run at every moment."""
    standing = run.standing
    assert bool(standing.result) != bool(standing.waiting())
    for path in standing.waiting():
        assert run.graph.place(path)[1].kind in WAITING
        above = path.rpartition(".")[0]
        while above:
            assert above not in standing.steps or standing.steps[above].waits
            above = above.rpartition(".")[0]
    for order in run.last.orders:
        if order.kind not in ("stop", "end"):
            assert standing.steps[order.path].waits
            assert standing.steps[order.path].visit == order.visit


@SLOW
@given(graphs, st.integers(0, 10**6))
def test_every_sound_graph_ends_whatever_is_answered(drawn: Graph, seed: int) -> None:
    assert flaws(drawn) == []
    run = Run(drawn, holding(seed))
    check(run)
    drive(run, random.Random(seed), 30)
    assert run.standing.result in ("approved", "rejected")
    if run.standing.result == "approved":
        assert run.standing.steps["effect"].outcome == "done"


@SLOW
@given(graphs, st.integers(0, 10**6))
def test_the_effect_is_ordered_once_and_not_before_everything_else_has_ended(drawn: Graph, seed: int) -> None:
    run, effects = Run(drawn, holding(seed)), 0
    dice = random.Random(seed)
    while not run.standing.result:
        ordered = [order for order in run.last.orders if order.kind == "effect"]
        effects += len(ordered)
        if ordered:
            assert run.waiting == ["effect"]
        run.end(dice.choice(run.waiting))
    assert effects == 1


@SLOW
@given(graphs, st.integers(0, 10**6))
def test_a_repeated_or_late_answer_changes_nothing(drawn: Graph, seed: int) -> None:
    run, dice = Run(drawn, holding(seed)), random.Random(seed)
    answered: list[tuple[str, int]] = []
    while not run.standing.result:
        path = dice.choice(run.waiting)
        answered.append((path, run.standing.steps[path].visit))
        run.end(path)
        for old, visit in answered:
            for outcome in ("approved", "rejected"):
                assert happened(drawn, run.standing, old, visit, outcome, run.holds).orders == ()


@SLOW
@given(graphs)
def test_what_is_stored_is_read_back_the_same(drawn: Graph) -> None:
    again = read(written(drawn))
    assert again == drawn
    assert digest(again) == digest(drawn)


@SLOW
@given(graphs, graphs, st.integers(0, 10**6))
def test_a_run_moves_to_another_version_and_ends_there(old: Graph, new: Graph, seed: int) -> None:
    run, dice = Run(old, holding(seed)), random.Random(seed)
    for _count in range(dice.randrange(4)):
        if not run.standing.result:
            run.end(dice.choice(run.waiting))
    planned = plan(old, new, run.standing)
    assert sorted([*planned.kept, *planned.open, *(path for path, _to in planned.anew)]) == sorted(run.waiting)
    if planned.whole and not any(at.opened and at.waits for at in run.standing.steps.values()):
        run.last, run.graph = moved(new, run.standing, planned), new
        drive(run, dice, 0)


@SLOW
@given(graphs)
def test_moved_to_itself_a_run_stays_as_it_is(drawn: Graph) -> None:
    run = Run(drawn)
    planned = plan(drawn, drawn, run.standing)
    assert (planned.kept, planned.anew, planned.open) == (tuple(run.waiting), (), ())
    assert moved(drawn, run.standing, planned).orders == ()


@settings(max_examples=100, deadline=None)
@given(shares, st.integers(0, 6), st.lists(st.booleans(), max_size=6))
def test_a_share_is_decided_once_and_whatever_the_order(share: Share, total: int, votes: list[bool]) -> None:
    votes = votes[:total]
    verdicts = {_counted(share, total, order) for order in permutations(votes)}
    assert len(verdicts) == 1
    if len(votes) == total:
        assert verdicts != {""}


def _counted(share: Share, total: int, votes: tuple[bool, ...]) -> str:
    agreed = refused = 0
    for vote in votes:
        if found := share.verdict(total, agreed, refused):
            return found
        agreed, refused = agreed + vote, refused + (not vote)
    return share.verdict(total, agreed, refused)


ways_of = st.lists(st.tuples(st.sampled_from(["s0", "s1", "s2", "s3", "end", "lost"]), st.sampled_from(["", "rejected"]), st.booleans()),
                   max_size=3)


@SLOW
@given(st.lists(ways_of, min_size=4, max_size=4), st.lists(st.booleans(), min_size=4, max_size=4), st.integers(0, 10**6))
def test_a_graph_with_nothing_wrong_never_sticks_and_never_spins(ways: list[list[tuple[str, str, bool]]], optional: list[bool],
                                                                 seed: int) -> None:
    condition = Condition(text="x")
    steps = [Step(f"s{number}", "approve", deciders=BOSS, when=condition if optional[number] else None,
                  ways=tuple(Way(to, on, condition if chance else None) for to, on, chance in ways[number])) for number in range(4)]
    drawn = graph(*steps, Step("end", "end"))
    wrong = {flaw.code for flaw in flaws(drawn)} - {"no_effect"}
    if not wrong:
        run = Run(drawn, holding(seed))
        for _count in range(30):
            if not run.standing.result:
                run.end(run.waiting[0])
    elif "spins" not in wrong and "unknown" not in wrong and "dead_end" not in wrong and "start" not in wrong:
        try:
            Run(drawn, holding(seed))
        except (Endless, Stuck) as error:
            raise AssertionError(wrong) from error


def test_taken_out_of_the_hands_of_everybody() -> None:
    run = Run(graph(*line("x", "y").steps.values()))
    assert stopped(run.standing, "void").standing.waiting() == []


@pytest.mark.parametrize("rule", RULES)
def test_a_share_of_nothing_is_agreed(rule: Any) -> None:
    assert Share(rule, 1).verdict(0, 0, 0) == "approved"
