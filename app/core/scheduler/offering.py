"""What an organisation may put on a schedule: what modules declare, and what services offer once all modules are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from flask import has_request_context, request

from app.kernel.forgery import SAFE
from app.kernel.manifest import Task
from app.kernel.registry import registry

_sources: list[Callable[[], Iterable[Task]]] = []


def offer(source: Callable[[], Iterable[Task]]) -> None:
    """Have `source()` asked for further work that can be scheduled."""
    if source not in _sources:
        _sources.append(source)


KEPT = "opsflux.tasks"


def all_tasks() -> Iterator[Task]:
    """All that can be scheduled. A page that only shows asks once, however many schedules it names."""
    if not has_request_context() or request.method not in SAFE:
        return _found()
    if KEPT not in request.environ:
        request.environ[KEPT] = [*_found()]
    return iter(request.environ[KEPT])


def _found() -> Iterator[Task]:
    for module in registry.modules.values():
        yield from module.tasks
    for source in _sources:
        yield from source()
