"""What is wrong with a graph is found, named and placed; and JSON that is no graph is refused by its place."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.workflow.checking import SENTENCES, flaws
from app.core.workflow.declared import decider_of, graph_of
from app.core.workflow.graph import Branch, Condition, Decider, Graph, Limit, Step, Way, digest
from app.core.workflow.moving import moved, plan
from app.core.workflow.shares import ALL, Share
from app.core.workflow.storing import Malformed, read, written
from app.kernel.manifest import Approval, Level
from tests.core.workflow.graphs import BOSS, RICH, Run, ask, beside, graph, line, never, whole

END, EFFECT = Step("end", "end"), Step("effect", "effect", ways=(Way("end"),))
GOOD = ask("board", "effect")


def found(*steps: Step) -> list[tuple[str, str, str]]:
    """What is wrong with these steps, the first of which is the start."""
    return [(flaw.path, flaw.code, flaw.about) for flaw in flaws(graph(*steps))]


def test_nothing_is_wrong_with_a_good_one() -> None:
    assert found(GOOD, EFFECT, END) == []


@pytest.mark.parametrize(("step", "code", "about"), [
    (Step("board", "approve", deciders=BOSS, ways=(Way("effect", when=RICH),)), "dead_end", ""),
    (ask("board", "nowhere"), "unknown", "nowhere"),
    (ask("board", "effect", Way("end", on="failed")), "never", "failed"),
    (ask("board", "effect", Way("end", on="approved")), "hidden", "end"),
    (Step("board", "approve", ways=(Way("effect"),)), "nobody", ""),
    (ask("board", "effect", deciders=(Decider("role"),)), "nobody", ""),
    (ask("board", "effect", deciders=(Decider("friend", "x"),)), "nobody", ""),
    (ask("board", "effect", deciders=(Decider("expression"),)), "nobody", ""),
    (ask("board", "effect", needs=Share("percent", 0)), "share", ""),
    (ask("board", "effect", needs=Share("percent", 101)), "share", ""),
    (ask("board", "effect", colour="MAUVE"), "empty", "colour"),
    (ask("board", "effect", limit=Limit(0)), "limit", ""),
    (ask("board", "effect", limit=Limit(4, reminders=(4,))), "limit", ""),
    (ask("board", "effect", kind="sign", limit=Limit(4, end="approve")), "limit", ""),
    (ask("board", "effect", kind="form"), "empty", "form"),
    (Step("board", "sign", deciders=BOSS, ways=(Way("effect"),)), "empty", "meaning"),
    (Step("board", "wait", ways=(Way("effect"),)), "empty", "until"),
    (beside("board", "effect", ALL, line("x")), "branches", ""),
    (Step("board", "sub", ways=(Way("effect"),)), "empty", "graph"),
    (Step("board", "parallel", ways=(Way("effect"),), join=Share("count", 0), branches=(Branch("a", line("x")), Branch("b", line("x")))),
     "share", "")])
def test_each_flaw_has_a_name_and_a_place(step: Step, code: str, about: str) -> None:
    wrong = found(step, EFFECT, END)
    assert ("board", code, about) in wrong
    assert code in SENTENCES


def test_loops_without_end_and_what_is_never_reached() -> None:
    one, two = ask("one", "two"), ask("two", "one")
    assert [each[:2] for each in found(one, two, EFFECT, END)] == [
        ("one", "no_end"), ("two", "no_end"), ("effect", "unreachable"), ("end", "unreachable")]
    round_about = (ask("one", "two", when=RICH), ask("two", "one", Way("effect", on="rejected"), when=RICH))
    assert [each[:2] for each in found(*round_about, EFFECT, END)] == [("one", "spins"), ("two", "spins")]


def test_nothing_takes_effect_inside_a_branch_and_something_must_at_the_end() -> None:
    inside = graph(Step("go", "effect", ways=(Way("end"),)), END)
    assert found(beside("board", "effect", ALL, inside, line("x")), EFFECT, END) == [("board.a.go", "inside", "")]
    assert found(ask("board", "end"), END) == [("", "no_effect", "")]
    assert found(Step("board", "approve", ways=(Way("end"),), deciders=BOSS, graph=line("x")), EFFECT, END)[0] == ("board", "inside", "")


def test_what_is_wrong_inside_has_its_address() -> None:
    broken = graph(ask("x", "lost"), END)
    assert ("board.b.x", "unknown", "lost") in found(beside("board", "effect", ALL, line("x"), broken), EFFECT, END)
    lost = Graph("nowhere", {"end": END})
    assert ("board.b", "start", "") in found(beside("board", "effect", ALL, line("x"), lost), EFFECT, END)


def test_steps_that_resolve_to_nobody_today() -> None:
    assert [(flaw.path, flaw.code) for flaw in flaws(graph(GOOD, EFFECT, END), resolves=lambda _step: False)] == [("board", "nobody")]


@pytest.mark.parametrize(("change", "place"), [
    (lambda data: data.pop("format"), "format"), (lambda data: data.update(format=2), "format"),
    (lambda data: data.update(steps=[]), "steps"), (lambda data: data.update(more=1), ""),
    (lambda data: data["steps"].append(data["steps"][0]), "steps"), (lambda data: data["steps"][0].update(kind="magic"), "submit.kind"),
    (lambda data: data["steps"][0].update(key="a.b"), "key"), (lambda data: data["steps"][0].update(label=7), "submit.label"),
    (lambda data: data["steps"][0].update(label="x" * 3_000), "submit.label"),
    (lambda data: data["steps"][0]["ways"][0].pop("to"), "submit.ways.0.to"),
    (lambda data: data["steps"][1].update(needs="all"), "board.needs"), (lambda data: data["steps"][1].update(ways=7), "board.ways"),
    (lambda data: data["steps"][1].update(needs={"rule": "most"}), "board.needs"),
    (lambda data: data["steps"][1].update(limit={"amount": "4"}), "board.limit.amount"),
    (lambda data: data["steps"][1].update(patient=1), "board.patient"),
    (lambda data: data["steps"][1].update(deciders=[{"by": "role", "up": True}]), "board.deciders.0.up")])
def test_json_that_is_no_graph_is_refused_by_its_place(change: Any, place: str) -> None:
    data = written(whole(GOOD))
    change(data)
    with pytest.raises(Malformed) as refused:
        read(data)
    assert str(refused.value) == place


def test_a_graph_has_limits() -> None:
    deep = line("x")
    for _each in range(6):
        deep = graph(Step("in", "sub", graph=deep, ways=(Way("end"),)), END)
    wide = whole(*(ask(f"s{number}", f"s{number + 1}" if number < 119 else "effect") for number in range(120)))
    for each in (deep, wide):
        with pytest.raises(Malformed):
            read(written(each))
    with pytest.raises(Malformed):
        read([])


def test_declared_levels_become_steps_and_the_same_levels_the_same_graph() -> None:
    levels = (Level("Department", "manager_of:department", above="a.first", hours=48), Level("Two", "role:finance", needs=2),
              Level("All", "role:owner", needs=0, when=lambda _record: True, risk="RED"), Level("Boss", "manager_of_requester", needs=3))
    made = graph_of(Approval("a.b", "A", levels, fallback="admin"), "release")
    assert flaws(made) == []
    first, two, everybody, boss = (made.steps[f"level_{number}"] for number in range(1, 5))
    assert (first.label, first.when, first.deciders, first.limit) == (
        "Department", Condition(above="a.first"), (Decider("manager_of_place", "department"),), Limit(48))
    assert (two.needs, two.when, two.fallback) == (Share("count", 2), None, "admin")
    assert (everybody.needs, everybody.when, everybody.colour) == (ALL, Condition(declared="a.b.2"), "RED")
    assert boss.needs == Share("count", 1)
    assert made.steps["effect"].effect == "release"
    assert digest(made) == digest(graph_of(Approval("a.b", "A", levels, fallback="admin"), "release"))
    assert graph_of(Approval("a.b", "A", levels, credits_pass=True), "x").steps["level_2"].when == Condition(declared="a.b.1")
    assert decider_of("member:owner") == Decider("field", "owner")


def test_a_run_goes_on_with_what_still_asks_the_same_and_asks_anew_what_does_not() -> None:
    old = whole(ask("one", "two"), ask("two", "effect"))
    run = Run(old)
    assert plan(old, whole(ask("one", "three"), ask("three", "effect")), run.standing).kept == ("one",)
    stricter = whole(ask("one", "effect", needs=Share("count", 2)))
    planned = plan(old, stricter, run.standing)
    move = moved(stricter, run.standing, planned)
    assert planned.anew == (("one", "one"),)
    assert [(order.kind, order.path, order.visit) for order in move.orders] == [("stop", "one", 1), ("ask", "one", 2)]
    without = whole(ask("board", "effect"))
    assert plan(old, without, run.standing).open == ("one",)
    planned = plan(old, without, run.standing, {"one": "board"})
    move = moved(without, run.standing, planned)
    assert move.standing.waiting() == ["board"]
    assert move.standing.steps["one"].outcome == "cancelled"
    with pytest.raises(ValueError, match="no place"):
        moved(without, run.standing, plan(old, without, run.standing))


def test_a_step_in_a_branch_stays_in_a_branch() -> None:
    old = whole(beside("checks", "effect", ALL, line("x"), line("x")))
    run = Run(old, never)
    new = whole(beside("checks", "effect", ALL, line("x"), line("z")), ask("board", "effect"))
    assert plan(old, new, run.standing, {"checks.b.x": "board"}).open == ("checks.b.x",)
    assert plan(old, new, run.standing, {"checks.b.x": "checks.b.z"}).anew == (("checks.b.x", "checks.b.z"),)
    flat = whole(ask("checks", "effect"))
    assert plan(old, flat, run.standing).open == ("checks.a.x", "checks.b.x")
