"""An import: the run, its rows on the way in, and the mappings that were kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.current import current
from app.kernel.fields import choice, integer, text
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted


class State(Choices):
    """Where an import stands."""

    MAPPING = "mapping", _l("To be mapped"), "neutral"
    CHECKING = "checking", _l("Being checked"), "info"
    CHECKED = "checked", _l("Checked"), "info"
    APPLYING = "applying", _l("Coming in"), "warning"
    DONE = "done", _l("Imported"), "good"
    UNDONE = "undone", _l("Taken back"), "danger"
    ROLLING_BACK = "rolling_back", _l("Being rolled back"), "warning"
    ROLLED_BACK = "rolled_back", _l("Rolled back"), "muted"


class ImportRun(Record):
    """One file coming in: a change set. What it wrote carries its id, and goes with it."""

    __tablename__ = "import_run"
    __prefix__ = "IMP"
    __label__, __plural__ = _l("Import"), _l("Imports")

    resource: Mapped[str] = mapped_column(Text, info={"label": _l("Kind")})
    filename: Mapped[str] = text(_l("File"))
    file_id: Mapped[UUID] = mapped_column(Uuid, info={"label": _l("File")})
    shape: Mapped[dict[str, Any]] = mapped_column(JSONB, info={"label": _l("Shape of the file")})
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, info={"label": _l("Columns")})
    mapping_name: Mapped[str] = mapped_column(Text, default="", info={"label": _l("Saved mapping")})
    state: Mapped[State] = choice(_l("State"), State, default=State.MAPPING)
    job_id: Mapped[UUID | None] = mapped_column(Uuid, info={"label": _l("Job")})
    row_count: Mapped[int] = integer(_l("Rows read"), default=0)
    created_count: Mapped[int] = integer(_l("Created"), default=0)
    updated_count: Mapped[int] = integer(_l("Updated"), default=0)
    same_count: Mapped[int] = integer(_l("Unchanged"), default=0)
    refused_count: Mapped[int] = integer(_l("Refused"), default=0)
    related_count: Mapped[int] = integer(_l("Linked records created"), default=0)
    request_count: Mapped[int] = integer(_l("Approvals asked for"), default=0)
    problem: Mapped[str] = mapped_column(Text, default="", info={"label": _l("Problem")})
    stayed: Mapped[list[Any]] = mapped_column(JSONB, default=list, info={"label": _l("What stayed")})
    gone_count: Mapped[int] = integer(_l("Taken back"), default=0)
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"label": _l("Finished")})

    __table_args__: ClassVar[Any] = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_import_run"),
        ForeignKeyConstraint(["organisation_id", "file_id"], ["stored_file.organisation_id", "stored_file.id"],
                             name="fk_import_run_file_id"),
    )


class ImportRow(Tenanted):
    """A row on its way in: what stood in the file, what was understood, what is wrong with it, what it became.

    `state`: ready, refused, done, gone. `way`: create, update, same. `mark` is the fingerprint of the record as it was written;
    `before` what an updated record held.
    """

    __tablename__ = "import_row"
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_import_row"),
        ForeignKeyConstraint(["organisation_id", "run_id"], ["import_run.organisation_id", "import_run.id"],
                             name="fk_import_row_run_id"),
        Index("uq_import_row", "organisation_id", "run_id", "number", unique=True),
        Index("ix_import_row_state", "organisation_id", "run_id", "state", "number"),
    )

    run_id: Mapped[UUID] = mapped_column(Uuid)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    way: Mapped[str] = mapped_column(Text, default="")
    raw: Mapped[list[Any]] = mapped_column(JSONB)
    parsed: Mapped[dict[str, Any]] = mapped_column(JSONB)
    errors: Mapped[list[Any]] = mapped_column(JSONB)
    record_id: Mapped[UUID | None] = mapped_column(Uuid)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    mark: Mapped[str] = mapped_column(Text, default="")


class ImportRelated(Tenanted):
    """A record that was made because rows of a run named it (a supplier nobody knew yet)."""

    __tablename__ = "import_related"
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_import_related"),
        ForeignKeyConstraint(["organisation_id", "run_id"], ["import_run.organisation_id", "import_run.id"],
                             name="fk_import_related_run_id"),
        Index("uq_import_related", "organisation_id", "run_id", "record_id", unique=True),
    )

    run_id: Mapped[UUID] = mapped_column(Uuid)
    resource: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID] = mapped_column(Uuid)
    mark: Mapped[str] = mapped_column(Text, default="")


class ImportMapping(Tenanted):
    """A mapping that was saved under a name, offered again for files with the same heads."""

    __tablename__ = "import_mapping"
    __label__ = _l("Saved mapping")
    __audited__ = True
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_import_mapping"),
        Index("uq_import_mapping", "organisation_id", "resource", "name", unique=True),
    )

    resource: Mapped[str] = mapped_column(Text, info={"label": _l("Kind")})
    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name")})
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, info={"label": _l("Columns")})
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    created_by: Mapped[UUID] = mapped_column(Uuid, default=lambda: current.user.id)
