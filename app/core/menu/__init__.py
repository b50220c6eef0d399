"""The menu, the breadcrumbs' sections, the palette's pages and the counts on them, all from the registry."""

from app.core.menu.building import Entry, entries_for, menu_for, places, tabs_for
from app.core.menu.first import ask_first
from app.core.menu.keys import bind_keys
from app.core.menu.notices import provide_notices

__all__ = ["Entry", "ask_first", "bind_keys", "entries_for", "menu_for", "places", "provide_notices", "tabs_for"]
