"""The 5 × 5 matrix: severity times likelihood gives a colour (ISO 17776, as most operators paint it)."""

from __future__ import annotations

from app.modules.hse.models import Counted, Kind, Likelihood, Risk, Severity

INJURIES = frozenset({Kind.FIRST_AID, Kind.MEDICAL_TREATMENT, Kind.RESTRICTED_WORK, Kind.LOST_TIME, Kind.FATALITY})


def risk_of(severity: Severity, likelihood: Likelihood) -> Risk:
    """The colour of a cell: extreme from 15, high from 8, medium from 4, low below."""
    score = int(severity.value) * int(likelihood.value)
    if score >= 15:
        return Risk.EXTREME
    if score >= 8:
        return Risk.HIGH
    return Risk.MEDIUM if score >= 4 else Risk.LOW


def heading_of(kind: Kind) -> Counted:
    """Where an incident of this kind is counted: a near miss is never an injury."""
    if kind == Kind.NEAR_MISS:
        return Counted.NEAR_MISS
    return Counted.INJURY if kind in INJURIES else Counted.OTHER


def cells() -> list[tuple[Severity, list[tuple[Likelihood, Risk]]]]:
    """The whole matrix for drawing, the gravest row first."""
    return [(severity, [(likelihood, risk_of(severity, likelihood)) for likelihood in Likelihood]) for severity in reversed(Severity)]
