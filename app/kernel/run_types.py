"""What a module says of a run that it brings: what it asks for, its steps in their order, and what it may propose to be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.kernel.errors import DeclarationError

KINDS = ("text", "long_text", "integer", "decimal", "date", "boolean", "choice")  # what a run can ask for


@dataclass(frozen=True)
class RunStep:
    """One step: `work(context)` gives its outputs (JSON), or nothing. It decides and writes; the run commits after it.

    With `waits` the run goes on only when all that was proposed so far is decided.
    """

    name: str
    label: Any
    work: Callable[[Any], Mapping[str, Any] | None]
    waits: bool = False


@dataclass(frozen=True)
class RunEffect:
    """Something that a run may propose to be done outside of it: `act(payload)` does it, once it is agreed. RED unless less is said."""

    name: str
    label: Any
    act: Callable[[Mapping[str, Any]], Any]
    risk: Literal["GREEN", "ORANGE", "RED"] = "RED"


@dataclass(frozen=True)
class RunType:
    """A kind of run. `inputs` is a `Form`; `needs` are permissions that whoever launches or schedules it must hold."""

    key: str
    label: Any
    steps: tuple[RunStep, ...]
    help: Any = ""
    icon: str = "play"
    inputs: type | None = None
    effects: tuple[RunEffect, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def fields(self) -> Mapping[str, Any]:
        """What it asks for, by name."""
        return dict(self.inputs.__fields__) if self.inputs else {}  # type: ignore[attr-defined]

    def effect(self, name: str) -> RunEffect | None:
        """The declared effect of that name."""
        return next((each for each in self.effects if each.name == name), None)


def check(module: str, kind: RunType) -> None:
    """Stop the start when a run is declared wrongly."""
    where = f"run {kind.key}"
    if not kind.key.startswith(f"{module}."):
        raise DeclarationError(f"{where}: its key begins with its module, “{module}.”.")
    names = [step.name for step in kind.steps]
    if not names or len(set(names)) != len(names):
        raise DeclarationError(f"{where}: it needs steps, each with a name of its own.")
    if len({effect.name for effect in kind.effects}) != len(kind.effects):
        raise DeclarationError(f"{where}: two of its effects have one name.")
    for name, field in kind.fields.items():
        if field.kind not in KINDS:
            raise DeclarationError(f"{where}: “{name}” is a {field.kind}; a run asks for one of {', '.join(KINDS)}.")
