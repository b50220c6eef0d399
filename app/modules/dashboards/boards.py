"""Which dashboards there are for a reader: the homes of roles, made of what modules declare, and those that people made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.core import access
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import NotFound
from app.kernel.registry import registry
from app.kernel.tiles import HOMES, Tile
from app.modules.dashboards import layout, services
from app.modules.dashboards.models import Dashboard

KEY = "dashboards.dashboard"
VIEW = f"{KEY}.view"
ORDER = ("text", "figure", "queue", "bar", "line", "pie", "list")  # of a home: what is read at a glance first


@dataclass(frozen=True)
class Board:
    """A dashboard as the reader has it: `tiles` in their arrangement, `all_tiles` as it is for everybody."""

    key: str
    title: str
    help: str
    all_tiles: tuple[Tile, ...]
    record: Dashboard | None = None

    @property
    def editable(self) -> bool:
        """Whether the reader changes it for everybody."""
        return self.record is not None and not self.record.is_archived and bool(
            access.can(current.user, f"{KEY}.edit", self.record))

    @property
    def known(self) -> list[str]:
        """The keys of all its tiles."""
        return [tile.key for tile in self.all_tiles]

    @property
    def tiles(self) -> list[Tile]:
        """The tiles in the reader's arrangement."""
        kept = None if self.editable else services.arrangement(self.key)
        return layout.arranged(self.all_tiles, *kept.places) if kept else list(self.all_tiles)

    @property
    def is_arranged(self) -> bool:
        """Whether the reader has it otherwise than everybody."""
        return not self.editable and services.arrangement(self.key) is not None

    def keep(self, tiles: Sequence[Tile]) -> None:
        """Keep a change: for everybody where the reader may do that, for the reader alone otherwise."""
        if self.editable and self.record is not None:
            perform_one(KEY, "edit", self.record.id, {"tiles": layout.stored(tiles)})
        else:
            services.arrange(self.key, tiles, self.known)


def sees(tile: Tile) -> bool:
    """Whether the reader may see what a declared tile is about."""
    return not tile.resource or bool(access.can(current.user, registry.resource(tile.resource).permission("view")))


def homes() -> list[Board]:
    """The homes of roles on which there is something for the reader: at least half of what they have."""
    found = []
    for key, label in HOMES.items():
        tiles = tuple(sorted((tile for tile in registry.tiles.values() if key in tile.homes), key=lambda tile: ORDER.index(tile.kind)))
        about = [tile for tile in tiles if tile.resource]
        if about and sum(map(sees, about)) * 2 >= len(about):
            found.append(Board(key, str(label), "", tiles))
    return found


def made() -> list[Board]:
    """The dashboards that people made, as far as the reader sees them: by name."""
    resource = registry.resource(KEY)
    record: Any = Dashboard
    query = select(Dashboard).where(record.organisation_id == current.organisation.id, record.archived_at.is_(None),
                                    access.visible(resource, current.user)).order_by(record.name_key, record.id).limit(200)
    return [_board(each) for each in session().scalars(query)]


def find(key: str) -> Board:
    """The dashboard of that key. Raises NotFound for one that is not there, or not to be seen."""
    access.require(current.user, VIEW)
    if key in HOMES:
        home = next((each for each in homes() if each.key == key), None)
        if home is None:
            raise NotFound
        return home
    record: Any = Dashboard
    found = session().scalars(select(Dashboard).where(record.organisation_id == current.organisation.id, record.reference == key,
                                                      access.visible(registry.resource(KEY), current.user))).first()
    if found is None:
        raise NotFound
    return _board(found)


def _board(record: Dashboard) -> Board:
    return Board(record.reference, record.name, record.description or "", tuple(layout.parse(record.tiles, checked=False)), record)
