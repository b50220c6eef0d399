"""How a run goes on: in sequence, past what does not apply, beside each other, back, and into other graphs."""

from __future__ import annotations

import pytest

from app.core.workflow.flow import Endless, Stuck, begin, happened, stopped
from app.core.workflow.graph import Branch, Graph, Step, Way
from app.core.workflow.shares import ALL, ANY, Share
from tests.core.workflow.graphs import RICH, Run, always, ask, beside, graph, line, never, whole


def test_steps_come_in_sequence_and_then_the_effect() -> None:
    run = Run(whole(ask("manager", "finance"), ask("finance", "effect")))
    assert run.orders == ["ask manager"]
    run.end("manager")
    assert run.orders == ["ask finance"]
    run.end("finance")
    assert run.orders == ["effect effect"]
    run.end("effect")
    assert (run.orders, run.standing.result) == (["end approved"], "approved")


def test_a_step_that_does_not_apply_is_passed_over() -> None:
    steps = whole(ask("manager", "finance"), ask("finance", "effect", when=RICH))
    run = Run(steps, never)
    run.end("manager")
    assert run.orders == ["effect effect"]
    assert begin(whole(ask("one", "effect", when=RICH)), never).orders[0].kind == "effect"


def test_the_first_way_that_holds_is_taken() -> None:
    first = Step("manager", "approve", ways=(Way("board", when=RICH), Way("effect")))
    for holds, wanted in ((always, ["ask board"]), (never, ["effect effect"])):
        run = Run(whole(first, ask("board", "effect")), holds)
        run.end("manager")
        assert run.orders == wanted


def test_a_condition_reads_how_steps_ended() -> None:
    seen: list[dict[str, str]] = []
    first = Step("legal", "review", ways=(Way("board", when=RICH), Way("effect")))
    run = Run(whole(first, ask("board", "effect")), lambda _condition, said: bool(seen.append(dict(said))))
    run.end("legal")
    assert seen == [{"submit": "done", "legal": "done"}]


@pytest.mark.parametrize(("outcome", "result"), [("rejected", "rejected"), ("returned", "returned"), ("cancelled", "cancelled")])
def test_an_outcome_without_a_way_ends_the_run(outcome: str, result: str) -> None:
    run = Run(whole(ask("manager", "effect")))
    run.end("manager", outcome)
    assert (run.standing.result, run.orders, run.waiting) == (result, [f"end {result}"], [])


def test_an_effect_that_fails_ends_the_run() -> None:
    run = Run(whole())
    run.end("effect", "failed")
    assert run.standing.result == "failed"


def test_what_was_refused_can_go_back_and_is_another_visit() -> None:
    run = Run(whole(ask("draft", "board"), ask("board", "effect", Way("draft", on="rejected"))))
    run.end("draft")
    run.end("board", "rejected")
    assert (run.orders, run.standing.steps["draft"].visit) == (["ask draft"], 2)
    assert run.end("draft", visit=1).orders == ()
    run.end("draft")
    assert run.standing.steps["board"].visit == 2


def test_to_be_submitted_anew_waits_for_the_one_who_asked() -> None:
    run = Run(whole(ask("board", "effect", Way("submit", on="rejected"))))
    run.end("board", "rejected")
    assert run.orders == ["submit submit"]


@pytest.mark.parametrize(("join", "outcomes", "result"), [
    (ALL, "aaa", "approved"), (ALL, "r", "rejected"), (ANY, "ra", "approved"), (ANY, "rrr", "rejected"),
    (Share("count", 2), "ara", "approved"), (Share("count", 2), "rr", "rejected"), (Share("percent", 50), "aa", "approved"),
    (Share("percent", 67), "aaa", "approved"), (Share("percent", 67), "r", "rejected"), (Share("count", 9), "aaa", "approved")])
def test_branches_join_as_soon_as_it_is_decided(join: Share, outcomes: str, result: str) -> None:
    run = Run(whole(beside("checks", "effect", join, line("x"), line("x"), line("x"))))
    for place, letter in enumerate(outcomes):
        assert run.standing.steps["checks"].waits
        run.end(f"checks.{'abc'[place]}.x", {"a": "approved", "r": "rejected"}[letter])
    assert run.standing.steps["checks"].outcome == result
    stopped_ones = [f"stop checks.{letter}.x" for letter in "abc"[len(outcomes):]]
    assert run.orders == [*stopped_ones, "effect effect" if result == "approved" else "end rejected"]


def test_only_branches_whose_condition_holds_are_opened_and_counted() -> None:
    steps = whole(beside("checks", "effect", ALL, line("x"), line("x"), b=RICH))
    run = Run(steps, never)
    assert run.waiting == ["checks.a.x"]
    run.end("checks.a.x")
    assert run.orders == ["effect effect"]
    nothing = whole(beside("checks", "effect", ALL, line("x"), line("x"), a=RICH, b=RICH))
    assert Run(nothing, never).orders == ["effect effect"]


def test_a_branch_that_passes_at_once_does_not_join_before_the_others_are_open() -> None:
    quick = graph(ask("x", "end", when=RICH), Step("end", "end"))
    run = Run(whole(beside("checks", "effect", ANY, quick, line("x"))), never)
    assert run.orders == ["effect effect"]
    assert run.standing.steps["checks.b.x"].outcome == "cancelled"
    run = Run(whole(beside("checks", "effect", ALL, quick, line("x"))), never)
    assert run.waiting == ["checks.b.x"]


def test_branches_inside_branches() -> None:
    inner = graph(beside("two", "end", ALL, line("x"), line("y")), Step("end", "end"))
    run = Run(whole(beside("one", "effect", ALL, inner, line("z"))))
    assert run.waiting == ["one.a.two.a.x", "one.a.two.b.y", "one.b.z"]
    for path in ("one.a.two.b.y", "one.b.z", "one.a.two.a.x"):
        run.end(path)
    assert run.orders == ["effect effect"]


def test_returned_from_a_branch_gives_the_whole_back() -> None:
    run = Run(whole(beside("checks", "effect", ANY, line("x"), line("x"))))
    run.end("checks.a.x", "returned")
    assert (run.standing.result, run.orders) == ("returned", ["stop checks.b.x", "end returned"])


def test_another_graph_inside() -> None:
    sub = Step("audit", "sub", ways=(Way("effect"), Way("board", on="rejected")), graph=line("first", "second"))
    run = Run(whole(sub, ask("board", "effect")))
    run.end("audit.first")
    assert run.orders == ["ask audit.second"]
    run.end("audit.second", "rejected")
    assert run.orders == ["ask board"]


def test_what_is_inside_is_visited_anew_with_the_step_around_it() -> None:
    checks = beside("checks", "board", ALL, line("x"), line("y"))
    run = Run(whole(checks, ask("board", "effect", Way("checks", on="rejected"))))
    for path in ("checks.a.x", "checks.b.y"):
        run.end(path)
    run.end("board", "rejected")
    assert (run.waiting, run.standing.steps["checks.a.x"].visit) == (["checks.a.x", "checks.b.y"], 2)
    run.end("checks.a.x")
    assert run.standing.steps["checks"].waits


def test_an_event_about_what_is_over_gives_no_orders() -> None:
    run = Run(whole(ask("manager", "finance"), ask("finance", "effect")))
    run.end("manager")
    before = run.standing
    for path, visit in (("manager", 1), ("finance", 2), ("finance", 0), ("nowhere", 1)):
        move = happened(run.graph, before, path, visit, "approved", always)
        assert (move.standing, move.orders) == (before, ())


def test_ended_from_outside() -> None:
    run = Run(whole(beside("checks", "effect", ALL, line("x"), line("y"))))
    move = stopped(run.standing, "withdrawn")
    assert [(order.kind, order.path) for order in move.orders] == [
        ("stop", "checks.a.x"), ("stop", "checks.b.y"), ("end", "withdrawn")]
    assert stopped(move.standing, "again").orders == ()


def test_round_and_round_is_noticed() -> None:
    circle = graph(Step("one", "review", when=RICH, ways=(Way("two"),)), Step("two", "review", when=RICH, ways=(Way("one"),)))
    with pytest.raises(Endless):
        begin(circle, never)


def test_nowhere_to_go_is_noticed() -> None:
    with pytest.raises(Stuck):
        begin(Graph("one", {"one": Step("one", "submit")}), always)


def test_addresses() -> None:
    steps = whole(beside("checks", "effect", ALL, line("x"), line("y")), Step("sub", "sub", graph=line("z")))
    assert steps.place("checks.a.x")[2] == "checks.a."
    assert steps.place("sub.z")[1].key == "z"
    for path in ("checks.a", "nothing", "checks.a.y", "effect.x"):
        with pytest.raises(KeyError):
            steps.place(path)
    assert [path for path, _step in steps.every()] == [
        "submit", "checks", "checks.a.x", "checks.a.end", "checks.b.y", "checks.b.end", "sub", "sub.z", "sub.end", "effect", "end"]
    assert Branch("a", line("x")).graph.start == "x"
