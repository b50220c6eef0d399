"""`flask translations …`: keep the catalogues in step with the code."""

from __future__ import annotations

import click

from app.core.translations import catalogues
from app.kernel.commands import json_option, show, starts_nothing


@click.group("translations")
def translations() -> None:
    """The catalogues of words."""


@translations.command("update")
@json_option
@starts_nothing
def update(as_json: bool) -> None:
    """Take up new words from the sources; prints how many lack a translation, by language."""
    missing = catalogues.update_all()
    show(missing, as_json=as_json, lines=[f"{language}: {count} missing" for language, count in missing.items()])


@translations.command("compile")
@starts_nothing
def compile_() -> None:
    """Make the binary catalogues that are out of date."""
    click.echo(f"{catalogues.compile_all()} compiled")


COMMANDS = (translations,)
