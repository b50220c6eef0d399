"""The form of a tile: what can be chosen depends on what it shows and on which records it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access
from app.core.organisations import Site
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.kinds import Unreadable, read_decimal
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.tiles import DRAWN, KINDS, Tile
from app.resources.figures import groupable, measurable
from app.resources.querying import filter_fields

NAMES = ("kind", "resource", "title", "query", "measure", "by", "split", "every", "dated", "target", "better", "width", "text")
APART = ("queue", "text")  # what is about no list


def typed(said: Mapping[str, str], tile: Tile | None) -> dict[str, str]:
    """What stands in the form: what was typed, or what the tile says."""
    kept = {name: str(getattr(tile, name) if getattr(tile, name) is not None else "") for name in NAMES} if tile else {}
    usual = {"every": "month", "width": "1" if said.get("kind", kept.get("kind")) == "figure" else "2"}
    return {name: str(said.get(name, kept.get(name, usual.get(name, ""))))[:2_000].strip() for name in NAMES}


def ready(typed: Mapping[str, str]) -> bool:
    """Whether the first step is done: what it shows is known, and which records it is about."""
    return typed["kind"] in APART or (typed["kind"] in KINDS and typed["resource"] in registry.resources)


def made(typed: Mapping[str, str]) -> Tile:
    """The tile that the form says. Raises `Invalid` by the name of the field."""
    if not typed["title"]:
        raise Invalid({"title": [_("This is needed.")]})
    if typed["kind"] == "text" and not typed["text"]:
        raise Invalid({"text": [_("This is needed.")]})
    try:
        target = float(read_decimal(typed["target"])) if typed["target"] else None
    except Unreadable as wrong:
        raise Invalid({"target": [str(wrong)]}) from None
    meant: dict[str, Any] = {name: typed[name] for name in shown(typed)}
    query = meant.get("query", "")
    return Tile("", **{**meant, "title": typed["title"][:120], "target": target, "width": int(typed["width"] or 1) % 5 or 1,
                       "measure": meant.get("measure") or "count", "every": meant.get("every") or "month",
                       "query": query.rpartition("?")[2] if "?" in query else query})


def shown(typed: Mapping[str, str]) -> tuple[str, ...]:
    """The fields that are asked for."""
    kind = typed["kind"]
    if not ready(typed):
        return ("kind", "resource")
    if kind in APART:
        return ("kind", "title", *(("text",) if kind == "text" else ()), "width")
    more = {"figure": ("measure", "dated", "target", "better"), "list": ("dated",)}
    return ("kind", "resource", "title", "query", *more.get(kind, ("measure", "by", "every", "split", "dated")), "width")


def fields(typed: Mapping[str, str], errors: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The controls of the form, in their order: name, label, kind, options, value, help, errors."""
    labels = {"kind": _("What it shows"), "resource": _("Which records"), "title": _("Title"), "query": _("Only those with"),
              "measure": _("What is counted"), "by": _("Grouped by"), "split": _("Split into series by"), "every": _("Dates by"),
              "dated": _("Day by which the period counts"), "target": _("Target"), "better": _("The target is"), "width": _("Width"),
              "text": _("Text")}
    helps = {"query": _("As in the address of the list behind the question mark, such as status=open. Empty: all of them."),
             "dated": _("With one, the period above the dashboard narrows this tile."), "split": _("Empty: one series.")}
    needed = {"kind", "resource", "title", "by", "text"}
    options = _options(typed)
    return [{"name": name, "label": labels[name], "options": options.get(name), "value": typed[name], "help": helps.get(name, ""),
             "required": name in needed, "errors": tuple(map(str, errors.get(name, ()))),
             "kind": "textarea" if name == "text" else "text"} for name in shown(typed)]


def _options(typed: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    kinds = {"figure": _("A figure"), "bar": _("A bar chart"), "line": _("A line chart"), "pie": _("A pie chart"), "list": _("A list"),
             "queue": _("What waits for me"), "text": _("Text")}
    found = {"kind": [(kind, kinds[kind]) for kind in KINDS],
             "resource": sorted(((each.key, str(each.plural)) for each in registry if _sees(each)), key=lambda pair: pair[1]),
             "every": [("day", _("Day")), ("week", _("Week")), ("month", _("Month"))],
             "better": [("", _("none")), ("up", _("to be reached")), ("down", _("not to be exceeded"))],
             "width": [(str(number), _("%(number)d of 4 columns", number=number)) for number in range(1, 5)]}
    if typed["resource"] in registry.resources and typed["kind"] not in APART:
        found |= _of(registry.resource(typed["resource"]), chart=typed["kind"] in DRAWN)
    return found


def _of(resource: Resource, *, chart: bool) -> dict[str, list[tuple[str, str]]]:
    groups = [(name, str(each.label)) for name, each in groupable(resource).items()]
    sums = [(f"{how}:{name}", words % {"field": each.label}) for name, each in measurable(resource).items()
            for how, words in (("sum", _("Sum: %(field)s")), ("average", _("Average: %(field)s")))]
    days = [(name, str(each.label)) for name, each in filter_fields(resource).items() if each.kind in ("date", "datetime")]
    return {"by": [("", _("Choose …")), *groups] if chart else groups, "split": [("", _("none")), *groups],
            "measure": [("count", _("How many")), *sums], "dated": [("", _("none")), *days]}


def _sees(resource: Resource) -> bool:
    return bool(access.can(current.user, resource.permission("view")))


def sites() -> list[tuple[str, str]]:
    """The sites that a dashboard can be narrowed to: those that the reader may choose."""
    resource = registry.of_model(Site)
    if resource is None or not access.can(current.user, resource.choosing):
        return []
    model: Any = Site
    query = select(Site).where(model.organisation_id == current.organisation.id, model.archived_at.is_(None),
                               access.choosable(resource, current.user)).order_by(model.name_key).limit(200)
    return [(str(each.id), each.name) for each in session().scalars(query)]
