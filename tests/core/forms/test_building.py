"""A form is made by plain forms: its fields put, moved, copied, removed; what is wrong stands at the box in which it is mended."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.forms import building, sheet_of
from app.core.forms.designing import from_form, to_form
from app.core.forms.models import Form
from app.core.forms.reading import flaw_of
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.modules.requests.shipped import FORMS
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House

SAID = {"sections": [{"title": "One", "fields": [
    {"name": "reason", "label": "Reason", "kind": "choice", "choices": {"reason": "Reason", "audit": "Audit"}},
    {"name": "hours", "kind": "decimal", "shown_when": "reason = reason and reason in (reason, audit)"}]},
    {"title": "Two", "fields": [{"name": "total", "calculated": "hours * 2 + max(hours, 1)"}]}], "impact": ["hours"]}


@pytest.fixture
def house(app: Flask) -> House:
    """The small organisation in which approvals are tried."""
    return House()


def order(said: building.Said) -> list[list[str]]:
    return [[each["name"] for each in section["fields"]] for section in said["sections"]]


def test_fields_move_over_the_edges_of_sections_and_sections_give_their_fields_away() -> None:
    assert order(building.moved(SAID, "total", -1)) == [["reason", "hours", "total"], []]
    assert order(building.moved(SAID, "hours", 1)) == [["reason"], ["hours", "total"]]
    assert order(building.moved(SAID, "reason", 1)) == [["hours", "reason"], ["total"]]
    with pytest.raises(KeyError):
        building.moved(SAID, "reason", -1)
    assert order(building.section_removed(SAID, 0)) == [["reason", "hours", "total"]]
    assert order(building.section_removed(SAID, 1)) == [["reason", "hours", "total"]]
    assert order(building.section_moved(SAID, 0, 1)) == [["total"], ["reason", "hours"]]
    made, fresh = building.copied(SAID, "hours", "Copy")
    assert (fresh, order(made)[0]) == ("hours_2", ["reason", "hours", "hours_2"])
    assert building.removed(SAID, "hours")["impact"] == []


def test_what_speaks_of_a_field_speaks_of_its_new_name_and_values_stay() -> None:
    made = building.renamed(building.renamed(SAID, "reason", "why"), "hours", "time")
    assert made["sections"][0]["fields"][1]["shown_when"] == "why = reason and why in (reason, audit)"
    assert made["sections"][1]["fields"][0]["calculated"] == "time * 2 + max(time, 1)"
    assert made["impact"] == ["time"]


@pytest.mark.parametrize("code", sorted(FORMS))
def test_the_forms_of_the_product_go_through_the_boxes_unchanged(app: Flask, code: str) -> None:
    with app.test_request_context():
        said = json.loads(json.dumps(FORMS[code][1], default=str))
        for each in [field for section in said["sections"] for field in section["fields"]]:
            found, errors = from_form(to_form(each, False), each)
            assert errors == {}, each["name"]
            wanted = {word: value for word, value in each.items() if value not in ("", False)}
            assert {word: str(value) for word, value in found.items()} == {word: str(value) for word, value in wanted.items()} | (
                {"kind": found["kind"]} if "kind" in found and "kind" not in wanted else {})


@pytest.mark.parametrize(("fields", "name", "word", "said"), [
    ([{"name": "a", "calculated": "a + 1"}], "a", "calculated", "a → a"),
    ([{"name": "a", "calculated": "b + 1"}, {"name": "b", "calculated": "a * 2"}], "a", "calculated", "a → b → a"),
    ([{"name": "a", "calculated": "b + 1"}, {"name": "b", "kind": "integer"}], "a", "calculated", "“b” comes behind"),
    ([{"name": "a", "shown_when": "b = 1"}, {"name": "b", "kind": "integer"}], "a", "shown_when", "“b” comes behind"),
    ([{"name": "a"}, {"name": "b", "needed_when": "ghost = 1"}], "b", "needed_when", "ghost"),
    ([{"name": "a"}, {"name": "a"}], "a", "name", "two fields"),
])
def test_what_is_wrong_is_named_with_its_field_and_its_word(app: Flask, fields: Any, name: str, word: str, said: str) -> None:
    with app.test_request_context():
        flaw = flaw_of({"sections": [{"title": "", "fields": fields}]}, {})
    assert flaw is not None
    assert (flaw.name, flaw.word) == (name, word)
    assert said in flaw.what


def definition(house: House) -> Any:
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        return json.loads(work.scalars(select(Form.definition)).one())


def test_an_administrator_makes_a_form_without_script_and_without_json(app: Flask, house: House) -> None:
    owner = Browser(app, house, "owner")
    assert "Begins as" in owner.get("/forms/build").text
    assert owner.post("/forms/build", title="", code="", begin="").status_code == 422
    answer = owner.post("/forms/build", title="Site visit", code="", begin="")
    assert answer.status_code == 303, answer.text[-2000:]
    place = re.search(r"/forms/forms/FRM[^?#]*", answer.location).group()  # type: ignore[union-attr]
    assert 'id="record-form"' in owner.get(place).text
    assert "What is asked" in owner.get(f"{place}?add=0").text
    choice = {"do": "set", "section": "0", "label": "Reason", "kind": "choice", "choices-0-label": "Audit", "choices-1-label": "Training"}
    fresh = owner.post(place, **choice, _add_line="choices").text
    assert 'name="choices-2-label"' in fresh
    assert owner.post(place, **choice).status_code == 303
    hours = {"do": "set", "section": "0", "label": "Hours", "kind": "decimal", "shown_when": "reason = training"}
    assert owner.post(place, **hours, impact="true").status_code == 303
    wrong = owner.post(place, **(hours | {"label": "Reason"}))
    assert wrong.status_code == 422
    assert "There are two fields called" in wrong.text
    wrong = owner.post(place, do="set", section="0", label="All", kind="sum", calculated="all * 2")
    assert wrong.status_code == 422
    assert "It is worked out from itself: all → all." in wrong.text
    assert 'href="#field-calculated"' in wrong.text
    refused = owner.post(place, do="remove", field="reason")
    assert refused.status_code == 422
    assert "Field “hours”" in refused.text
    assert owner.post(place, do="up", field="hours").status_code == 422
    assert owner.post(place, do="section-add", title="More").status_code == 303
    assert owner.post(place, do="down", field="hours").status_code == 303
    assert owner.post(place, do="copy", field="hours").status_code == 303
    assert owner.post(place, do="title", title="Visit of a site").status_code == 303
    assert owner.post(place, do="title", title="").status_code == 422
    assert "Visit of a site" in owner.get(place).text
    assert owner.post(place, do="nothing", field="hours").status_code == 404
    said = definition(house)
    assert order(said) == [["subject", "reason"], ["hours", "hours_2"]]
    assert (said["impact"], said["sections"][0]["fields"][1]["choices"]) == (["hours"], {"audit": "Audit", "training": "Training"})
    tried = owner.post(f"{place.removesuffix('/build')}/preview", **{"answers-reason": "training", "_redraw": "1"}).text
    assert 'name="answers-hours"' in tried
    assert 'name="answers-hours"' not in owner.get(place).text
    assert definition(house) == said
    assert Browser(app, house, "clerk").get(place).status_code == 403


def test_the_forms_of_the_product_are_forms(app: Flask) -> None:
    from app.core.forms.keeping import around

    with app.test_request_context():
        assert all(sheet_of(definition, around()).questions for _label, definition in FORMS.values())
