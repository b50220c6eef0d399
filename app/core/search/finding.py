"""Finding: words become an index condition, hits become records that the reader may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Connection, Uuid, any_, cast, false, select, text
from sqlalchemy.dialects.postgresql import TSQUERY

from app.core import access
from app.core.search.asking import Asked, understood
from app.core.search.models import SearchEntry
from app.core.search.ways import Ways, ways_of
from app.core.search.words import Way, query, words_of
from app.core.search.writing import said_in, title_of
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.kernel.registry import registry

LIMIT, SPARE, SUBTITLE = 20, 5, " · "
PLENTY = 10_000
_FIND = text("SELECT id, resource, rank FROM search_find(:wanted, :exact, CAST(:resources AS text[]), :most)")
_IDS = text("SELECT search_ids(:wanted, :resource, :most)")


@dataclass(frozen=True)
class Hit:
    """A record that was found, as its reader may see it. `path` is below the organisation, `url` from the root."""

    record_id: UUID
    resource: str
    reference: str
    title: str
    subtitle: str
    path: str
    icon: str

    @property
    def url(self) -> str:
        """The address of its page."""
        return f"/{current.organisation.slug}/{self.path}"


@dataclass(frozen=True)
class Group:
    """The hits of one resource, with the address of its list narrowed to the same words."""

    label: Any
    icon: str
    url: str
    hits: Sequence[Hit]


@dataclass(frozen=True)
class Found:
    """The answer to what was typed; `suggestion` is the corrected text when something was corrected."""

    hits: Sequence[Hit] = ()
    groups: Sequence[Group] = ()
    suggestion: str = ""

    @property
    def corrected(self) -> str:
        """The corrected text."""
        return self.suggestion


def nothing() -> Found:
    """The answer when nothing was asked."""
    return Found()


def find(typed: str, resources: Iterable[Resource | str] | None = None, limit: int = LIMIT) -> Found:
    """The records that match best and that the reader may see. Typing errors are corrected; the last word may be a beginning."""
    asked, chosen = understood(typed), searchable(resources)
    if not asked.finds or not chosen:
        return Found()
    ways = ways_of(asked.words)
    found = _seen(_ask(asked, ways, chosen, limit * SPARE), chosen, limit)
    hits = hits_of(found)
    return Found(hits, _grouped(hits, typed), suggestion_of(asked, ways, found))


def suggestion_of(asked: Asked, ways: Ways, found: Iterable[tuple[Resource, Any]]) -> str:
    """The words as they should have been typed, of those that stand in what was found and may be seen; empty when they were right, or
    when only what the reader may not see has them."""
    if not ways.corrected:
        return ""
    seen = {word for resource, record in found for text in (record.reference, _own_title(resource, record), *said_in(resource, record))
            for word in words_of(text)}
    right = {word: next((each for each in near if each in seen), "") for word, near in ways.corrected.items()}
    return " ".join(right.get(word, word) for word in asked.words) if all(right.values()) else ""


def _own_title(resource: Resource, record: Any) -> str:
    return str(getattr(record, title_of(resource), "") or "")


def ranked(asked: Asked, ways: Ways, resources: Iterable[Resource], most: int) -> list[tuple[UUID, str]]:
    """(id, key of the resource) of what matches best, whoever may see it; visibility is the caller's."""
    return [(row.id, row.resource) for row in _ask(asked, ways, {each.key: each for each in resources}, most)]


def matching(typed: str, resource: Resource, limit: int = 1_000) -> list[UUID]:
    """The ids of a resource's records that match best, best first; visibility is the caller's."""
    asked = understood(typed)
    if not asked.finds or not resource.search:
        return []
    return [row.id for row in _ask(asked, ways_of(asked.words), {resource.key: resource}, limit)]


def among(typed: str, resource: Resource, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that a list is narrowed by: `column` is the id of any record that matches, however many do. Visibility is the
    caller's. Past `PLENTY` the words are looked up record by record in the order of the list, of which a page soon has its fill."""
    asked = understood(typed)
    if not asked.finds or not resource.search:
        return false()
    wanted = _query(asked, ways_of(asked.words).widely, linked=_refers(resource))
    found = list(session().connection().execute(_IDS, {"wanted": wanted, "resource": resource.key, "most": PLENTY + 1}).scalars())
    if len(found) <= PLENTY:
        return column == any_(cast(found, ARRAY(Uuid))) if found else false()
    return select(SearchEntry.id).where(SearchEntry.organisation_id == current.organisation.id, SearchEntry.id == column,
                                        SearchEntry.words.op("@@")(cast(wanted, TSQUERY))).exists()


def _query(asked: Asked, parts: Sequence[Sequence[Way]], *, beginning: bool = True, linked: bool) -> str:
    whole = [[phrase] for phrase in asked.phrases]  # a phrase is no beginning: it stands before the words
    return query(current.organisation.number, [*whole, *parts], asked.without, beginning=beginning and bool(parts), linked=linked)


def _refers(resource: Resource) -> bool:
    """Whether records are also found by the names of those that they refer to."""
    fields = fields_of(resource.model)
    return any(name in fields and fields[name].kind == "reference" for name in resource.search)


def _ask(asked: Asked, ways: Ways, chosen: Mapping[str, Resource], most: int) -> Sequence[Any]:
    """What the words themselves find; where there is room left, also what refers to it."""
    rows = _found(asked, ways, list(chosen), most, linked=False)
    referring = [key for key, resource in chosen.items() if _refers(resource)]
    if len(rows) < most and referring:
        known = {row.id for row in rows}
        rows += [row for row in _found(asked, ways, referring, most, linked=True) if row.id not in known]
    return rows[:most]


def _found(asked: Asked, ways: Ways, keys: list[str], most: int, *, linked: bool) -> list[Any]:
    connection: Connection = session().connection()
    told = {"wanted": _query(asked, ways.widely, linked=linked), "exact": _query(asked, ways.exactly, beginning=False, linked=linked),
            "resources": keys, "most": most}
    return list(connection.execute(_FIND, told).all())


def searchable(resources: Iterable[Resource | str] | None = None) -> dict[str, Resource]:
    """The resources that can be searched and that the reader may view at all."""
    asked = registry if resources is None else [registry.resource(r) if isinstance(r, str) else r for r in resources]
    return {r.key: r for r in asked if r.search and access.can(current.user, r.permission("view")).allowed}


def _seen(rows: Sequence[Any], chosen: dict[str, Resource], limit: int) -> list[tuple[Resource, Any]]:
    """The records that the reader may see, in the order of the rows: one query per resource among them."""
    by_resource: dict[str, list[UUID]] = {}
    for row in rows:
        by_resource.setdefault(row.resource, []).append(row.id)
    records: dict[UUID, tuple[Resource, Any]] = {}
    for key, ids in by_resource.items():
        model: Any = chosen[key].model
        for record in session().scalars(select(model).where(model.organisation_id == current.organisation.id, model.id.in_(ids),
                                                            model.archived_at.is_(None), access.visible(chosen[key], current.user))):
            records[record.id] = (chosen[key], record)
    return [records[row.id] for row in rows if row.id in records][:limit]


def hits_of(found: Sequence[tuple[Resource, Any]]) -> list[Hit]:
    """Records as they are shown; that the reader may see them is the caller's to know."""
    linked = _linked(found)
    return [_hit(resource, record, linked) for resource, record in found]


def _hit(resource: Resource, record: Any, linked: dict[UUID, str]) -> Hit:
    title = _said(resource, record, resource.title, linked) or record.reference
    subtitle = SUBTITLE.join(filter(None, (_said(resource, record, name, linked) for name in resource.subtitle)))
    return Hit(record.id, resource.key, record.reference, title, subtitle, f"{resource.module}/{resource.slug}/{record.reference}/",
               resource.icon)


def _said(resource: Resource, record: Any, name: str, linked: dict[UUID, str]) -> str:
    field = fields_of(resource.model).get(name)
    if field is None:
        return str(getattr(record, name, "") or "")
    if field.kind == "reference":
        return linked.get(field.value(record), "")
    return field.display(record)


def _linked(found: Sequence[tuple[Resource, Any]]) -> dict[UUID, str]:
    """The names of what titles and subtitles refer to: one query per resource referred to."""
    wanted: dict[str, set[UUID]] = {}
    for resource, record in found:
        fields = fields_of(resource.model)
        for name in (resource.title, *resource.subtitle):
            if name in fields and fields[name].kind == "reference" and (value := fields[name].value(record)):
                for table in fields[name].tables:
                    wanted.setdefault(table, set()).add(value)
    names: dict[UUID, str] = {}
    for table, ids in wanted.items():
        other = registry.of_table(table)
        if other:
            model: Any = other.model
            rows = session().execute(select(model.id, getattr(model, title_of(other))).where(
                model.organisation_id == current.organisation.id, model.id.in_(ids)))
            names.update({row[0]: str(row[1] or "") for row in rows})
    return names


def _grouped(hits: Sequence[Hit], typed: str) -> list[Group]:
    from urllib.parse import urlencode

    groups = []
    for key in dict.fromkeys(hit.resource for hit in hits):
        resource = registry.resource(key)
        url = f"/{current.organisation.slug}/{resource.module}/{resource.slug}/?{urlencode({'q': typed})}"
        groups.append(Group(resource.plural, resource.icon, url, [hit for hit in hits if hit.resource == key]))
    return groups
