"""The list of a resource: columns, filters, search, sort, places, totals, and what can be done with a selection.

`resource/list.html` is rendered with one `listing` (a `Listing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from flask import redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func
from werkzeug.datastructures import MultiDict

from app.core import access, audit, tags, views
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import KINDS
from app.kernel.manifest import Action, Resource
from app.kernel.screens import screen
from app.resources.labels import Shown, gather
from app.resources.paging import Page, page_of
from app.resources.querying import COUNT_LIMIT, Wanted, count, filter_fields, narrowed, read, sortable
from app.resources.urls import form_url, list_url, picker_url, record_url


@dataclass(frozen=True)
class Column:
    """A column's head; `sort_url` is empty when it cannot be sorted, `direction` is asc, desc or empty.

    The rest is asked of every row, so it is settled once: its field, how its cells look, and whether a phone shows it beside the title.
    """

    name: str
    label: Any
    numeric: bool
    sort_url: str
    direction: str
    field: Field
    look: str
    on_phone: bool


@dataclass(frozen=True)
class Chip:
    """A filter that is on, in words, with the address of the list without it."""

    label: str
    value: str
    remove_url: str


@dataclass(frozen=True)
class FilterControl:
    """What the filter form draws for one filter: the field, and the values chosen, by operator."""

    field: Field
    parameters: dict[str, Sequence[str]]
    picked: Sequence[tuple[str, str]]


class Cell(NamedTuple):
    """What one field of a row shows: how it looks (state, late, number, title, link, plain), in which words, in which tone."""

    look: str
    said: str
    tone: str = ""


class Row(NamedTuple):
    """One record as the list draws it; `aside` is what stands beside its name where there is no room for the columns, `picture` the
    address of what is shown before it.
    """

    id: UUID
    reference: str
    select: str
    url: str
    name: str
    below: str
    cells: list[Cell]
    aside: list[Cell]
    picture: str = ""
    worn: Sequence[tags.Worn] = ()


class Listing:
    """Everything that the list page shows."""

    def __init__(self, resource: Resource, wanted: Wanted, page: Page) -> None:
        self.resource, self.wanted, self.page = resource, wanted, page
        self.records = page.records
        self.names = list(dict.fromkeys((*wanted.shown, resource.title, *resource.subtitle)))
        self.show = Shown(resource, page.records, self.names)

    @cached_property
    def url(self) -> str:
        """The list's own path."""
        return list_url(self.resource)

    @property
    def new_url(self) -> str:
        """Where a new record is made by hand."""
        return form_url(self.resource)

    def picker_url(self, field: Field) -> str:
        """Where a filter's picker looks for records."""
        return picker_url(field)

    @cached_property
    def rows(self) -> list[Row]:
        """The records of this page, worded; all that a row needs is settled here, so that drawing it asks nothing."""
        select, overdue = str(_("Select %(title)s")), str(_("Overdue"))
        return [self._row(record, select, overdue) for record in self.records]

    def _row(self, record: Any, select: str, overdue: str) -> Row:
        late = {column.name for column in self.columns if column.field.deadline and column.field.is_late(record)}
        cells = [self._cell(record, column, column.name in late) for column in self.columns]
        below = [record.reference, *filter(None, (str(self.show(record, name)) for name in self.resource.subtitle))]
        aside = [cell for column, cell in zip(self.columns, cells, strict=True) if column.on_phone and cell.said]
        return Row(
            id=record.id,
            reference=record.reference,
            select=select % {"title": record.reference},
            url=self.url_of(record),
            name=str(self.show(record, self.resource.title)) or record.reference,
            below=" · ".join(below),
            cells=cells,
            aside=[*aside, *(Cell("state", overdue, "late") for _each in late)],
            picture=self._picture(record),
            worn=self.page.worn.get(record.id, ()),
        )

    @cached_property
    def known_tags(self) -> list[str] | None:
        """The tags that the filter offers, those on this page, which cost no query; None where there are no tags."""
        return sorted({tag.title for worn in self.page.worn.values() for tag in worn}) if tags.taggable(self.resource) else None

    @cached_property
    def tags_at(self) -> int:
        """The place of the column in which a row wears its tags: that of its name, or the first one."""
        return next((place for place, column in enumerate(self.columns) if column.look == "title"), 0)

    def _picture(self, record: Any) -> str:
        file_id = getattr(record, f"{self.resource.picture}_id") if self.resource.picture else None
        return url_for("files.download", file_id=file_id, name="picture") if file_id else ""

    def _cell(self, record: Any, column: Column, late: bool) -> Cell:
        said = str(self.show(record, column.name))
        if column.look == "state" and said:
            return Cell("state", said, self.show.state(record, column.name).tone)
        return Cell("late" if late else "plain" if column.look == "state" else column.look, said)

    def with_(self, **changes: str | None) -> str:
        """The address of this list, some words changed."""
        said = urlencode(list(self.wanted.parameters(**changes).items(multi=True)))
        return f"{self.url}?{said}" if said else self.plain_url

    def url_of(self, record: Any) -> str:
        """A record's page."""
        return record_url(self.resource, record)

    @cached_property
    def next_url(self) -> str:
        """The next page, or empty."""
        return self.with_(after=self.page.next) if self.page.next else ""

    @cached_property
    def previous_url(self) -> str:
        """The page before, or empty."""
        return self.with_(before=self.page.previous) if self.page.previous else ""

    @cached_property
    def columns(self) -> list[Column]:
        """The heads of the table."""
        fields, orders = fields_of(self.resource.model), sortable(self.resource)
        heads = []
        for name in self.wanted.shown:
            field = fields[name]
            active = self.wanted.sort.removeprefix("-") == name
            descending = self.wanted.sort.startswith("-")
            url = self.with_(sort=name if (active and descending) or not active else f"-{name}") if name in orders else ""
            direction = ("desc" if descending else "asc") if active else ""
            on_phone = field.kind == "money" or (field.kind == "choice" and name in ("status", "state"))
            heads.append(Column(name, field.label, field.numeric, url, direction, field, self._look(field), on_phone))
        return heads

    def _look(self, field: Field) -> str:
        if field.kind == "choice":
            return "state"
        if field.numeric:
            return "number"
        if field.name == self.resource.title:
            return "title"
        return "link" if field.name == self.wanted.shown[0] else "plain"

    @cached_property
    def total(self) -> tuple[int, bool]:
        """How many match, and whether that is exact."""
        return count(self.wanted)

    @property
    def count_label(self) -> str:
        """“1,797” or “about 12,400”."""
        number, exact = self.total
        if exact:
            return KINDS["integer"].display(Field("integer", ""), number, None)
        return str(_("about %(number)s", number=KINDS["integer"].display(Field("integer", ""), round(number, -2), None)))

    @cached_property
    def totals(self) -> dict[str, list[str]]:
        """The sums of money columns, one entry a currency; only where the whole list is small enough to add up at once."""
        number, exact = self.total
        if not exact or number > COUNT_LIMIT or not number:
            return {}
        fields, model = fields_of(self.resource.model), self.resource.model
        sums = {}
        for name in self.wanted.shown:
            field = fields[name]
            if field.kind != "money":
                continue
            code, amount = getattr(model, field.currency), getattr(model, field.attribute)
            rows = session().execute(narrowed(self.wanted).with_only_columns(code, func.sum(amount)).group_by(code).order_by(code))
            sums[name] = [
                field.behaviour.display(field, int(total), _Currency(field, currency)) for currency, total in rows if total is not None
            ]
        return sums

    @cached_property
    def tally(self) -> list[tuple[Any, str, bool, int]]:
        """Label, address, whether chosen, and count for each value of the declared choice, within the other filters."""
        name = self.resource.tally
        if not name:
            return []
        field, others = fields_of(self.resource.model)[name], tuple(c for c in self.wanted.conditions if c.name != name)
        chosen = {v for c in self.wanted.conditions if c.name == name for v in c.values}
        column = getattr(self.resource.model, field.attribute)
        rows = session().execute(narrowed(replace(self.wanted, conditions=others)).with_only_columns(column, func.count()).group_by(column))
        counts = {value: number for value, number in rows if value is not None}
        entries = [
            (each.label, self.with_(**{name: each.value}), each.value in chosen, counts.get(each, 0)) for each in field.choices or ()
        ]
        return [(_("All"), self.with_(**{name: None}), not chosen, sum(counts.values())), *entries]

    @cached_property
    def tabs(self) -> list[views.Tab]:
        """The saved views over this list."""
        return views.shown_tabs(self.resource)

    @property
    def keeps(self) -> bool:
        """Whether the reader may keep views."""
        return bool(access.can(current.user, "views.saved_view.create"))

    @property
    def present(self) -> views.Tab | None:
        """The saved view that the list is looked at in."""
        return next((tab for tab in self.tabs if tab.reference == self.wanted.view), None)

    @property
    def kept(self) -> str:
        """What a view keeps of this list as it is looked at now."""
        return views.plain(urlencode(list(self.wanted.parameters().items(multi=True))))

    @cached_property
    def plain_url(self) -> str:
        """The list as it is, whatever view opens first."""
        return f"{self.url}?view={views.PLAIN}" if self.tabs else self.url

    def view_url(self, tab: views.Tab) -> str:
        """The list as a view has it."""
        return f"{self.url}?{urlencode([*views.said_of(tab.query), ('view', tab.reference)])}"

    @property
    def columns_url(self) -> str:
        """Where columns are chosen."""
        return url_for("list_views.columns", of_list=self.resource.key, query=self.kept, view=self.wanted.view or None)

    @cached_property
    def filters(self) -> list[FilterControl]:
        """The controls of the filter form."""
        return [
            FilterControl(field, {c.operator: c.values for c in self.wanted.conditions if c.name == name}, self._picked(field))
            for name, field in filter_fields(self.resource).items()
        ]

    def _picked(self, field: Field) -> list[tuple[str, str]]:
        values = [v for c in self.wanted.conditions if c.name == field.name for v in c.values]
        return [(v, said_value(field, v)) for v in values] if field.kind == "reference" else []

    @cached_property
    def chips(self) -> list[Chip]:
        """The filters that are on."""
        fields = filter_fields(self.resource)
        chips = [
            Chip(
                f"{fields[c.name].label}{OPERATORS.get(c.operator, '')}",
                " · ".join(said_value(fields[c.name], v) for v in c.values),
                self.with_(**{c.parameter: None}),
            )
            for c in self.wanted.conditions
        ]
        if self.wanted.tags:
            chips.append(Chip(_("Tags"), " · ".join(self.wanted.tags), self.with_(tag=None)))
        if self.wanted.came_with:
            chips.append(Chip(_("Imported"), self.wanted.came_with, self.with_(**{"import": None})))
        if self.wanted.archived:
            chips.append(Chip(_("Archived"), _("Yes"), self.with_(archived=None)))
        return chips

    def may(self, verb: str) -> access.Decision:
        """Whether the reader may do something with this resource, and why not."""
        return access.can(current.user, self.resource.permission(verb))

    @cached_property
    def bulk_actions(self) -> list[Action]:
        """What can be done to a selection."""
        return [a for a in self.resource.actions if a.bulk]

    def export_url(self, form: str) -> str:
        """The address of the export of this very list."""
        return f"{self.url}export?{urlencode([*self.wanted.parameters().items(multi=True), ('format', form)])}"

    @property
    def documents_url(self) -> str:
        """Where this very list is made a document by a template."""
        return f"{self.url}documents?{urlencode(list(self.wanted.parameters().items(multi=True)))}".rstrip("?")


OPERATORS = {"gte": " ≥", "lte": " ≤", "gt": " >", "lt": " <", "n": " ≠", "ic": " ~", "sw": " ^", "empty": " ∅"}


@dataclass(frozen=True)
class _Currency:
    """Lends a currency to a sum, under the name that the field asks for."""

    field: Field
    code: str

    def __getattr__(self, name: str) -> str:
        return self.code


def said_value(field: Field, raw: str) -> str:
    """A filter's value in words."""
    words = field.listed() if field.listed else field.words
    if raw in words:
        return str(words[raw])
    if field.kind == "choice":
        return next((str(c.label) for c in field.choices or () if c.value == raw), raw)
    if field.kind == "reference" and raw == "@me":
        return str(_("me"))
    if field.kind == "reference":
        found = gather([field], [_Holder(field, raw)])
        return next((label.text for label in found.values()), raw)
    return raw


class _Holder:
    """Stands for a record that refers to one id."""

    def __init__(self, field: Field, raw: str) -> None:
        from app.resources.binding import known_records
        from app.resources.querying import id_or_text

        asked = id_or_text(raw)
        setattr(self, field.attribute, known_records(field, [asked]).get(asked))


def read_request(resource: Resource, args: MultiDict[str, str] | None = None) -> Wanted:
    """The list that the query string asks for."""
    return read(resource, request.args if args is None else args)


def show_list(resource: Resource) -> Any:
    """The list page, its rows alone for htmx; without a word in its address as the reader has it open first."""
    access.require(current.user, resource.permission("view"))
    if not request.args and (first := views.first_of(resource)) is not None:
        return redirect(f"{list_url(resource)}?{urlencode([*views.said_of(first.query), ('view', first.reference)])}")
    wanted = read_request(resource)
    listing = Listing(resource, wanted, page_of(wanted))
    audit.note_list(resource, len(listing.page.records), urlencode(list(wanted.parameters().items(multi=True))))
    return screen(template_of(resource, "list"), block="results", listing=listing, resource=resource)


def template_of(resource: Resource, page: str) -> str | list[str]:
    """A module's own template of that name, or the engine's."""
    return [f"{resource.module}/{resource.name}/{page}.html", f"resource/{page}.html"]
