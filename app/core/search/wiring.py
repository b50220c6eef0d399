"""Puts the index behind every change."""

from __future__ import annotations

from flask import Flask

from app.core.search.feed import install_feed


def install(_app: Flask) -> None:
    """Listen to changes."""
    install_feed()
