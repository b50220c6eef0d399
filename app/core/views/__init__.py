"""Saved views: a list as somebody looks at it, under a name, for themselves or for others; and exports of one that come by themselves."""

from app.core.views.choosing import PLAIN, Tab, first_of, keep, of_list, put_first, shown_tabs
from app.core.views.columns import choosable, chosen
from app.core.views.models import SavedView, ScheduledExport
from app.core.views.reading import plain, said_of, understands

__all__ = ["PLAIN", "SavedView", "ScheduledExport", "Tab", "choosable", "chosen", "first_of", "keep", "of_list", "plain", "put_first",
           "said_of", "shown_tabs", "understands"]
