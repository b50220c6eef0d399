"""What can happen to records, by the names under which it is told: `hse.incident.created`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import Resource
from app.kernel.registry import registry

USUAL: Mapping[str, Any] = {"created": _l("creation"), "edited": _l("change"), "archived": _l("archiving"), "restored": _l("restoring")}


def happenings() -> Mapping[str, str]:
    """Everything that can happen to records, with its words. What may not be read without a trace is told to nobody."""
    return {f"{key}.{fact}": f"{resource.label}: {said}" for key, resource in sorted(registry.resources.items())
            if resource.confidential is False for fact, said in _facts(resource).items()}


def concerned(event: str) -> Resource | None:
    """The kind of record to which it happens; None for a name that means nothing."""
    resource = registry.resources.get(event.rpartition(".")[0])
    return resource if resource is not None and resource.confidential is False and event.rpartition(".")[2] in _facts(resource) else None


def _facts(resource: Resource) -> Mapping[str, Any]:
    return {**USUAL, **{action.done: action.label for action in resource.actions if action.done}}
