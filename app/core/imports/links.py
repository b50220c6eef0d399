"""What rows call the records that they refer to: a reference, an address, a name; asked for once per distinct word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import or_, select

from app.core import access
from app.core.imports.parsing import Fault, RowParser, Understood
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import fold
from app.kernel.manifest import Resource
from app.kernel.registry import registry

PORTION = 2_000
MAKE = "make"


@dataclass
class Known:
    """What is known of the records that a field may refer to: their ids by folded reference, name or key."""

    resources: Sequence[Resource]
    ids: dict[str, set[UUID]] = dataclass_field(default_factory=dict)
    asked: set[str] = dataclass_field(default_factory=set)

    def find(self, words: Iterable[str]) -> None:
        """Ask for all of these that were not asked for before, in one query a portion."""
        new = list(set(words) - self.asked)
        for start in range(0, len(new), PORTION):
            for resource in self.resources:
                self._ask(resource, new[start:start + PORTION])
        self.asked.update(new)

    def get(self, word: str) -> set[UUID]:
        """The ids of the records called so; more than one when the name is not clear."""
        return self.ids.get(_exact(word)) or self.ids.get(fold(word)) or set()

    def add(self, word: str, record_id: UUID) -> None:
        """Remember a record that was made."""
        self.ids[fold(word)] = {record_id}
        self.asked.add(word)

    def _ask(self, resource: Resource, words: Sequence[str]) -> None:
        model: Any = resource.model
        named = natural_fields(resource)
        columns = [model.id, model.reference, *(getattr(model, f.key_attribute) for f in named)]
        folded = [fold(w) for w in words]
        wanted = [model.reference.in_([w.upper() for w in words])]
        for field in named:
            column = getattr(model, field.key_attribute)
            wanted.append(column.in_(folded if field.key_attribute != field.attribute else [w.lower() for w in words]))
        if ids := [i for i in map(_uuid, words) if i]:
            wanted.append(model.id.in_(ids))
        query = select(*columns).where(model.organisation_id == current.organisation.id, model.archived_at.is_(None), or_(*wanted))
        if not current.user.is_system:
            query = query.where(access.choosable(resource, current.user))
        for record_id, reference, *values in session().execute(query):
            self.ids[_exact(reference)] = {record_id}
            self.ids[_exact(str(record_id))] = {record_id}
            for value in filter(None, values):
                self.ids.setdefault(fold(value) if isinstance(value, str) else str(value), set()).add(record_id)


def _exact(word: str) -> str:
    return f"={word.casefold()}"


def _uuid(word: str) -> UUID | None:
    try:
        return UUID(word) if len(word) >= 32 else None
    except ValueError:
        return None


def natural_fields(resource: Resource) -> list[Field]:
    """The fields by which people name a record: its title, its import key, an e-mail address."""
    fields = fields_of(resource.model)
    names = dict.fromkeys((resource.title, resource.import_key, *(n for n, f in fields.items() if f.kind == "email" and f.required)))
    return [fields[n] for n in names if n in fields and n != "reference" and fields[n].kind in ("text", "email")]


class Links:
    """Resolves the links of rows, chunk by chunk."""

    def __init__(self, parser: RowParser) -> None:
        self._parser = parser
        self._known: dict[tuple[str, ...], Known | None] = {}
        self.to_make: dict[str, set[str]] = {}

    def of(self, field: Field) -> Known | None:
        """What is known of the records that a field refers to."""
        if field.tables not in self._known:
            resources = registry.meant_by(field)
            self._known[field.tables] = Known(resources) if resources else None
        return self._known[field.tables]

    def resolve(self, rows: Sequence[Understood]) -> None:
        """Put ids where words stood; what is unknown is to be made, or a fault."""
        for name in dict.fromkeys(name for row in rows for name in row.links):
            field = self._parser.fields[name]
            known = self.of(field)
            if known:
                known.find(row.links[name] for row in rows if name in row.links)
            for row in rows:
                if name in row.links:
                    self._put(row, field, known)

    def _put(self, row: Understood, field: Field, known: Known | None) -> None:
        word = row.links[field.name]
        found = known.get(word) if known else set()
        if len(found) == 1:
            row.values[field.name] = str(next(iter(found)))
        elif found:
            said = ngettext("%(num)d record is called “%(word)s”; give its reference instead.",
                            "%(num)d records are called “%(word)s”; give the reference instead.", len(found), word=word[:80])
            row.faults.append(Fault(self._parser.header_of(field.name), word, said))
        elif known and field.name in self._parser.mapping.create_missing and not _uuid(word):
            self.to_make.setdefault(field.name, set()).add(fold(word))
            row.values[field.name] = {MAKE: word}
        else:
            row.faults.append(Fault(self._parser.header_of(field.name), word, _("“%(raw)s” is not known here.", raw=word[:80])))


__all__ = ["MAKE", "Known", "Links", "natural_fields"]
