"""What is known of each stored file, and which records it hangs on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.current import current
from app.kernel.records import Tenanted

WHOLE = "organisation"  # the purpose of everything of an organisation in one file: its owners' alone
EXPORT = "export"
MADE = (EXPORT, WHOLE)  # what we make ourselves, for whom it was asked by


def _acting_id() -> UUID:
    return current.user.id


class StoredFile(Tenanted):
    """A file as it came in: its bytes lie in the storage under the random name `place`, and never change."""

    __tablename__ = "stored_file"
    __label__ = _l("Stored file")
    __audited__ = True

    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name")})
    content_type: Mapped[str] = mapped_column(Text, info={"label": _l("Type")})
    size: Mapped[int] = mapped_column(BigInteger, info={"label": _l("Size")})
    sha256: Mapped[str] = mapped_column(Text, info={"label": _l("SHA-256")})
    place: Mapped[str] = mapped_column(Text, info={"label": _l("Place in the storage")})
    purpose: Mapped[str] = mapped_column(Text, default="attachment", info={"label": _l("Purpose")})
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    created_by: Mapped[UUID] = mapped_column(Uuid, default=_acting_id)


class RecordFile(Tenanted):
    """A file that hangs on a record; taking it off leaves the file where other records use it."""

    __tablename__ = "record_file"
    __label__ = _l("Attached file")
    __audited__ = True
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_record_file"),
        ForeignKeyConstraint(["organisation_id", "file_id"], ["stored_file.organisation_id", "stored_file.id"],
                             name="fk_record_file_file_id"),
        Index("uq_record_file", "organisation_id", "record_id", "file_id", unique=True),
        Index("ix_record_file_file_id", "organisation_id", "file_id"),
    )

    resource: Mapped[str] = mapped_column(Text, info={"label": _l("Kind")})
    record_id: Mapped[UUID] = mapped_column(Uuid, info={"label": _l("Record")})
    file_id: Mapped[UUID] = mapped_column(Uuid, info={"label": _l("File")})
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    created_by: Mapped[UUID] = mapped_column(Uuid, default=_acting_id)


StoredFile.__table__.info["gate"] = ("organisation_id", "size")
