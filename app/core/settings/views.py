"""The organisation's settings, module by module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.core import access
from app.core.settings import services
from app.kernel.current import current
from app.kernel.errors import Invalid
from app.kernel.manifest import Module, Setting
from app.kernel.registry import registry
from app.kernel.screens import screen

screens = Blueprint("settings", __name__)
MANAGE = "settings.setting.manage"


@dataclass(frozen=True)
class Line:
    """A setting as the form shows it."""

    key: str
    id: str
    label: Any
    help: Any
    kind: str
    value: Any
    options: tuple[tuple[str, Any], ...]
    errors: tuple[str, ...]
    suffix: str
    required: bool


@screens.get("/<org>/settings/organisation")
def organisation() -> Response:
    """Every declared setting with its value."""
    access.require(current.user, MANAGE)
    return _shown({}, {}, 200)


@screens.post("/<org>/settings/organisation/<module>")
def save(module: str) -> Response:
    """Set the settings of one module; all of them or, when one is wrong, none."""
    access.require(current.user, MANAGE)
    found = registry.modules.get(module)
    errors: dict[str, list[str]] = {}
    settings = found.settings if found else ()
    for setting in settings:
        try:
            services.checked(setting, request.form.get(setting.key, ""))
        except Invalid as error:
            errors.update(error.errors)
    if errors:
        return _shown(request.form, errors, 422)
    for setting in settings:
        services.set(setting.key, request.form.get(setting.key, ""))
    flash(_("The settings are saved."), "good")
    return redirect(url_for("settings.organisation"), 303)  # type: ignore[return-value]


def _shown(typed: Mapping[str, str], errors: Mapping[str, list[str]], status: int) -> Response:
    groups = [(module, [_line(setting, typed, errors) for setting in module.settings])
              for module in registry.modules.values() if module.settings]
    summary = [(_id(key), services.declared(key).label, said) for key, sentences in errors.items() for said in sentences]
    return screen("settings/organisation.html", block="forms", status=status, groups=groups, summary=summary, address=_address)


def _address(module: Module) -> str:
    return url_for("settings.save", module=module.name)


organisation.needs = save.needs = MANAGE  # type: ignore[attr-defined]


def _id(key: str) -> str:
    return f"setting-{key.replace('.', '-')}"


def _line(setting: Setting, typed: Mapping[str, str], errors: Mapping[str, list[str]]) -> Line:
    value = typed.get(setting.key) if setting.key in typed else services.get(setting.key)
    options = tuple(setting.options()) if setting.options else tuple((entry.value, entry.label) for entry in setting.choices or ())
    suffix = f" ({current.organisation.currency})" if setting.kind == "money" else ""
    return Line(setting.key, _id(setting.key), setting.label, setting.help, setting.kind, "" if value is None else value, options,
                tuple(errors.get(setting.key, ())), suffix, services.field_of(setting).required)
