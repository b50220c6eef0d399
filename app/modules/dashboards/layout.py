"""The tiles of a dashboard as JSON: read, checked, written, moved and resized. Nothing here asks for a record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any
from urllib.parse import parse_qsl

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.kernel.errors import Invalid
from app.kernel.registry import registry
from app.kernel.tiles import DRAWN, KINDS, Tile
from app.resources.figures import check_words
from app.resources.querying import filter_fields, read

MOST = 24
PLAIN = Tile("", "")
WORDS = {each.name for each in fields(Tile)} - {"homes"}


def parse(raw: str | None, *, checked: bool = True) -> list[Tile]:
    """The tiles that a text says. Raises `Invalid`, naming the tile and what is wrong with it; what was stored once is not `checked` again,
    so that a field which is gone leaves one tile empty and not the page.
    """
    try:
        said = json.loads(raw or "[]")
    except ValueError:
        said = None
    if not isinstance(said, list) or len(said) > MOST or not all(isinstance(each, dict) for each in said):
        raise Invalid({"tiles": [_("A list of at most %(most)d tiles is needed, as JSON.", most=MOST)]})
    tiles = [_tile(each, place, checked) for place, each in enumerate(said, start=1)]
    if len({tile.key for tile in tiles}) != len(tiles):
        raise Invalid({"tiles": [_("Two tiles have the same key.")]})
    return tiles


def stored(tiles: Sequence[Tile]) -> str:
    """The tiles as text, each with only what it says."""
    plain = asdict(PLAIN)
    said = [{name: value for name, value in asdict(tile).items() if name in WORDS and (name in ("key", "kind") or value != plain[name])}
            for tile in tiles]
    return json.dumps([{**each, "title": str(each.get("title", ""))} for each in said], ensure_ascii=False)


def moved(tiles: Sequence[Tile], key: str, by: int) -> list[Tile]:
    """The tiles with one of them further on (or back)."""
    found = list(tiles)
    place = next((number for number, tile in enumerate(found) if tile.key == key), None)
    if place is not None:
        found.insert(min(max(place + by, 0), len(found) - 1), found.pop(place))
    return found


def resized(tiles: Sequence[Tile], key: str, by: int) -> list[Tile]:
    """The tiles with one of them wider (or narrower)."""
    return [replace(tile, width=min(max(tile.width + by, 1), 4)) if tile.key == key else tile for tile in tiles]


def ordered(tiles: Sequence[Tile], keys: Sequence[str]) -> list[Tile]:
    """The tiles in the order of their keys; those that are not named stay behind them."""
    place = {key: number for number, key in enumerate(keys)}
    return sorted(tiles, key=lambda tile: place.get(tile.key, len(place)))


def places_of(tiles: Sequence[Tile]) -> list[list[Any]]:
    """What is kept of an arrangement: which tiles, in which order, how wide."""
    return [[tile.key, tile.width] for tile in tiles]


def arranged(tiles: Sequence[Tile], places: Sequence[Sequence[Any]], known: Sequence[str]) -> list[Tile]:
    """Tiles as somebody arranged them; what has come to the dashboard since (is not among those `known` then) stands at the end."""
    named = {tile.key: tile for tile in tiles}
    kept = [replace(named[key], width=width) for key, width in places if key in named]
    return [*kept, *(tile for tile in tiles if tile.key not in known)]


def fresh_key(tiles: Sequence[Tile]) -> str:
    """A key that no tile of a dashboard has."""
    taken = {tile.key for tile in tiles}
    return next(key for number in range(1, MOST + 2) if (key := f"t{number}") not in taken)


def _tile(said: dict[str, Any], place: int, checked: bool) -> Tile:
    """One tile, checked."""
    try:
        tile = Tile(**{name: _typed(name, said[name]) for name in WORDS if name in said} | {"title": str(said.get("title", ""))[:120]},
                    **({} if "key" in said else {"key": f"t{place}"}))
        if checked:
            check(tile)
    except (TypeError, ValueError):
        raise Invalid({"tiles": [_("Tile %(place)d cannot be understood.", place=place)]}) from None
    except Invalid as wrong:
        sentences = " ".join(str(each) for errors in wrong.errors.values() for each in errors)
        raise Invalid({"tiles": [_("Tile %(place)d: %(wrong)s", place=place, wrong=sentences)]}) from None
    return tile


def _typed(name: str, value: Any) -> Any:
    if name == "width":
        return min(max(int(value), 1), 4)
    if name == "target":
        return None if value in (None, "") else float(value)
    return str(value)[:2_000]


def check(tile: Tile) -> None:
    """Whether every word of a tile means something. Raises `Invalid` by the name of the word."""
    if tile.kind not in KINDS:
        raise Invalid({"kind": [_("Choose what it shows.")]})
    if tile.kind in ("text", "queue"):
        return
    if tile.resource not in registry.resources:
        raise Invalid({"resource": [_("Choose what it is about.")]})
    resource = registry.resource(tile.resource)
    if tile.kind in DRAWN and not tile.by:
        raise Invalid({"by": [_("Choose by what the chart is grouped.")]})
    read(resource, MultiDict(parse_qsl(tile.query)))
    check_words(resource, by=tile.by, measure=tile.measure, every=tile.every, split=tile.split)
    if tile.dated and tile.dated not in filter_fields(resource):
        raise Invalid({"dated": [_("The list cannot be narrowed by “%(name)s”.", name=tile.dated)]})
