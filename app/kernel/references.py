"""Human references (`INC-2026-00042`), numbered per organisation, prefix and year without gaps in a committed series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, PrimaryKeyConstraint, Text, Uuid
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import Base, session
from app.kernel.records import new_id
from app.kernel.rehearsal import rehearsing


class ReferenceCounter(Base):
    """The last number given out."""

    __tablename__ = "reference_counter"
    __table_args__ = (PrimaryKeyConstraint("organisation_id", "prefix", "year", name="pk_reference_counter"), {"info": {"tenanted": True}})

    organisation_id: Mapped[UUID] = mapped_column(Uuid)
    prefix: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(Integer)
    last: Mapped[int] = mapped_column(Integer)


def allocate(prefix: str, count: int = 1) -> list[str]:
    """The next `count` references of a prefix; others who ask wait until this transaction ends. A rehearsal takes no number."""
    year = clock.today(current.organisation.timezone).year
    if rehearsing():
        return [f"{prefix}-{year}-{new_id().hex}" for _number in range(count)]
    table = ReferenceCounter.__table__
    statement = insert(ReferenceCounter).values(organisation_id=current.organisation.id, prefix=prefix, year=year, last=count)
    statement = statement.on_conflict_do_update(index_elements=["organisation_id", "prefix", "year"],
                                                set_={"last": table.c.last + count})
    last = session().execute(statement.returning(ReferenceCounter.last)).scalar_one()
    return [f"{prefix}-{year}-{number:05d}" for number in range(last - count + 1, last + 1)]


def assign(records: Sequence[Any]) -> None:
    """Give each record that has none its reference, in one step for all."""
    missing = [r for r in records if not r.reference]
    if missing:
        for record, code in zip(missing, allocate(type(missing[0]).__prefix__, len(missing)), strict=True):
            record.reference = code
