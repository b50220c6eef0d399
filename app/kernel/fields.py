"""Fields said once, where the column is: label, help, kind, choices, format, and whether it is personal data.

Each function below gives a mapped column whose `info` carries a `Field`. Tables, forms, filters, imports, exports, the
API, search and audit read that and only ever *name* the field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, DateTime, Integer, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import MappedColumn, mapped_column
from sqlalchemy.types import TypeDecorator

from app.kernel import clock
from app.kernel.current import current
from app.kernel.errors import DeclarationError
from app.kernel.kinds import KINDS, Choices, Kind, Unreadable

PEOPLE, GROUPS = "member", "member_group"  # the tables of people and of their groups


@dataclass(frozen=True)
class Field:
    """What is known of one field, whatever reads it. `attribute` is the Python attribute that holds the stored value; `words` says how
    pages call certain values of it, `listed()` gives all that it may hold, with their words. `shown_when` names a choice of the same
    record and the codes of it with which the field means anything: with others it is not asked for, not shown, and kept empty. With those
    of `needed_when` it may not be left empty.
    Of answers: `sheet(answers)` gives the form that they were given to, `chosen(value_of, answers)` the one that is to be filled in.
    `groups`, said of every reference to a member: whether a group may stand there too.
    """

    kind: str
    label: Any
    help: Any = ""
    required: bool = True
    choices: type[Choices] | None = None
    max_length: int = 0
    scale: int = 0
    minimum: Any = None
    maximum: Any = None
    reference: str = ""
    groups: bool | None = None
    currency: str = ""
    personal: bool = False
    sortable: bool = True
    default: Any = None
    widget: str = ""
    name: str = ""
    attribute: str = ""
    prefix: str = ""
    deadline: str = ""
    shown_when: tuple[str, frozenset[str]] | None = None
    needed_when: frozenset[str] = frozenset()
    words: dict[str, Any] = dataclass_field(default_factory=dict)
    listed: Callable[[], Mapping[str, Any]] | None = None
    sheet: Callable[[Mapping[str, Any]], Any] | None = None
    chosen: Callable[..., Any] | None = None
    extra: dict[str, Any] = dataclass_field(default_factory=dict)

    @property
    def behaviour(self) -> Kind:
        """The kind's parsing and formatting."""
        return KINDS[self.kind]

    @property
    def numeric(self) -> bool:
        """Whether it is right-aligned and can be totalled."""
        return self.behaviour.numeric

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of the records that it may refer to: that of the groups too where a group may stand in a person's place."""
        return tuple(filter(None, (self.reference, GROUPS if self.groups else "")))

    @property
    def kept_back(self) -> tuple[str, ...]:
        """The codes of its choices that nobody chooses here: those that come by themselves, or that the organisation does not offer."""
        said = self.extra.get("kept_back", ())
        return tuple(said() if callable(said) else said)

    @property
    def key_attribute(self) -> str:
        """The folded key that text is sorted by, or the attribute itself."""
        return f"{self.attribute}_key" if self.kind == "text" and self.sortable else self.attribute

    def parse(self, raw: Any) -> Any:
        """The value meant by `raw` (None when empty). Raises `Unreadable` with a sentence that says how to mend it."""
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            if self.kind == "boolean":
                return False
            if self.required and self.default is None:
                from flask_babel import gettext as _
                raise Unreadable(_("This is needed."))
            return self.default if self.required else None
        if self.listed is not None and str(raw) not in self.listed():
            from flask_babel import gettext as _
            raise Unreadable(_("“%(raw)s” is not one of the choices.", raw=str(raw)[:60]))
        return self.behaviour.parse(self, raw)

    def value(self, record: Any) -> Any:
        """The stored value on a record."""
        return getattr(record, self.attribute)

    def is_late(self, record: Any) -> bool:
        """Whether this day is a deadline that has passed; `deadline` names the record's question whether it still counts."""
        value = self.value(record) if self.deadline else None
        return bool(value is not None and getattr(record, self.deadline)() and value < clock.today(current.organisation.timezone))

    def display(self, record: Any) -> str:
        """The value in the reader's language and zone; empty when there is none."""
        value = self.value(record)
        words = self.listed() if self.listed else self.words
        if words and value in words:
            return str(words[value])
        return "" if value is None else self.behaviour.display(self, value, record)

    def to_json(self, record: Any) -> Any:
        """The value for the API, for snapshots and for the audit trail: codes, ISO dates, decimal strings, ids."""
        value = self.value(record)
        return None if value is None else self.behaviour.to_json(self, value, record)

    def export(self, record: Any) -> Any:
        """The typed value for a sheet cell."""
        value = self.value(record)
        return None if value is None else self.behaviour.export(self, value, record)

    def applies(self, value_of: Callable[[str], Any]) -> bool:
        """Whether the field means anything beside what the others hold; `value_of` gives a choice, or its code, by the field's name."""
        return self.shown_when is None or self._beside(self.shown_when[1], value_of)

    def needed(self, value_of: Callable[[str], Any]) -> bool:
        """Whether it may not be left empty beside what the others hold."""
        return self.required or (self.shown_when is not None and self._beside(self.needed_when, value_of))

    def _beside(self, codes: frozenset[str], value_of: Callable[[str], Any]) -> bool:
        value = value_of(self.shown_when[0]) if self.shown_when else None
        return getattr(value, "value", value) in codes

    def currency_of(self, record: Any) -> str:
        """The ISO 4217 code that goes with a money field of this record."""
        code = getattr(record, self.currency, None) if self.currency else None
        return code or current.organisation.currency

    def named(self, attribute: str) -> Field:
        """This field, knowing where it lives: `supplier_id` holds the field `supplier`."""
        name = attribute.removesuffix("_id") if self.kind in ("reference", "file") else attribute
        return replace(self, name=name, attribute=attribute)


class ChoiceType(TypeDecorator[Choices]):
    """Text in the database, an entry of a `Choices` in Python."""

    impl = Text
    cache_ok = True

    def __init__(self, choices: type[Choices]) -> None:
        super().__init__()
        self.choices = choices

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:
        """Store the code."""
        return None if value is None else self.choices(value).value

    def process_result_value(self, value: Any, dialect: Any) -> Choices | None:
        """Give the entry."""
        return None if value is None else self.choices(value)


def _column(kind: str, label: Any, sql_type: Any, *, required: bool, default: Any = None, column: dict[str, Any] | None = None,
            **said: Any) -> MappedColumn[Any]:
    described = Field(kind=kind, label=label, required=required, default=default, **said)
    options = {"nullable": not required, **(column or {})}
    if default is not None:
        options.setdefault("default", default)
    return mapped_column(sql_type, info={"field": described}, **options)


def text(label: Any, *, max_length: int = 200, required: bool = True, **said: Any) -> MappedColumn[Any]:
    """One line of text; sortable by its folded key unless `sortable=False`."""
    return _column("text", label, Text(), required=required, max_length=max_length, **said)


def long_text(label: Any, *, max_length: int = 10_000, required: bool = False, **said: Any) -> MappedColumn[Any]:
    """Paragraphs."""
    return _column("long_text", label, Text(), required=required, max_length=max_length, sortable=False, **said)


def email(label: Any, *, required: bool = False, personal: bool = True, **said: Any) -> MappedColumn[Any]:
    """An e-mail address, kept in lower case."""
    return _column("email", label, Text(), required=required, personal=personal, max_length=254, **said)


def integer(label: Any, *, required: bool = True, **said: Any) -> MappedColumn[Any]:
    """A whole number, with `minimum` and `maximum` where they make sense."""
    return _column("integer", label, BigInteger(), required=required, **said)


def decimal(label: Any, *, scale: int = 3, required: bool = True, **said: Any) -> MappedColumn[Any]:
    """An exact number with `scale` decimals; not sortable (numeric comparisons are not leakproof under row security)."""
    return _column("decimal", label, Numeric(24, scale), required=required, scale=scale, sortable=False, **said)


def money(label: Any, *, currency: str = "currency", required: bool = True, **said: Any) -> MappedColumn[Any]:
    """An amount in minor units (bigint) of the currency held by the attribute `currency` of the same record (ISO 4217)."""
    return _column("money", label, BigInteger(), required=required, currency=currency, **said)


def currency(label: Any, *, required: bool = True, **said: Any) -> MappedColumn[Any]:
    """An ISO 4217 code; the organisation's own currency when nothing is said."""
    return _column("text", label, Text(), required=required, max_length=3, widget="currency", sortable=False,
                   column={"default": lambda: current.organisation.currency}, **said)


def day(label: Any, *, required: bool = True, **said: Any) -> MappedColumn[Any]:
    """A calendar day."""
    return _column("date", label, Date(), required=required, **said)


def moment(label: Any, *, required: bool = True, **said: Any) -> MappedColumn[Any]:
    """A moment, kept in UTC, shown in the reader's zone."""
    return _column("datetime", label, DateTime(timezone=True), required=required, **said)


def boolean(label: Any, *, default: bool = False, **said: Any) -> MappedColumn[Any]:
    """Yes or no."""
    return _column("boolean", label, Boolean(), required=True, default=default, **said)


def choice(label: Any, choices: type[Choices], *, required: bool = True, **said: Any) -> MappedColumn[Any]:
    """One of a closed list, stored as text with a CHECK."""
    return _column("choice", label, ChoiceType(choices), required=required, choices=choices, **said)


def reference(table: str, label: Any, *, required: bool = True, **said: Any) -> MappedColumn[Any]:
    """Another record of the same organisation, by the name of its table; the attribute ends in `_id`.

    Of a member it says `groups=True` where a group may be chosen as well, `groups=False` where one person answers for it by name.
    """
    require(table != PEOPLE or said.get("groups") is not None, f"{label!s}: a reference to a member says groups=True or groups=False.")
    return _column("reference", label, Uuid(), required=required, reference=table, **said)


def attachment(label: Any, *, required: bool = False, **said: Any) -> MappedColumn[Any]:
    """A stored file; the attribute ends in `_id`."""
    return _column("file", label, Uuid(), required=required, reference="stored_file", sortable=False, **said)


def listed(label: Any, values: Callable[[], Mapping[str, Any]], *, required: bool = True, **said: Any) -> MappedColumn[Any]:
    """One of what `values()` gives when it is asked: value and label. For lists that grow with the modules; a closed list is a `choice`."""
    return _column("text", label, Text(), required=required, max_length=100, sortable=False, listed=values, **said)


def answers(label: Any, sheet: Callable[[Mapping[str, Any]], Any], chosen: Callable[..., Any], **said: Any) -> MappedColumn[Any]:
    """The answers to a form that is data (core.forms), by the names of its questions; it says itself which form it was."""
    return _column("answers", label, JSONB(none_as_null=True), required=False, sortable=False, sheet=sheet, chosen=chosen, **said)


def small_integer(label: Any, *, required: bool = True, **said: Any) -> MappedColumn[Any]:
    """A whole number that fits 32 bits, such as a severity of 1 to 5."""
    return _column("integer", label, Integer(), required=required, **said)


def fields_of(model: type) -> dict[str, Field]:
    """The fields of a model (or of a `Form`), by name, in the order in which they were written."""
    cached = model.__dict__.get("__fields__")
    if cached is not None:
        return dict(cached)
    found: dict[str, Field] = {}
    for attribute in model.__mapper__.column_attrs:  # type: ignore[attr-defined]
        described = attribute.columns[0].info.get("field")
        if described is not None:
            named = described.named(attribute.key)
            found[named.name] = named
    model.__fields__ = found  # type: ignore[attr-defined]
    return dict(found)


class Form:
    """The fields that an action asks for, written like the columns of a model; nothing is stored."""

    __fields__: dict[str, Field]

    def __init_subclass__(cls) -> None:
        """Collect the fields in the order in which they were written."""
        cls.__fields__ = {}
        for attribute, column in list(vars(cls).items()):
            described = column.column.info.get("field") if isinstance(column, MappedColumn) else None
            if described is not None:
                named = described.named(attribute)
                cls.__fields__[named.name] = named


def check_of(table: str, column: str, choices: type[Choices]) -> CheckConstraint:
    """The CHECK that keeps a choice's column to its list."""
    values = ", ".join("'" + entry.value.replace("'", "''") + "'" for entry in choices)
    return CheckConstraint(f"{column} IN ({values})", name=f"ck_{table}_{column}")


def require(condition: bool, sentence: str) -> None:
    """Stop the application's start with a sentence when a declaration does not hold."""
    if not condition:
        raise DeclarationError(sentence)
