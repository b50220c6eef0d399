"""Anonymising: of whom erasure was approved, and of whoever was put away, 90 days later, everywhere outside the lawful trail."""

from __future__ import annotations


def anonymise_due() -> None:
    """The job of each night."""
