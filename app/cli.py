"""The `flask` commands: finds those of services and modules, and gives each the database it needs."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click
from flask import Flask, has_app_context
from flask.cli import ScriptInfo

from app.kernel.attach import attached
from app.kernel.commands import STARTS_NOTHING
from app.kernel.config import PROJECT, ConfigError
from app.kernel.embedded import EmbeddedError
from app.kernel.errors import Refusal

FAILED = 1
PLACES = ("app/core/*/cli.py", "app/resources/cli.py", "app/modules/*/cli.py", "app/demo/cli.py")


def install(app: Flask) -> None:
    """Register every command of the product with the application."""
    from app.running.commands import COMMANDS

    for command in (*COMMANDS, *_found()):
        _prepare(command)
        app.cli.add_command(command)
    _prepare(_migration_commands())


def _found() -> Iterator[click.Command]:
    """The commands of every `cli.py` below core, resources, modules and demo, those that belong to no group of the same file."""
    for path in sorted(path for place in PLACES for path in PROJECT.glob(place)):
        module = importlib.import_module(".".join(path.relative_to(PROJECT).with_suffix("").parts))
        commands = [thing for thing in vars(module).values() if isinstance(thing, click.Command)]
        inner = {id(child) for group in commands if isinstance(group, click.Group) for child in group.commands.values()}
        yield from (command for command in commands if id(command) not in inner)


def _migration_commands() -> click.Group:
    """Flask-Migrate's group, with our own commands in place of those that must know branches and roles."""
    from flask_migrate.cli import db as group

    from app.running.migration_commands import COMMANDS

    for command in COMMANDS:
        group.add_command(command)
    return group


def _prepare(command: click.Command) -> None:
    """Wrap a command's own function: servers around it, and one-line errors instead of traces."""
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _prepare(child)
    callback = command.callback
    if callback is None or isinstance(command, click.Group) or hasattr(callback, "prepared"):
        return
    command.callback = _guarded(callback)


def _guarded(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def run(*args: Any, **options: Any) -> Any:
        app = click.get_current_context().ensure_object(ScriptInfo).load_app()
        try:
            if getattr(callback, STARTS_NOTHING, False):
                return _inside(app, callback, *args, **options)
            with attached(app.extensions["settings"], migrate=getattr(callback, "migrates", True)):
                return _inside(app, callback, *args, **options)
        except (ConfigError, EmbeddedError, Refusal) as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(FAILED)

    run.prepared = True  # type: ignore[attr-defined]
    return run


def _inside(app: Flask, callback: Callable[..., Any], *args: Any, **options: Any) -> Any:
    if has_app_context():
        return callback(*args, **options)
    with app.app_context():
        return callback(*args, **options)
