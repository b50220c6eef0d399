"""What a module says of a tile: a figure, chart or list of its records, on the homes of roles and on any dashboard."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from flask_babel import lazy_gettext as _l

from app.kernel.errors import DeclarationError

Kind = Literal["figure", "bar", "line", "pie", "list", "queue", "text"]
KINDS: tuple[str, ...] = ("figure", "bar", "line", "pie", "list", "queue", "text")
DRAWN = ("bar", "line", "pie")
HOMES: dict[str, Any] = {"executive": _l("Executive"), "operations": _l("Operations"), "hse": _l("Health and safety"),
                         "administrator": _l("Administrator"), "auditor": _l("Auditor")}


@dataclass(frozen=True)
class Tile:
    """One tile. `query` narrows the list as its address does (“status=open”), `measure` is count, sum:field or average:field.

    `by` and `split` are the fields by which a chart groups; `dated` the filter by which the period of a dashboard narrows it, and a figure
    is compared with the period before. `target` is what a figure should reach (`better` up) or not exceed (`better` down). `homes` are the
    role homes on which it stands, `width` its columns of four.
    """

    key: str
    title: Any
    kind: Kind = "figure"
    resource: str = ""
    query: str = ""
    by: str = ""
    split: str = ""
    measure: str = "count"
    every: str = "month"
    dated: str = ""
    target: float | None = None
    better: Literal["", "up", "down"] = ""
    width: int = 1
    text: str = ""
    homes: tuple[str, ...] = ()


def check(tile: Tile, resources: Collection[str]) -> None:
    """Stop the start when a tile is declared wrongly; its fields are checked by whoever draws it."""
    where = f"tile {tile.key}"
    if tile.kind not in KINDS or not 1 <= tile.width <= 4:
        raise DeclarationError(f"{where}: its kind is one of {', '.join(KINDS)}, its width 1 to 4.")
    if tile.kind not in ("queue", "text") and tile.resource not in resources:
        raise DeclarationError(f"{where}: there is no resource “{tile.resource}”.")
    if tile.kind in DRAWN and not tile.by:
        raise DeclarationError(f"{where}: a chart says by what it groups.")
    for home in tile.homes:
        if home not in HOMES:
            raise DeclarationError(f"{where}: there is no home “{home}”; there are {', '.join(HOMES)}.")
