"""What a machine proposes, kept as a record with what it rests on; and the levels that an organisation has made stricter."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.approvals import Colour
from app.core.autonomy import kinds
from app.kernel import fields
from app.kernel.kinds import Choices
from app.kernel.records import Record

LONGEST = 20_000


class Status(Choices):
    """Where a proposal stands."""

    PENDING = "PENDING", _l("Waits for a decision"), "warning"
    APPROVED = "APPROVED", _l("Approved"), "good"
    REJECTED = "REJECTED", _l("Rejected"), "danger"
    MODIFIED_APPROVED = "MODIFIED_APPROVED", _l("Approved with changes"), "good"
    AUTO_APPROVED = "AUTO_APPROVED", _l("Accepted automatically"), "info"


ACCEPTED = (Status.APPROVED, Status.MODIFIED_APPROVED, Status.AUTO_APPROVED)


class Proposal(Record):
    """One thing that a machine proposes. `produced` is what it made and never changes; `text` is what would be used."""

    __tablename__ = "ai_proposal"
    __prefix__ = "AIP"
    __label__, __plural__, __slug__ = _l("AI proposal"), _l("AI proposals"), "proposals"

    title: Mapped[str] = fields.text(_l("Title"), max_length=200)
    kind: Mapped[str] = fields.listed(_l("Kind of AI action"), kinds.labels)
    level: Mapped[Colour] = fields.choice(_l("Autonomy"), Colour, default=Colour.RED)
    status: Mapped[Status] = fields.choice(_l("Status"), Status, default=Status.PENDING)
    produced: Mapped[str] = fields.long_text(_l("As it was produced"), required=True, max_length=LONGEST)
    text: Mapped[str] = fields.long_text(_l("Text"), required=True, max_length=LONGEST)
    confidence: Mapped[Decimal | None] = fields.decimal(_l("Confidence"), scale=4, required=False, minimum=0, maximum=1)
    cost: Mapped[Decimal] = fields.decimal(_l("Cost"), scale=4, default=Decimal(0))
    currency: Mapped[str] = fields.currency(_l("Currency"))
    provider: Mapped[str | None] = fields.text(_l("Provider"), required=False, sortable=False)
    model: Mapped[str | None] = fields.text(_l("Model"), required=False, sortable=False)
    evidence_hash: Mapped[str] = fields.text(_l("Hash of the evidence"), max_length=64, sortable=False)
    decided_by_id: Mapped[UUID | None] = fields.reference("member", _l("Decided by"), required=False, groups=False)
    decided_at: Mapped[datetime | None] = fields.moment(_l("Decided"), required=False)
    remark: Mapped[str | None] = fields.long_text(_l("Reason"))
    used_by_id: Mapped[UUID | None] = fields.reference("member", _l("Used by"), required=False, groups=False)
    used_at: Mapped[datetime | None] = fields.moment(_l("Used"), required=False)
    unvalidated: Mapped[bool] = fields.boolean(_l("Used without a decision"))
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, info={"label": _l("Inputs")})
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, info={"label": _l("Sources")})
    about_kind: Mapped[str | None] = mapped_column(Text, info={"label": _l("Concerns")})
    about_id: Mapped[UUID | None] = mapped_column(Uuid, info={"audited": False})
    about_reference: Mapped[str | None] = mapped_column(Text, info={"label": _l("Concerns")})

    @property
    def is_accepted(self) -> bool:
        """Whether it may be used: a person agreed, or it is GREEN."""
        return self.status in ACCEPTED

    @property
    def is_changed(self) -> bool:
        """Whether somebody changed the words that were produced."""
        return self.text != self.produced

    def told(self) -> dict[str, Any]:
        """What its page shows beside its fields."""
        from app.core.autonomy import showing

        return showing.told(self)


class AutonomyLevel(Record):
    """What an organisation says of one kind: a level at least as strict as the declared one, and for ORANGE whether it may be used without
    a decision."""

    __tablename__ = "autonomy_level"
    __prefix__ = "AUT"
    __record_name__: ClassVar[str] = "level"
    __label__, __plural__, __slug__ = _l("Level of autonomy"), _l("Levels of autonomy"), "set"

    kind: Mapped[str] = fields.listed(_l("Kind of AI action"), kinds.labels)
    level: Mapped[Colour] = fields.choice(_l("Autonomy"), Colour)
    unvalidated: Mapped[bool] = fields.boolean(_l("May be used without a decision"), help=_l("For ORANGE only; it leaves a visible trace."))


_proposal, _level = Proposal.__table__, AutonomyLevel.__table__
_proposal.append_constraint(CheckConstraint(  # type: ignore[attr-defined]
    "status <> 'AUTO_APPROVED' OR level = 'GREEN'", name="ck_ai_proposal_automatic"))
_proposal.append_constraint(CheckConstraint(  # type: ignore[attr-defined]
    "used_at IS NULL OR status IN ('APPROVED', 'MODIFIED_APPROVED', 'AUTO_APPROVED') OR (level = 'ORANGE' AND unvalidated)",
    name="ck_ai_proposal_used"))
Index("ix_ai_proposal_about", _proposal.c.organisation_id, _proposal.c.about_id)
Index("uq_autonomy_level_kind", _level.c.organisation_id, _level.c.kind, unique=True)
