"""The tags of an organisation, and which records wear them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock, fields
from app.kernel.current import acting_id
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted

LONGEST = 40


class Colour(Choices):
    """What a tag looks like, of the colours that badges have."""

    PLAIN = "plain", _l("Plain"), "neutral"
    GREY = "grey", _l("Grey"), "muted"
    GREEN = "green", _l("Green"), "good"
    AMBER = "amber", _l("Amber"), "warning"
    RED = "red", _l("Red"), "danger"


class Tag(Record):
    """A word that records are found by. One that was merged into another keeps its name, which then means the other."""

    __tablename__ = "tag"
    __prefix__ = "TAG"
    __label__, __plural__, __slug__ = _l("Tag"), _l("Tags"), "tags"

    title: Mapped[str] = fields.text(_l("Name"), max_length=LONGEST)
    colour: Mapped[Colour] = fields.choice(_l("Colour"), Colour, default=Colour.PLAIN)
    merged_into_id: Mapped[UUID | None] = fields.reference("tag", _l("Merged into"), required=False)


class Tagging(Tenanted):
    """A tag on a record; what was changed of them stands in the trail of the record."""

    __tablename__ = "tagging"
    __label__ = _l("Tag on a record")
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_tagging"),
        ForeignKeyConstraint(["organisation_id", "tag_id"], ["tag.organisation_id", "tag.id"], name="fk_tagging_tag_id",
                             ondelete="CASCADE"),
        Index("uq_tagging", "organisation_id", "record_id", "tag_id", unique=True),
        Index("ix_tagging_tag_id", "organisation_id", "tag_id", "resource", "record_id"),
    )

    tag_id: Mapped[UUID] = mapped_column(Uuid)
    resource: Mapped[str] = mapped_column(Text)
    record_id: Mapped[UUID] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    created_by: Mapped[UUID] = mapped_column(Uuid, default=acting_id)


_tag: Any = Tag.__table__
Index("uq_tag_title_key", _tag.c.organisation_id, _tag.c.title_key, unique=True)
