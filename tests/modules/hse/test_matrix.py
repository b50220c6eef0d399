"""The 5 × 5 matrix and the headings under which incidents are counted."""

from itertools import pairwise

import pytest

from app.modules.hse.matrix import INJURIES, cells, heading_of, risk_of
from app.modules.hse.models import Counted, Kind, Likelihood, Risk, Severity

ORDER = list(Risk)


@pytest.mark.parametrize(("severity", "likelihood", "expected"), [
    ("1", "1", Risk.LOW), ("1", "3", Risk.LOW), ("1", "4", Risk.MEDIUM), ("2", "3", Risk.MEDIUM), ("2", "4", Risk.HIGH),
    ("3", "3", Risk.HIGH),
    ("3", "5", Risk.EXTREME), ("5", "2", Risk.HIGH), ("5", "3", Risk.EXTREME), ("5", "5", Risk.EXTREME)])
def test_a_cell_has_the_colour_of_its_score(severity, likelihood, expected):
    assert risk_of(Severity(severity), Likelihood(likelihood)) == expected


@pytest.mark.parametrize("severity", list(Severity))
def test_a_likelier_cell_is_never_paler(severity):
    colours = [ORDER.index(risk_of(severity, likelihood)) for likelihood in Likelihood]
    assert all(before <= after for before, after in pairwise(colours))


@pytest.mark.parametrize("likelihood", list(Likelihood))
def test_a_graver_cell_is_never_paler(likelihood):
    colours = [ORDER.index(risk_of(severity, likelihood)) for severity in Severity]
    assert all(before <= after for before, after in pairwise(colours))


def test_the_drawn_matrix_has_25_cells_the_gravest_row_first():
    drawn = cells()
    assert [severity for severity, _row in drawn] == list(reversed(Severity))
    assert sum(len(row) for _severity, row in drawn) == 25


@pytest.mark.parametrize("kind", list(Kind))
def test_a_kind_is_counted_under_one_heading(kind):
    expected = Counted.NEAR_MISS if kind == Kind.NEAR_MISS else Counted.INJURY if kind in INJURIES else Counted.OTHER
    assert heading_of(kind) == expected


def test_injuries_are_the_five_kinds_in_which_somebody_was_hurt():
    assert {kind.value for kind in INJURIES} == {"first_aid", "medical_treatment", "restricted_work", "lost_time", "fatality"}


def test_every_kind_of_the_trade_is_known():
    assert [kind.value for kind in Kind] == ["observation", "near_miss", "first_aid", "medical_treatment", "restricted_work", "lost_time",
                                             "fatality", "environmental", "property"]


def test_each_colour_has_its_tone():
    assert {risk.value: risk.tone for risk in Risk} == {"low": "good", "medium": "info", "high": "warning", "extreme": "danger"}
