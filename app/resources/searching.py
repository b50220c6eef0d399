"""The search over everything: what matches, narrowed by kind, state, person and day, counted as far as its reader may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ARRAY, Uuid, any_, cast, false, null, select
from werkzeug.datastructures import MultiDict

from app.core import search
from app.core.audit import names_of
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import Choices, Unreadable, fold, in_range, read_date
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.querying import Condition, Wanted, criteria, filter_fields

CANDIDATES, NEWEST, PER_PAGE, MOST_FACETS = 2_000, 200, 25, 8
OPERATORS = frozenset({"type", "is", "by", "after", "before"})
STATES = ("status", "state", "stage", "outcome")


@dataclass(frozen=True)
class Narrowing:
    """How a search is narrowed: by operators that were typed, or by what was chosen beside the results."""

    asked: search.Asked
    kind: str = ""
    state: str = ""
    by: str = ""
    after: date | None = None
    before: date | None = None
    conditions: tuple[Condition, ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether there is more than words."""
        return bool(self.kind or self.state or self.by or self.after or self.before or self.conditions)


@dataclass(frozen=True)
class Match:
    """A record that matches, by what it can be narrowed by; of these only what is shown is read whole."""

    record_id: UUID
    resource: Resource
    reference: str
    title: str
    by: UUID | None
    state: Choices | None


@dataclass(frozen=True)
class Facet:
    """One value that the results can be narrowed to, and how many they would be."""

    value: str
    label: str
    count: int | None
    chosen: bool = False


@dataclass(frozen=True)
class Answer:
    """One page of what was found. `total` counts all of it; `cut` says that there may be more than was looked at."""

    hits: Sequence[tuple[search.Hit, Resource, Any]] = ()
    total: int = 0
    cut: bool = False
    page: int = 1
    pages: int = 1
    kinds: Sequence[Facet] = ()
    states: Sequence[Facet] = ()
    people: Sequence[Facet] = ()
    suggestion: str = ""
    marker: search.Marker = field(default_factory=lambda: search.Marker(search.Asked(), search.Ways()), compare=False)


def understand(args: MultiDict[str, str]) -> Narrowing:
    """What is looked for. Raises `Invalid`, naming the operator and the nearest right word."""
    known = {name for resource in search.searchable().values() for name in filter_fields(resource)}
    asked = search.understood(args.get("q", "").strip()[:200], lambda name, _value: name in OPERATORS or name in known)
    said = dict(asked.said)
    given = {name: (said.get(name) or args.get(name, "")).strip() for name in OPERATORS}
    errors: dict[str, list[str]] = {}
    days = {name: _day(given[name], name, errors) for name in ("after", "before")}
    kind = _kind(given["type"], errors)
    if errors:
        raise Invalid(errors)
    conditions = tuple(Condition(name, "", (value,)) for name, value in asked.said if name not in OPERATORS)
    return Narrowing(asked, kind, given["is"], given["by"], days["after"], days["before"], conditions)


def _day(raw: str, name: str, errors: dict[str, list[str]]) -> date | None:
    today = clock.today(current.organisation.timezone)
    try:
        return {"": None, "today": today, "yesterday": today - timedelta(days=1)}[raw]
    except KeyError:
        pass
    try:
        day = read_date(raw)
        in_range(day)
        return day
    except Unreadable as error:
        errors[name] = [str(error)]
        return None


def _kind(raw: str, errors: dict[str, list[str]]) -> str:
    """The key of the resource that is meant by its key, its name, or what it is called in the reader's language."""
    if not raw:
        return ""
    names = {fold(name): key for key, each in search.searchable().items()
             for name in (str(each.plural), each.slug, str(each.label), each.name, key)}
    if fold(raw) in names:
        return names[fold(raw)]
    near = get_close_matches(fold(raw), names, n=1, cutoff=0.5)
    hint = _("Did you mean “%(near)s”?", near=near[0]) if near else ""
    errors["type"] = [" ".join(filter(None, (_("There is no kind of record “%(name)s”.", name=raw[:60]), hint)))]
    return ""


def look(wanted: Narrowing, page: int = 1) -> Answer:
    """One page of what matches and may be seen, the best first, with the counts of everything that it can be narrowed to."""
    if not wanted.asked.finds and not wanted.narrows:
        return Answer()
    ways = search.ways_of(wanted.asked.words)
    by = _members(wanted.by)
    matches, cut = _best(wanted, ways, by) if wanted.asked.finds else _newest(wanted, by)
    tests: dict[str, Callable[[Match], bool]] = {
        "kind": lambda match: not wanted.kind or match.resource.key == wanted.kind,
        "state": lambda match: not wanted.state or _means(match.state, wanted.state),
        "by": lambda match: not wanted.by or match.by in by,
    }

    def left(without: str = "") -> list[Match]:
        return [match for match in matches if all(holds(match) for name, holds in tests.items() if name != without)]

    found = left()
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(max(page, 1), pages)
    marker = search.Marker(wanted.asked, ways)
    hits = _shown(found[(page - 1) * PER_PAGE:page * PER_PAGE])
    return Answer(
        hits, len(found), cut, page, pages,
        kinds=_facets(((m.resource.key, str(m.resource.plural)) for m in left("kind")), lambda value: value == wanted.kind),
        states=_facets(((m.state.value, str(m.state.label)) for m in left("state") if m.state),
                       lambda value: bool(wanted.state) and fold(value) == fold(wanted.state)),
        people=_people(left("by"), by if wanted.by else set()),
        suggestion=search.suggestion_of(wanted.asked, ways, [(resource, record) for _hit, resource, record in hits]),
        marker=marker,
    )


def _asked_of(wanted: Narrowing) -> dict[str, Resource]:
    """The resources that know all the filters that were typed."""
    return {key: each for key, each in search.searchable().items()
            if all(condition.name in filter_fields(each) for condition in wanted.conditions)}


def _best(wanted: Narrowing, ways: search.Ways, by: set[UUID]) -> tuple[list[Match], bool]:
    """What the index ranks highest, of the kind that is chosen first of all; what is called so from first to last stands before it, by
    its reference before all."""
    resources = _asked_of(wanted)
    chosen = {key: each for key, each in resources.items() if key == wanted.kind}
    rows = search.ranked(wanted.asked, ways, chosen.values(), CANDIDATES + 1) if chosen else []
    cut = len(rows) > CANDIDATES
    if not wanted.kind or chosen:
        others = [each for key, each in resources.items() if key not in chosen]
        beside = search.ranked(wanted.asked, ways, others, CANDIDATES + 1) if others else []
        cut = cut or (not chosen and len(beside) > CANDIDATES)
        rows = rows[:CANDIDATES] + beside[:CANDIDATES]
    places = {record_id: place for place, (record_id, _key) in enumerate(rows)}
    ids: dict[str, list[UUID]] = {}
    for record_id, key in rows:
        ids.setdefault(key, []).append(record_id)
    typed = fold(wanted.asked.rest)
    matches = _over([resources[key] for key in ids], lambda resource: _matches(resource, wanted, ids[resource.key]))
    found = {match.record_id: match for each in matches for match in each}
    if chosen and cut:  # so many of one kind: what else narrows them down is asked of all of them
        more = _over(chosen.values(), lambda resource: _matches(resource, wanted, by=by if wanted.by else None, words=True))
        cut = any(len(each) > NEWEST for each in more)
        found.update({match.record_id: match for each in more for match in each[:NEWEST]})
    return sorted(found.values(), key=lambda match: (fold(match.reference) != typed, fold(match.title) != typed,
                                                     places.get(match.record_id, len(places)))), cut


def _newest(wanted: Narrowing, by: set[UUID]) -> tuple[list[Match], bool]:
    """Where no words are asked for: the newest of each resource, as they are narrowed; of each without the person and the state too, so
    that these can be chosen otherwise."""
    resources = list(_asked_of(wanted).values())
    found = _over(resources, lambda resource: _matches(resource, wanted, by=by if wanted.by else None))
    found += _over(resources, lambda resource: _matches(resource, wanted, any_state=True))
    cut = any(len(each) > NEWEST for each in found)
    matches = {match.record_id: match for each in found for match in each[:NEWEST]}
    return sorted(matches.values(), key=lambda match: match.record_id, reverse=True), cut


def _over(resources: Iterable[Resource], read: Callable[[Resource], list[Match]]) -> list[list[Match]]:
    """What is read of each; those that do not know a value are passed over, unless it means nothing to any. Raises `Invalid`."""
    found, strange = [], None
    for resource in resources:
        try:
            found.append(read(resource))
        except Invalid as error:
            strange = error
    if strange is not None and not found:
        raise strange
    return found


def _matches(resource: Resource, wanted: Narrowing, ids: Sequence[UUID] | None = None, *, by: set[UUID] | None = None,
             any_state: bool = False, words: bool = False) -> list[Match]:
    """Those of these records, or the newest, that may be seen and were made in the days asked for; the newest also by whom, in the state
    and with the words that are asked for."""
    model: Any = resource.model
    state = _state(resource)
    column = getattr(model, state.attribute) if state else null()
    query = select(model.id, model.reference, getattr(model, search.title_of(resource)), model.created_by, column).where(
        model.organisation_id == current.organisation.id,
        *criteria(Wanted(resource, wanted.conditions, archived=fold(wanted.state) == "archived")))
    zone = current.organisation.timezone
    if wanted.after:
        query = query.where(model.created_at >= clock.midnight(wanted.after, zone))
    if wanted.before:
        query = query.where(model.created_at < clock.midnight(wanted.before, zone))
    if ids is not None:
        query = query.where(model.id == any_(cast(list(ids), ARRAY(Uuid))))
    else:
        if words:
            query = query.where(search.among(wanted.asked.rest, resource, model.id))
        if by is not None:
            query = query.where(model.created_by.in_(by))
        if wanted.state and fold(wanted.state) != "archived" and not any_state:
            meant = [each for each in state.choices if _means(each, wanted.state)] if state and state.choices else []
            query = query.where(column.in_(meant) if meant else false())
        query = query.order_by(model.id.desc()).limit(NEWEST + 1)
    return [Match(row[0], resource, row[1], str(row[2] or ""), row[3], row[4]) for row in session().execute(query)]


def _state(resource: Resource) -> Field | None:
    """The field that tells how far a record is."""
    fields = fields_of(resource.model)
    return next((fields[name] for name in STATES if name in fields and fields[name].choices), None)


def _means(state: Choices | None, said: str) -> bool:
    """Whether a state is the one that was named, by its value or as the reader calls it; of archived records all are."""
    return fold(said) == "archived" or (state is not None and fold(said) in (fold(state.value), fold(str(state.label))))


def _members(said: str) -> set[UUID]:
    """Who is meant: oneself, an id, or whoever is called so."""
    if said in ("", "@me", "me"):
        return {current.user.id}
    try:
        return {UUID(said)}
    except ValueError:
        members = registry.of_table("member")
        return set(search.matching(said, members)) if members else set()


def _shown(matches: Sequence[Match]) -> list[tuple[search.Hit, Resource, Any]]:
    """The records of these matches as they are shown, in their order."""
    ids: dict[str, list[UUID]] = {}
    for match in matches:
        ids.setdefault(match.resource.key, []).append(match.record_id)
    records: dict[UUID, Any] = {}
    for key, some in ids.items():
        model: Any = registry.resource(key).model
        query = select(model).where(model.organisation_id == current.organisation.id, model.id.in_(some))
        records.update({record.id: record for record in session().scalars(query)})
    found = [(match.resource, records[match.record_id]) for match in matches if match.record_id in records]
    return [(hit, resource, record) for hit, (resource, record) in zip(search.hits_of(found), found, strict=True)]


def _facets(pairs: Iterable[tuple[str, str]], is_chosen: Callable[[str], bool]) -> list[Facet]:
    """How often each value comes, the most frequent first; what is chosen is always among them."""
    counts: Counter[str] = Counter()
    labels: dict[str, str] = {}
    for value, label in pairs:
        counts[value] += 1
        labels.setdefault(value, label)
    found = [Facet(value, labels[value], count, is_chosen(value)) for value, count in counts.most_common()]
    return [facet for place, facet in enumerate(found) if place < MOST_FACETS or facet.chosen]


def _people(matches: Sequence[Match], chosen: set[UUID]) -> list[Facet]:
    names = names_of(match.by for match in matches)
    return _facets(((str(m.by), names[m.by]) for m in matches if m.by in names), lambda value: UUID(value) in chosen)
