"""Marks for `flask` commands. Without one, a command gets the database, migrated, before it runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

STARTS_NOTHING = "starts_nothing"

F = TypeVar("F", bound=Callable[..., Any])


def starts_nothing(function: F) -> F:
    """Mark a command's function (innermost decorator) that needs no server."""
    setattr(function, STARTS_NOTHING, True)
    return function


def without_migrating(function: F) -> F:
    """Mark a command's function (innermost decorator) that wants the database as it is."""
    function.migrates = False  # type: ignore[attr-defined]
    return function


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")


def show(data: Any, *, as_json: bool, lines: list[str]) -> None:
    """Print a command's result: for programs as JSON, for people as lines."""
    click.echo(json.dumps(data, indent=2, default=str, ensure_ascii=False) if as_json else "\n".join(lines))
