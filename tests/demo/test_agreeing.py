"""`flask demo approvals`: the twelve workflows run through every way that they can take, and the counts add up."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.core.workflow.templates import TEMPLATES
from app.demo import agreeing
from app.demo.agreeing.plays import Play, plays, result

TWISTS = {"agreed", "refused", "outvoted", "late", "returned", "delegated", "covered", "handed on", "edited", "withdrawn", "undone"}


def adds_up(said: dict[str, Any]) -> None:
    """Nothing is missing and nothing is counted twice."""
    assert said["wrong"] == []
    assert said["traces_whole"] == said["runs"] == sum(said["runs_by_twist"].values())
    assert said["requests"] == sum(said["ended"].values()) <= said["story"]["request"]
    assert said["story"]["effect"] == said["ended"]["effected"]
    assert said["story_adds_up"]
    assert said["requests_add_up"]
    assert said["audit_verified"]
    assert all(said["answers_by_way"][way] > 0 for way in ("page", "api", "mail", "bulk"))


def test_each_workflow_is_played_in_every_way() -> None:
    found = list(plays())
    assert {play.template.key for play in found} == {template.key for template in TEMPLATES}
    assert {play.twist for play in found} == TWISTS
    assert len({play.name for play in found}) == len(found)


@pytest.mark.parametrize(("key", "twist", "path", "ends"), [
    ("leave", "refused", "manager", "rejected"), ("travel", "refused", "either.manager.manager", "effected"),
    ("access_request", "late", "admin", "rejected"), ("import_change_set", "late", "check", "effected"),
    ("policy_document", "refused", "consultation.managers", "effected"), ("close_out", "refused", "checks.hse.hse", "rejected")])
def test_how_a_run_must_end_is_read_off_its_graph(key: str, twist: str, path: str, ends: str) -> None:
    template = next(each for each in TEMPLATES if each.key == key)
    size = next(play.size for play in plays((key,)))
    assert result(Play(template, size, twist, path)) == ends


def test_one_workflow_adds_up(app: Flask) -> None:
    with app.app_context():
        said = agreeing.run(("permit",))
    assert said["workflows"] == 1
    adds_up(said)


@pytest.mark.ordeal
@pytest.mark.timeout(1800)
def test_many_add_up_together(app: Flask) -> None:
    """Every other one; `flask demo approvals` plays all twelve."""
    keys = tuple(template.key for template in TEMPLATES)[1::2]
    with app.app_context():
        said = agreeing.run(keys)
    assert said["workflows"] == len(keys) == 6
    assert set(said["runs_by_twist"]) == TWISTS
    adds_up(said)
