"""One row of a file as the values of a record: every fault of it found, none of them the last one looked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import list_currencies
from flask_babel import force_locale
from flask_babel import gettext as _

from app.core.imports.guess import LANGUAGES
from app.core.imports.mapping import Mapping, Place, importable, needed
from app.core.imports.rows import Row, plain, storable
from app.core.imports.shapes import ISO, number_from
from app.kernel.current import current
from app.kernel.errors import Invalid
from app.kernel.fields import Field
from app.kernel.kinds import Choices, Unreadable, fold, minor_units, read_date
from app.kernel.manifest import Resource

REMEMBERED = 50_000
SHOWN = 200


@dataclass
class Fault:
    """What is wrong with one cell: column and value as they stand in the file, and a sentence."""

    column: str
    value: str
    sentence: str

    def to_json(self) -> list[str]:
        """As it is staged."""
        return [self.column, self.value[:SHOWN], self.sentence]


@dataclass
class Understood:
    """A row, understood: values by field name as JSON, linked records still by what they are called."""

    row: Row
    values: dict[str, Any] = dataclass_field(default_factory=dict)
    links: dict[str, str] = dataclass_field(default_factory=dict)
    faults: list[Fault] = dataclass_field(default_factory=list)
    way: str = "create"
    record_id: UUID | None = None
    before: dict[str, Any] | None = None


@dataclass(frozen=True)
class _Reader:
    field: Field
    header: str
    place: int
    read: Callable[[Any], Any]
    known: dict[str, Any]


class RowParser:
    """Reads rows of one file by one mapping."""

    def __init__(self, resource: Resource, headers: Sequence[str], mapping: Mapping) -> None:
        self.resource, self.headers, self.mapping = resource, list(headers), mapping
        self.fields = importable(resource)
        positions = {header: place for place, header in enumerate(headers)}
        if missing := [header for header in mapping.columns if header not in positions]:
            raise Invalid({"mapping": [_("The file has no column “%(header)s”.", header=header) for header in missing]})
        self._readers = [_Reader(self.fields[p.field], header, positions[header], reader_of(self.fields[p.field], p), {})
                         for header, p in mapping.columns.items()]
        self._constants = [_Reader(self.fields[name], "", -1, reader_of(self.fields[name], Place(name)), {}) for name in mapping.constants]
        self._mapped = {p.field for p in mapping.columns.values()} | set(mapping.constants)
        self._unmapped = [f for f in needed(resource) if f.name not in self._mapped]

    def header_of(self, name: str) -> str:
        """The column that a field is filled from, or the field's own label."""
        label = str(self.fields[name].label) if name in self.fields else ""
        return next((h for h, p in self.mapping.columns.items() if p.field == name), label)

    def parse(self, row: Row) -> Understood:
        """Everything that can be said of a row without asking the database."""
        found = Understood(row)
        if row.is_blank:
            found.faults.append(Fault("", "", _("Every field is empty.")))
            return found
        extra = [plain(c) for c in row.cells[len(self.headers):] if plain(c)]
        if extra:
            found.faults.append(Fault("", extra[0], _("The row has %(cells)d cells, but there are %(heads)d columns: a separator too many, "
                                                      "or a quotation mark missing.", cells=len(row.cells), heads=len(self.headers))))
        for reader in self._readers:
            self._take(found, reader, row.cells[reader.place] if reader.place < len(row.cells) else None)
        for reader in self._constants:
            self._take(found, reader, self.mapping.constants[reader.field.name])
        self._check_money(found)
        return found

    def require(self, found: Understood) -> None:
        """What a new record needs beyond what the file gives."""
        for field in self._unmapped:
            said = _("No column goes to “%(label)s”, which a new record needs.", label=field.label)
            found.faults.append(Fault(str(field.label), "", said))

    def _take(self, found: Understood, reader: _Reader, cell: Any) -> None:
        field = reader.field
        remembered = isinstance(cell, str)
        if remembered and cell in reader.known:
            value = reader.known[cell]
        else:
            try:
                value = reader.read(cell)
            except Unreadable as error:
                value = error
            if remembered and len(reader.known) < REMEMBERED:
                reader.known[cell] = value
        if isinstance(value, Unreadable):
            found.faults.append(Fault(reader.header or str(field.label), plain(cell), str(value)))
        elif field.kind == "reference":
            found.values[field.name] = None
            if value:
                found.links[field.name] = value
        else:
            found.values[field.name] = value

    def _check_money(self, found: Understood) -> None:
        for name, value in found.values.items():
            field = self.fields[name]
            if field.kind == "money" and value is not None:
                code = found.values.get(field.currency) or current.organisation.currency
                try:
                    minor_units(Decimal(value), code)
                except Unreadable as error:
                    found.faults.append(Fault(self.header_of(name), self._written(found.row, name, value), str(error)))

    def _written(self, row: Row, name: str, value: Any) -> str:
        """A value as it stands in the file."""
        return next((plain(row.cells[r.place]) for r in self._readers if r.field.name == name), str(value))


def reader_of(field: Field, place: Place) -> Callable[[Any], Any]:
    """What turns a cell into the JSON of a value of this field; raises `Unreadable`."""
    if field.kind == "reference":
        return lambda cell: _link(field, cell)
    if field.widget == "currency":
        return _currency
    if field.kind == "choice":
        names = _choice_names(field)
        return lambda cell: names.get(fold(plain(cell))) or as_json(field.parse(plain(cell)))
    if field.kind == "date":
        return lambda cell: as_json(field.parse(_day(cell, place.date)))
    if field.kind == "datetime":
        return lambda cell: as_json(field.parse(_moment(cell, place.date)))
    if field.numeric:
        return lambda cell: as_json(field.parse(number_from(cell, place.decimal or ".") if plain(cell) else None))
    return lambda cell: as_json(field.parse(plain(cell)))


def as_json(value: Any) -> Any:
    """A parsed value as it is staged, and as the door reads it again."""
    if isinstance(value, Choices):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, (Decimal, UUID)) else storable(value)


def _link(field: Field, cell: Any) -> str | None:
    text = " ".join(plain(cell).split())
    if len(text) > SHOWN:
        raise Unreadable(_("At most %(max)d characters; this has %(count)d.", max=SHOWN, count=len(text)))
    if not text:
        field.parse(None)
    return text or None


def _currency(cell: Any) -> str:
    code = plain(cell).upper() or current.organisation.currency
    if code not in list_currencies():
        raise Unreadable(_("“%(raw)s” is not a currency code of ISO 4217, such as EUR.", raw=code[:20]))
    return code


def _choice_names(field: Field) -> MappingType[str, str]:
    """Every entry by its label in every language: what one office exports, another one imports."""
    names = {}
    for language in LANGUAGES:
        with force_locale(language):
            names.update({fold(str(entry.label)): entry.value for entry in field.choices or ()})
    return {**names, **{fold(entry.value): entry.value for entry in field.choices or ()}}


def _day(cell: Any, shape: str) -> Any:
    if not plain(cell) or isinstance(cell, (date, datetime)):
        return cell or None
    if shape in ("", ISO):
        return plain(cell)
    if "%H" in shape:
        return _moment(cell, shape).date()
    return read_date(plain(cell), shape)


def _moment(cell: Any, shape: str) -> Any:
    if not plain(cell) or isinstance(cell, datetime):
        return cell or None
    if isinstance(cell, date) or shape in ("", ISO):
        return plain(cell)
    try:
        return datetime.strptime(plain(cell), shape)  # noqa: DTZ007 -- the field puts the reader's zone on
    except ValueError:
        return read_date(plain(cell), shape).isoformat()
