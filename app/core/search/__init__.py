"""Finding any record by its words, its reference or a part of them, typing errors forgiven."""

from app.core.search.asking import Asked, understood
from app.core.search.finding import (
    Found,
    Group,
    Hit,
    among,
    find,
    hits_of,
    matching,
    nothing,
    ranked,
    searchable,
    suggestion_of,
)
from app.core.search.marking import Marker
from app.core.search.vocabulary import forget
from app.core.search.ways import Ways, ways_of
from app.core.search.writing import index, remove, said_in, title_of

__all__ = ["Asked", "Found", "Group", "Hit", "Marker", "Ways", "among", "find", "forget", "hits_of", "index", "matching", "nothing",
           "ranked", "remove", "said_in", "searchable", "suggestion_of", "title_of", "understood", "ways_of"]
