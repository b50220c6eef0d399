"""A copy of all data about a person."""

from __future__ import annotations


def hand_over(request_id: str) -> None:
    """The job."""
