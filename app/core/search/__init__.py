"""Finding any record by its words, its reference or a part of them, typing errors forgiven."""

from app.core.search.finding import Found, Group, Hit, among, find, matching, nothing
from app.core.search.vocabulary import forget
from app.core.search.writing import index, remove

__all__ = ["Found", "Group", "Hit", "among", "find", "forget", "index", "matching", "nothing", "remove"]
