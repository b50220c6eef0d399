"""What a run asks for: read from a form or from JSON, kept as JSON, and drawn as fields."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.kernel.errors import Invalid
from app.kernel.fields import Field
from app.kernel.kinds import Unreadable
from app.kernel.run_types import RunType


@dataclass(frozen=True)
class Asked:
    """A field ready for `ui.field`, with what stands in it."""

    name: str
    kind: str
    label: Any
    help: Any
    required: bool
    value: Any
    errors: Sequence[Any]
    options: Sequence[tuple[str, Any]] | None
    max_length: int
    minimum: Any
    maximum: Any
    scale: int
    wide: bool
    widget: str = ""
    text: str = ""
    affix: str = ""
    validate: str = ""
    redraw: str = ""
    suggest: str = ""


def checked(kind: RunType, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as JSON keeps them. Raises `Invalid`, by field, and for what the run does not ask for."""
    errors: dict[str, list[Any]] = {name: [_("There is no such field here.")] for name in raw if name not in kind.fields}
    found: dict[str, Any] = {}
    for name, field in kind.fields.items():
        try:
            value = field.default if name not in raw and field.default is not None else field.parse(raw.get(name))
        except Unreadable as error:
            errors[name] = [str(error)]
        else:
            found[name] = plain(value)
    if errors:
        raise Invalid(errors)
    return found


def from_json(kind: RunType, text: str | None) -> dict[str, Any]:
    """The inputs that a text of JSON says. Raises `Invalid` for the field `inputs`."""
    try:
        raw = json.loads(text or "{}")
    except ValueError:
        raw = None
    if not isinstance(raw, dict):
        raise Invalid({"inputs": [_("A JSON object is needed.")]})
    try:
        return checked(kind, raw)
    except Invalid as error:
        said = [f"{kind.fields[name].label if name in kind.fields else name}: {sentence}"
                for name, sentences in error.errors.items() for sentence in sentences]
        raise Invalid({"inputs": said}) from None


def fields(kind: RunType, raw: Mapping[str, Any], errors: Mapping[str, Sequence[Any]], prefix: str = "") -> list[Asked]:
    """The fields of a run with what stands in them."""
    return [asked(field, raw.get(name, plain(field.default)), errors.get(name, ()), prefix) for name, field in kind.fields.items()]


def asked(field: Field, value: Any, errors: Sequence[Any] = (), prefix: str = "") -> Asked:
    """One field as the kit draws it."""
    options = [(entry.value, entry.label) for entry in field.choices] if field.choices else None
    needed = field.required and (field.default is None or options is not None)
    return Asked(prefix + field.name, field.kind, field.label, field.help, needed,
                 "" if value is None else plain(value), errors, options, field.max_length, field.minimum, field.maximum, field.scale,
                 wide=field.kind == "long_text" or field.max_length > 150, widget=field.widget)


def plain(value: Any) -> Any:
    """A value as JSON keeps it: codes, ISO days, decimals as text."""
    value = getattr(value, "value", value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def shown(kind: RunType | None, inputs: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """Label and value of what a run was given, in words."""
    found: list[tuple[Any, str]] = []
    for name, value in inputs.items():
        field = kind.fields.get(name) if kind else None
        if field is None or value is None:
            found.append((field.label if field else name, "" if value is None else str(value)))
            continue
        try:
            found.append((field.label, field.behaviour.display(field, field.parse(value), None)))
        except Unreadable:
            found.append((field.label, str(value)))
    return found


def written(inputs: Mapping[str, Any]) -> str | None:
    """The inputs as a text of JSON; None when there are none."""
    return json.dumps(dict(inputs), ensure_ascii=False, sort_keys=True) if inputs else None
