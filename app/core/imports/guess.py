"""What the wizard proposes: each column's field, by its head and by what stands below it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from flask_babel import force_locale
from rapidfuzz import fuzz

from app.core.imports.mapping import Mapping, Place, importable
from app.core.imports.shapes import Column
from app.core.imports.survey import Survey
from app.core.imports.synonyms import also
from app.kernel.fields import Field
from app.kernel.kinds import Unreadable, fold
from app.kernel.manifest import Resource

ENOUGH, SURE = 62.0, 85.0
LANGUAGES = ("en", "fr", "es", "pt", "de", "it")
FITTING = 0.9
NAMED = 0.65  # a column with the very name is proposed, to be checked, whatever stands in it


def guess(resource: Resource, seen: Survey) -> Mapping:
    """The best mapping that heads and values speak for: every field at most once, the clearest first."""
    fields = importable(resource)
    pairs = ((score(field, column), -column.place, name) for name, field in fields.items() for column in seen.columns)
    scored = sorted(pairs, reverse=True)
    columns: dict[str, Place] = {}
    taken: set[str] = set()
    for points, place, name in scored:
        column = seen.columns[-place]
        if points < ENOUGH or name in taken or column.header in columns:
            continue
        columns[column.header] = place_for(fields[name], column, sure=points >= SURE)
        taken.add(name)
    ordered = {c.header: columns[c.header] for c in seen.columns if c.header in columns}
    missing = tuple(name for name in resource.create_missing if name in taken)
    return Mapping(ordered, {}, missing)


def place_for(field: Field, column: Column, *, sure: bool = True) -> Place:
    """A column going to a field, with the way in which its values are written."""
    if field.kind in ("date", "datetime"):
        return Place(field.name, date=column.date_shape, sure=sure and not column.is_ambiguous)
    if field.kind in ("money", "decimal", "integer"):
        return Place(field.name, decimal=column.decimal, sure=sure)
    return Place(field.name, sure=sure)


def score(field: Field, column: Column) -> float:
    """0 to 100: how well the head says it, taken down when the values cannot be of that kind."""
    head = words(column.header)
    by_name = max(likeness(head, name) for name in names_of(field))
    fit = fitness(field, column)
    return by_name * (max(fit, NAMED) if by_name >= 100 else fit)


def names_of(field: Field) -> frozenset[str]:
    """All that a field may be called: its name, its label in every language, and the words usual for those."""
    said = {words(field.name), *(words(name) for name in field.extra.get("also", ()))}
    for language in LANGUAGES:
        with force_locale(language):
            said.add(words(str(field.label)))
    return frozenset(said).union(*(also(word) for word in said))


def words(text: str) -> str:
    """Folded words, separated by single spaces, without what stands in brackets."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"\([^)]*\)", " ", text))
    return " ".join(re.sub(r"[^\w/-]+|_", " ", fold(spaced)).split())


@lru_cache(maxsize=20_000)
def likeness(head: str, name: str) -> float:
    """How alike two names are, 0 to 100; being part of the other counts for less than being the same."""
    if head == name:
        return 100.0
    plain = fuzz.ratio(head, name)
    if len(name) >= 4 and len(head) >= 4:
        plain = max(plain, 0.88 * fuzz.token_sort_ratio(head, name), 0.78 * fuzz.token_set_ratio(head, name))
    return plain * 0.97


def fitness(field: Field, column: Column) -> float:
    """1 when the values can be of the field's kind, less the fewer can."""
    if not column.filled:
        return 0.8
    if field.kind in ("date", "datetime"):
        return 1.0 if column.is_date else 0.2
    if field.kind in ("money", "decimal", "integer"):
        return 1.0 if column.is_number else 0.2
    if field.kind in ("choice", "boolean", "email"):
        return 1.0 if share(field, column.distinct) >= FITTING else 0.3
    if field.widget == "currency":
        return 1.0 if all(re.fullmatch(r"[A-Za-z]{3}", value) for value in column.distinct) else 0.1
    if field.kind == "reference":
        return 0.5 if column.is_date or column.is_number else 1.0
    if field.max_length and column.longest > field.max_length:
        return 0.6
    return 0.9 if column.is_date else 1.0


def share(field: Field, values: Iterable[str]) -> float:
    """The part of the values that the field can take."""
    checked = list(values)[:50]
    return sum(_readable(field, value) for value in checked) / max(len(checked), 1)


def _readable(field: Field, value: str) -> bool:
    try:
        field.parse(value)
    except Unreadable:
        return False
    return True
