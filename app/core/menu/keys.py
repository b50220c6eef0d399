"""The `g` keys of the menu: known once every address is."""

from __future__ import annotations

from flask import Flask

from app.core.menu.building import addressed
from app.kernel.keys import destination
from app.kernel.registry import registry


def bind_keys(app: Flask) -> None:
    """Give each place of the menu that has a letter its key; called when everything is mounted."""
    rules = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    for module in registry.modules.values():
        for item in module.menu:
            destination(item.key, addressed(_below(rules[item.endpoint]), item), item.label)
        shown = [resource for resource in module.resources if resource.menu]
        if shown:
            destination(module.name, f"{module.name}/{shown[0].slug}/", module.label)
    destination("settings", _below(rules["account.settings"]), registry.modules["settings"].label)


def _below(rule: str) -> str:
    return rule.removeprefix("/<org>/")
