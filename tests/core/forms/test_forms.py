"""A definition becomes a form; what is wrong in one is named; sums are exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from app.core.forms import sheet_of, sums
from app.kernel.errors import Invalid
from app.kernel.kinds import Unreadable
from app.modules.requests.shipped import FORMS

pytestmark = pytest.mark.usefixtures("app")


def asked(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A definition with one section."""
    return {"sections": [{"title": "All", "fields": list(fields)}], **more}


def worked(text: str, **values: Any) -> Decimal | None:
    return sums.understood(text).of(values.get)


def test_sums_are_exact_and_empty_answers_give_no_result(app: Flask) -> None:
    rows = [{"cost": Decimal("0.10")}, {"cost": Decimal("0.20")}, {"cost": None}]
    assert worked("a + b * 2 - (a - 1)", a=3, b=4) == 9
    assert worked("sum(rows.cost)", rows=rows) == Decimal("0.30")
    assert (worked("least(rows.cost)", rows=rows), worked("count(rows)", rows=rows)) == (Decimal("0.10"), 3)
    assert (worked("max(a, b, 2)", a=1), worked("-a * -1", a=5)) == (2, 5)
    assert (worked("a / b", a=1, b=0), worked("a + b", a=1), worked("a * b", a="4", b="5")) == (None, None, 20)


@pytest.mark.parametrize("text", ["", "a +", "(a", "a b", "open(a)", "a ** b", "Import", "a; b", "sum(a", "rows.cost", "(" * 40 + "a"])
def test_what_is_no_sum_is_refused(app: Flask, text: str) -> None:
    with pytest.raises(Unreadable):
        sums.understood(text)


@pytest.mark.parametrize(("definition", "named"), [
    ([], "object"), ({}, "list"), (asked(), "least one"), (asked({"name": "A"}), "“A”"),
    (asked({"name": "a", "kind": "colour"}), "colour"), (asked({"name": "a"}, {"name": "a"}), "two fields"),
    (asked({"name": "a", "shown_when": "b = 1"}, {"name": "b", "kind": "integer"}), "b"),
    (asked({"name": "a", "kind": "choice"}), "choose"), (asked({"name": "a", "calculated": "b * 2"}), "“b”"),
    (asked({"name": "a", "kind": "reference", "table": "pg_user"}), "pg_user"), (asked({"name": "a"}, impact=["b"]), "“b”"),
    (asked({"name": "a", "colour": "red"}), "colour"), (asked({"name": "a", "kind": "rows"}), "columns"),
    (asked({"name": "a"}, matrix={"down": "a", "across": "a", "result": "a"}), "matrix"),
])
def test_what_is_wrong_in_a_definition_is_named(app: Flask, definition: Any, named: str) -> None:
    with pytest.raises(Invalid) as wrong:
        sheet_of(definition, {})
    assert named in " ".join(wrong.value.errors["definition"])


def test_the_level_of_every_cell_of_the_risk_matrix_is_that_of_the_stated_table(app: Flask) -> None:
    from app.core.forms.keeping import around

    sheet = sheet_of(FORMS["risk"][1], around())
    level = sheet.questions["level"]
    found = {(a, b): sheet.work_out(level, {"likelihood": str(a), "severity": str(b)}, None) for a in range(1, 6) for b in range(1, 6)}
    wanted = {(a, b): "critical" if a * b >= 15 else "high" if a * b >= 10 else "medium" if a * b >= 5 else "low" for a, b in found}
    assert found == wanted
    assert sorted(set(found.values())) == ["critical", "high", "low", "medium"]
