"""A report that a module declares is checked at start: a wrong word stops it, and the nearest right one is named."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.kernel.errors import DeclarationError
from app.kernel.registry import registry
from app.kernel.reports import ReportOf, check

GOOD: dict[str, Any] = {"resource": "hse.incident", "columns": ("reference", "site.name"), "filters": "status=open",
                        "group": "occurred_at:month",
                        "totals": (), "chart": "bar"}


def checked(**said: Any) -> None:
    check(ReportOf("hse.tried", "Tried", **GOOD | said), registry.resources, registry.of_table)


def test_a_right_report_passes(app: Flask) -> None:
    checked()


@pytest.mark.parametrize(("said", "near"), [
    ({"resource": "hse.incidnet"}, "hse.incident"), ({"columns": ("refrence",)}, "reference"), ({"columns": ("site.nam",)}, "name"),
    ({"columns": ("title.name",)}, "leads to no other record"), ({"filters": "statuss=open"}, "status"),
    ({"sort": "-occured_at"}, "occurred_at"),
    ({"group": "occurred_at:moth"}, "month"), ({"totals": ("reference:summ",)}, "sum"), ({"chart": "bars"}, "bar")])
def test_a_wrong_word_stops_the_start_and_the_nearest_is_named(app: Flask, said: dict[str, Any], near: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        checked(**said)
    assert "hse.tried" in str(refused.value)
    assert near in str(refused.value)
