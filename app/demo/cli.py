"""`flask demo`: seed, fresh data, the accounts, the main job from end to end, and data to measure on."""

from __future__ import annotations

import sys

import click
from flask import current_app

from app.kernel.commands import json_option, show, starts_nothing, without_migrating
from app.kernel.config import ConfigError


@click.group()
def demo() -> None:
    """The demo: four invented organisations, and the main job played on them."""


@demo.command("seed")
@click.option("--if-empty", is_flag=True, help="Succeed without a word when there are organisations already.")
def seed(if_empty: bool) -> None:
    """Make the demo's organisations in a database that has none."""
    from app.demo import seed as seeding

    _refuse_elsewhere()
    if not seeding.seed(lambda name: click.echo(f"  {name}", err=True)) and not if_empty:
        click.echo("Error: there are organisations already; `flask demo reset` makes fresh demo data", err=True)
        sys.exit(1)


@demo.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
@without_migrating
def reset(yes: bool) -> None:
    """Throw all data of this copy away and make the demo afresh."""
    from app.demo import reset as resetting

    _refuse_elsewhere()
    if not yes:
        click.confirm("This removes every organisation of this copy with all its data. Go on?", abort=True)
    resetting.reset(lambda name: click.echo(f"  {name}", err=True))


@demo.command("accounts")
@json_option
@starts_nothing
def accounts(as_json: bool) -> None:
    """Print the accounts to try first."""
    from app.demo.accounts import PASSWORD, lines, named

    show({"password": PASSWORD, "accounts": [vars(account) for account in named()]}, as_json=as_json, lines=lines())


@demo.command("scale")
@click.option("--payments", default=100_000, show_default=True, help="How many payments.")
def scale(payments: int) -> None:
    """Make the organisation `scale` for benches: seeded, written by COPY."""
    from app.demo import scale as scaling

    _refuse_elsewhere()
    if not scaling.scale(payments, lambda line: click.echo(f"  {line}", err=True)):
        click.echo("The organisation “scale” is there already.", err=True)


@demo.command("main-job")
@click.option("--file", "path", default="", help="A payment file (CSV, gzipped or not, or XLSX) instead of that of June 2020.")
@click.option("--mapping", default="", help="A saved mapping's name, a file that holds one, or `guess`.")
@json_option
@starts_nothing
def main_job(path: str, mapping: str, as_json: bool) -> None:
    """Play the main job from end to end: import, decide over HTTP, hold, deliver, export, digest, verify."""
    from app.demo import main_job as job

    _refuse_elsewhere()
    figures = job.run(path, mapping, say=lambda line: click.echo(line, err=True))
    show(figures, as_json=as_json, lines=[f"{name:20} {value}" for name, value in figures.items()])


@demo.command("approvals")
@click.option("--only", multiple=True, help="Of these workflows only: leave, travel, …")
@json_option
def approvals(only: tuple[str, ...], as_json: bool) -> None:
    """Run the twelve workflows through: every branch, refusal, quorum, escalation, delegation, withdrawal and re-opening."""
    from app.demo import agreeing

    _refuse_elsewhere()
    figures = agreeing.run(only, say=lambda line: click.echo(line, err=True))
    show(figures, as_json=as_json, lines=[f"{name:20} {value}" for name, value in figures.items()])
    if figures["wrong"] or not (figures["story_adds_up"] and figures["requests_add_up"] and figures["audit_verified"]):
        sys.exit(1)


def _refuse_elsewhere() -> None:
    """Raise `ConfigError` on a copy that serves a real address."""
    settings = current_app.extensions["settings"]
    if not settings.local:
        raise ConfigError(f"BASE_URL: {settings.base_url} is a real address; the demo is for one's own machine")
