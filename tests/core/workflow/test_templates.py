"""The twelve templates: each is sound, is read back as it was written, and comes to its effect when everybody agrees."""

from __future__ import annotations

import pytest

from app.core.workflow import drafts, flaws, read, written
from app.core.workflow.declared import graph_of
from app.core.workflow.graph import ASKING, digest
from app.core.workflow.templates import TEMPLATES, Template, fitting
from tests.core.workflow.graphs import Run, always, never

each_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.key)


def test_there_are_twelve() -> None:
    assert [each.key for each in TEMPLATES] == ["purchase", "payment", "close_out", "leave", "travel", "permit", "contract", "deployment",
                                                "letter", "access_request", "import_change_set", "policy_document"]


@each_template
def test_each_is_sound(template: Template) -> None:
    assert flaws(template.draw("submit")) == []


@each_template
def test_each_is_read_back_as_it_was_written(template: Template) -> None:
    drawn = template.draw("submit")
    assert digest(read(written(drawn))) == digest(drawn)


@each_template
@pytest.mark.parametrize("holds", [always, never], ids=["large", "small"])
def test_each_comes_to_its_effect_when_everybody_agrees(template: Template, holds: object) -> None:
    run = Run(template.draw("submit"), holds)
    while run.waiting and "effect" not in run.waiting:
        run.end(run.waiting[0])
    run.end("effect")
    while run.waiting:
        run.end(run.waiting[0])
    assert run.standing.result == "approved"


@each_template
def test_each_ends_when_its_first_step_is_refused_or_goes_where_it_says(template: Template) -> None:
    run = Run(template.draw("submit"))
    path = next(path for path in run.waiting if run.graph.place(path)[1].kind in ASKING)
    outcome = "returned" if run.graph.place(path)[1].kind == "review" else "rejected"
    left = {"policy_document": ["ruling"], "travel": [each for each in run.waiting if each != path]}  # of two managers the other may agree
    run.end(path, outcome)
    assert run.waiting == left.get(template.key, [])


def test_a_template_is_offered_where_its_fields_and_limits_exist(app: object) -> None:
    offered = {(each.approval.key, template.key) for each in drafts.governed() for template in fitting(each.resource, each.approval)}
    assert {("procurement.requisition", "purchase"), ("procurement.payment", "payment"), ("hse.close_out", "close_out"),
            ("access.request", "access_request"), ("requests.leave", "leave"), ("requests.policy_document", "policy_document")} <= offered
    assert ("procurement.payment", "leave") not in offered
    assert ("hse.close_out", "purchase") not in offered


def test_kinds_of_requests_are_drawn_apart(app: object) -> None:
    kinds = [each for each in drafts.governed() if each.resource.key == "requests.request"]
    drawn = [template.key for template in TEMPLATES if template.key not in ("purchase", "payment", "close_out", "access_request")]
    assert [each.name for each in kinds] == [f"submit.{key}" for key in (*drawn, "resource", "decision", "risk", "form")]
    assert len({digest(graph_of(each.approval, "submit")) for each in kinds}) == len(kinds)
