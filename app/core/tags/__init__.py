"""Tags: words that people put on any record, to find again what belongs together."""

from app.core.tags.models import LONGEST, Colour, Tag, Tagging
from app.core.tags.services import MOST, Worn, among, change, known_to, named_in, of_many, read_worn, taggable, take_off_all, worn_by

__all__ = ["LONGEST", "MOST", "Colour", "Tag", "Tagging", "Worn", "among", "change", "known_to", "named_in", "of_many", "read_worn",
           "taggable", "take_off_all", "worn_by"]
