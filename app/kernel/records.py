"""What every business row has: an organisation, an id, a reference, stamps, a version, and an archive instead of deletion."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import uuid_utils
from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, Text, Uuid, event
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column

from app.kernel import clock
from app.kernel.current import acting_id, current
from app.kernel.db import Base
from app.kernel.fields import Field, check_of
from app.kernel.kinds import fold


def new_id() -> UUID:
    """A version 7 UUID: ordered by the time at which it was made."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def _change_set_id() -> UUID | None:
    return current.change_set_id


class Tenanted(Base):
    """A row of one organisation; both walls stand around its table."""

    __abstract__ = True
    __append_only__: ClassVar[bool] = False
    __audited__: ClassVar[bool] = False
    __relayed__: ClassVar[tuple[str, ...]] = ()

    organisation_id: Mapped[UUID] = mapped_column(Uuid, default=lambda: current.organisation.id, sort_order=-20)
    id: Mapped[UUID] = mapped_column(Uuid, default=new_id, sort_order=-19)

    def __init_subclass__(cls, **options: Any) -> None:
        """Finish the table: composite keys, checks, folded keys and the marks that row security reads."""
        if not cls.__dict__.get("__abstract__"):
            _add_folded_keys(cls)
        super().__init_subclass__(**options)
        if not cls.__dict__.get("__abstract__") and hasattr(cls, "__table__"):
            _finish(cls)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 -- SQLAlchemy's own convention
        """The key leads with the organisation."""
        return (PrimaryKeyConstraint("organisation_id", "id", name=f"pk_{cls.__tablename__}"),)


class Record(Tenanted):
    """Anything with a reference, a state and a history. `__prefix__` begins its references: `INC` gives `INC-2026-00042`."""

    __abstract__ = True
    __audited__ = True
    __prefix__: ClassVar[str] = ""

    reference: Mapped[str] = mapped_column(
        Text, info={"field": Field("text", _l("Reference"), required=False, sortable=False, max_length=40)}, sort_order=-18
    )
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), default=clock.now, sort_order=90, info={"field": Field("datetime", _l("Created"), required=False)}
    )
    created_by: Mapped[UUID] = mapped_column(Uuid, default=acting_id, sort_order=91)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True),
        default=clock.now,
        onupdate=clock.now,
        sort_order=92,
        info={"field": Field("datetime", _l("Changed"), required=False)},
    )
    updated_by: Mapped[UUID] = mapped_column(Uuid, default=acting_id, onupdate=acting_id, sort_order=93)
    archived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), sort_order=94)
    change_set_id: Mapped[UUID | None] = mapped_column(Uuid, default=_change_set_id, sort_order=95)
    version: Mapped[int] = mapped_column(default=1, sort_order=96)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 -- SQLAlchemy's own convention
        """A row changed by somebody else in between is noticed."""
        return {"version_id_col": cls.version, "eager_defaults": False}

    @property
    def is_archived(self) -> bool:
        """Whether it was put away."""
        return self.archived_at is not None


STAMPS = frozenset(
    {"id", "organisation_id", "reference", "created_at", "created_by", "updated_at", "updated_by", "change_set_id", "version"}
)


def record_name(cls: type) -> str:
    """`corrective_action` of the class CorrectiveAction."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


def _add_folded_keys(cls: Any) -> None:
    for attribute, column in list(cls.__dict__.items()):
        described = getattr(getattr(column, "column", None), "info", {}).get("field")
        if described is not None and described.kind == "text" and described.sortable:
            setattr(cls, f"{attribute}_key", mapped_column(Text, nullable=not described.required, sort_order=80))
            cls.__annotations__[f"{attribute}_key"] = "Mapped[str | None]"


def _finish(cls: Any) -> None:
    table = cls.__table__
    table.info.update(tenanted=True, append_only=cls.__append_only__, relay=cls.__relayed__)
    cls.__record_name__ = cls.__dict__.get("__record_name__") or record_name(cls)
    for column in list(table.columns):
        described: Field | None = column.info.get("field")
        if described is None:
            continue
        if described.choices:
            table.append_constraint(check_of(table.name, column.name, described.choices))
        if described.reference:
            list_index(table, column)
        if described.reference and not described.groups:  # what may name one of two tables is bound to none of them
            table.append_constraint(
                ForeignKeyConstraint(
                    ["organisation_id", column.name],
                    [f"{described.reference}.organisation_id", f"{described.reference}.id"],
                    name=f"fk_{table.name}_{column.name}",
                    use_alter=bool(described.extra.get("late")),
                )
            )
    if issubclass(cls, Record):
        Index(f"uq_{table.name}_reference", table.c.organisation_id, table.c.reference, unique=True)
        Index(
            f"ix_{table.name}_change_set",
            table.c.organisation_id,
            table.c.change_set_id,
            postgresql_where=table.c.change_set_id.isnot(None),
        )


def list_index(table: Table, column: Any) -> Index:
    """What a list is filtered and sorted by: led by the organisation, ended by the key; whether it is archived comes along, so that
    counting the records in use reads the index alone."""
    return Index(f"ix_{table.name}_{column.name}", table.c.organisation_id, column, table.c.id,
                 postgresql_include=["archived_at"] if "archived_at" in table.c else [])


def uniqueness(model: Any, field: Field) -> tuple[str, bool]:
    """By which attribute the unique index of a field compares (its folded key, or itself), and whether it lets go of what was put away."""
    for index in model.__table__.indexes:
        names = [column.name for column in index.columns]
        if index.unique and names in (["organisation_id", field.key_attribute], ["organisation_id", field.attribute]):
            return names[1], index.dialect_options["postgresql"]["where"] is not None
    return field.attribute, False


def refresh_keys(record: Any) -> None:
    """Write the folded keys beside the text that they are made of; both feeds (flush and COPY) call it."""
    for attribute, key in _folded(type(record)):
        value = getattr(record, attribute, None)
        folded = None if value is None else fold(value)
        if getattr(record, key, None) != folded:
            setattr(record, key, folded)


@event.listens_for(Tenanted, "before_insert", propagate=True)
@event.listens_for(Tenanted, "before_update", propagate=True)
def _keys_at_flush(_mapper: Any, _connection: Any, record: Any) -> None:
    refresh_keys(record)


@event.listens_for(Session, "before_flush")
def _refresh_keys(session: Session, _context: object, _instances: object) -> None:
    """No text is written without its folded key."""
    for record in (*session.new, *session.dirty):
        if isinstance(record, Tenanted):
            refresh_keys(record)


def _folded(cls: Any) -> list[tuple[str, str]]:
    if "__folded__" not in cls.__dict__:
        cls.__folded__ = [(a.key, f"{a.key}_key") for a in cls.__mapper__.column_attrs if f"{a.key}_key" in cls.__mapper__.column_attrs]
    return cls.__folded__  # type: ignore[no-any-return]


__all__ = ["STAMPS", "Record", "Tenanted", "new_id", "record_name", "refresh_keys", "uniqueness"]
