"""The kinds of AI actions: what modules declare, and the effects that runs may propose. A kind that nobody declares is RED."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.kernel.ai_actions import COLOURS, AIAction
from app.kernel.registry import registry


def known() -> Mapping[str, AIAction]:
    """Every declared kind, by its key; an effect of a run by `<run>.<effect>`."""
    effects = {f"{run.key}.{each.name}": AIAction(f"{run.key}.{each.name}", each.label, each.risk, run.label)
               for run in registry.runs.values() for each in run.effects}
    return {**registry.ai_actions, **effects}


def labels() -> Mapping[str, Any]:
    """The declared kinds with their names."""
    return {key: kind.label for key, kind in known().items()}


def name_of(key: str) -> str:
    """The name of a kind; its key where nobody declares it."""
    kind = known().get(key)
    return str(kind.label) if kind else key


def declared_level(key: str) -> str:
    """The level by the declaration: RED for what is unknown."""
    kind = known().get(key)
    return kind.level if kind else "RED"


def stricter(first: str, second: str) -> str:
    """The stricter of two levels; what is no level is RED."""
    return max((each if each in COLOURS else "RED" for each in (first, second)), key=COLOURS.index)


def at_least(level: str) -> tuple[str, ...]:
    """The levels that are as strict or stricter."""
    return COLOURS[COLOURS.index(stricter("GREEN", level)):]
