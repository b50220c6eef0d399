"""`flask scheduler`: run it, or do one round by hand."""

from __future__ import annotations

import signal

import click
from flask import current_app

from app.core.scheduler.loop import Loop
from app.core.scheduler.sweeping import Relay
from app.kernel.commands import json_option, show
from app.kernel.config import ConfigError


@click.group()
def scheduler() -> None:
    """The clockwork: carries what is due, and lets schedules tick."""


@scheduler.command("run")
def run() -> None:
    """Run until SIGTERM; several may run at once, one leads."""
    loop = make_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.stop())
    loop.run()


@scheduler.command("sweep")
@json_option
def sweep(as_json: bool) -> None:
    """Call the workers once for all that is due."""
    calls = make_loop().relay.sweep()
    show({"calls": calls}, as_json=as_json, lines=[f"{calls} calls"])


def make_loop() -> Loop:
    """The loop of this installation. Raises `ConfigError` when it has no relay role."""
    url = current_app.extensions["settings"].database_relay_url
    if not url:
        raise ConfigError("DATABASE_RELAY_URL: unset; the scheduler needs it, see `flask db roles`")
    return Loop(Relay(url))
