"""`flask search`: make the index anew."""

from __future__ import annotations

import click

from app.core.audit.chains import PLATFORM, chains
from app.core.search.feed import numbered
from app.core.search.rebuilding import rebuild as rebuild_index
from app.kernel.commands import json_option, show
from app.kernel.current import SYSTEM, acting


@click.group()
def search() -> None:
    """The index that everything is found by."""


@search.command()
@json_option
@click.option("--org", "only", default="", help="Slug of one organisation; all of them otherwise.")
def rebuild(as_json: bool, only: str) -> None:
    """Index every record anew, while everybody works; to be done after an update that says so, and after a copy was put back."""
    counts: dict[str, int] = {}
    for organisation_id, name in chains(only).items():
        if name == PLATFORM:
            continue
        with acting(numbered(organisation_id), SYSTEM):
            counts[name] = sum(rebuild_index().values())
    show(counts, as_json=as_json, lines=[f"{name}: {count} records" for name, count in counts.items()])
