"""`flask` commands about running the product: configuration, health, scheduler."""

from __future__ import annotations

import click
from flask import current_app

from app.kernel.commands import json_option, show, starts_nothing
from app.running.doctor import doctor
from app.running.mapping import map_word
from app.running.preflight import preflight
from app.running.tenancy_command import tenancy


@click.group()
def config() -> None:
    """What the environment decides."""


@config.command("check")
@json_option
@starts_nothing
def check(as_json: bool) -> None:
    """Print every setting, secrets masked; a wrong one is named in one line, with exit 1."""
    shown = current_app.extensions["settings"].masked()
    show(shown, as_json=as_json, lines=[f"{name:20} {value}" for name, value in shown.items()])


COMMANDS: tuple[click.Command, ...] = (
    config,
    doctor,
    preflight,
    map_word,
    tenancy,
)
