"""Builds the menu of a person: what they may see, in sections, with counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from flask import has_request_context, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core import access
from app.core.menu.choices import favourites, folded, ordered
from app.kernel.current import Actor, current
from app.kernel.frame import Item, Section
from app.kernel.i18n import in_sentence
from app.kernel.keys import registered, shown_keys
from app.kernel.kinds import fold
from app.kernel.manifest import MenuItem, Module, Resource
from app.kernel.registry import registry

WORK, BUSINESS = "work", ("operations", "business")
AREAS = {"people": _l("People and access"), "security": _l("Sign-in and security"), "automation": _l("Workflows and automation"),
         "messages": _l("Mail and notices"), "organisation": _l("Organisation"), "system": _l("Integration and operation")}
TABS = 4
KEPT = "favourites"


@dataclass(frozen=True)
class Entry:
    """A place in the menu, before it is drawn: `key` names its badge and its key, `group` its section in every language."""

    key: str
    label: Any
    url: str
    icon: str
    section: Any
    group: str
    badge: Callable[[], int] | None = None


def menu_for(user: Actor) -> list[Section]:
    """The sections of the sidebar: favourites, work, then each business module, then what runs the house.

    Those that run the house are folded until one is on a page of theirs, or says otherwise.
    """
    sections: dict[str, tuple[Any, list[Item]]] = {}
    shown, said = [*places(user)], folded(user)
    here = _here([entry.url for entry in shown])
    for entry in shown:
        item = Item(entry.label, entry.url, entry.icon, entry.badge() if entry.badge else 0, entry.key, entry.url == here)
        sections.setdefault(entry.group, (entry.section, []))[1].append(item)
    found = [Section(label, _arranged(user, group, items), group, said.get(group, _is_quiet(group, items)))
             for group, (label, items) in sections.items()]
    kept = _kept(user, found)
    return [Section(_("Favourites"), kept, KEPT, said.get(KEPT, False)), *found] if kept else found


def _is_quiet(group: str, items: list[Item]) -> bool:
    return group in AREAS and not any(item.current for item in items)


def _kept(user: Actor, sections: list[Section]) -> list[Item]:
    """The favourites that may still be seen; the page that one is on is marked in its own section."""
    items = {item.key: item for section in sections for item in section.items}
    return _arranged(user, KEPT, [replace(items[key], current=False) for key in favourites(user) if key in items])


def _arranged(user: Actor, group: str, items: list[Item]) -> list[Item]:
    named = {item.key: item for item in items}
    return [named[key] for key in ordered(user, group, [*named])]


def tabs_for(sections: list[Section]) -> list[Item]:
    """The phone's bottom bar: the first places of work, then the first of each module."""
    own = [section for section in sections if section.key != KEPT]
    return [item for number, section in enumerate(own) for item in section.items[:2 if number == 0 else 1]][:TABS]


def entries_for(user: Actor, words: str = "") -> list[dict[str, Any]]:
    """The palette's pages whose label or section has the words; and for records that one may make, the page that makes one."""
    wanted = fold(words).split()
    pages = [(entry.key, entry.label, str(entry.section), entry.url, entry.icon) for entry in places(user)]
    pages += [(f"new-{key}", _("New %(what)s", what=in_sentence(label)), where, url, "plus") for key, label, where, url in _making(user)]
    return [{"id": f"page-{key.replace('.', '-')}", "title": label, "subtitle": where, "url": url, "icon": icon, "keys": _keys(key),
             "run": ""}
            for key, label, where, url, icon in pages if all(word in fold(f"{label} {where}") for word in wanted)]


def places(user: Actor) -> Iterator[Entry]:
    """Every place that the person may see, in the order of the menu."""
    modules = [*registry.modules.values()]
    yield from _items(user, _("Work"), WORK, WORK, modules)
    yield from _resources(user, _("Work"), WORK, WORK, modules)
    for section in BUSINESS:
        for module in modules:
            if module.section == section:
                yield from _resources(user, module.label, section, module.name, [module])
                yield from _items(user, module.label, section, module.name, [module])
    for area, label in AREAS.items():
        first = sorted(modules, key=lambda module, area=area: module.name != area)  # the module of the area's own name leads
        yield from _resources(user, label, area, area, first)
        yield from _items(user, label, area, area, first)


def _resources(user: Actor, label: Any, section: str, group: str, modules: Sequence[Module]) -> Iterator[Entry]:
    for module in modules:
        for resource in module.resources:
            if resource.menu and (resource.section or module.section) == section and access.can(user, resource.permission("view")):
                yield Entry(resource.key, resource.plural, _list(resource), resource.icon, label, group)


def _items(user: Actor, label: Any, section: str, group: str, modules: Sequence[Module]) -> Iterator[Entry]:
    declared = (item for module in modules for item in module.menu if item.section == section)
    for item in sorted(declared, key=lambda each: each.order):
        if (not item.permission or access.can(user, item.permission)) and (not item.when or item.when()):
            yield Entry(item.key, item.label, addressed(url_for(item.endpoint), item), item.icon, label, group, item.badge)


def addressed(address: str, item: MenuItem) -> str:
    """The address of an entry's page, with what the entry chooses there."""
    return f"{address}?{item.query}" if item.query else address


def _making(user: Actor) -> Iterator[tuple[str, Any, str, str]]:
    for resource in registry:
        if resource.form and resource.creatable and access.can(user, resource.permission("create")):
            module = registry.modules[resource.module]
            yield resource.key, resource.label, str(module.label), resource.own_form(None) if resource.own_form else f"{_list(resource)}new"


def _list(resource: Resource) -> str:
    return f"/{current.organisation.slug}/{resource.module}/{resource.slug}/"


def _here(urls: list[str]) -> str:
    """The deepest of the addresses that the page is at or below; one that has a query is where the page was asked for with it."""
    return max((url for url in urls if has_request_context() and _at(urlsplit(url))), key=len, default="")


def _at(place: SplitResult) -> bool:
    return request.path.startswith(place.path) and all(request.args.get(name) == value for name, value in parse_qsl(place.query))


def _keys(name: str) -> list[str]:
    action = f"go.{name}"
    return shown_keys(action) if any(key.action == action for key in registered()) else []
