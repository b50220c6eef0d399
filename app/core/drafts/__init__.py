"""What somebody typed into a form and has not saved yet, kept until it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, PrimaryKeyConstraint, Text, Uuid, delete
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import Base, session

LARGEST = 200_000


class FormDraft(Base):
    """The pairs of one form, as typed, of one person."""

    __tablename__ = "form_draft"
    __table_args__ = (PrimaryKeyConstraint("organisation_id", "member_id", "form", name="pk_form_draft"), {"info": {"tenanted": True}})

    organisation_id: Mapped[UUID] = mapped_column(Uuid)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    form: Mapped[str] = mapped_column(Text)
    pairs: Mapped[list[Any]] = mapped_column(JSONB)
    kept_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def keep(form: str, pairs: list[tuple[str, str]]) -> None:
    """Keep what stands in a form now."""
    if sum(len(name) + len(value) for name, value in pairs) > LARGEST:
        return
    values = {
        "organisation_id": current.organisation.id,
        "member_id": current.user.id,
        "form": form,
        "pairs": pairs,
        "kept_at": clock.now(),
    }
    statement = insert(FormDraft).values(**values)
    session().execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "member_id", "form"], set_={"pairs": values["pairs"], "kept_at": values["kept_at"]}
        )
    )


def kept(form: str) -> FormDraft | None:
    """What was kept of a form, if anything."""
    return session().get(FormDraft, (current.organisation.id, current.user.id, form), populate_existing=True)


def forget(form: str) -> None:
    """The form was saved, or the person does not want it any more."""
    session().execute(
        delete(FormDraft).where(
            FormDraft.organisation_id == current.organisation.id, FormDraft.member_id == current.user.id, FormDraft.form == form
        )
    )
