"""Runs and what they propose: one row a run, with its steps, outputs, recommendations and evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, Index, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.approvals import Colour
from app.kernel import fields
from app.kernel.current import current
from app.kernel.kinds import Choices
from app.kernel.records import Record
from app.kernel.registry import registry


class State(Choices):
    """Where a run stands."""

    QUEUED = "queued", _l("Queued"), "neutral"
    RUNNING = "running", _l("Running"), "info"
    AWAITING = "awaiting", _l("Awaiting approval"), "warning"
    COMPLETED = "completed", _l("Completed"), "good"
    FAILED = "failed", _l("Failed"), "danger"


class Fate(Choices):
    """What became of an action that a run proposed."""

    PENDING = "pending", _l("Waits for a decision"), "warning"
    DONE = "done", _l("Done"), "good"
    REJECTED = "rejected", _l("Rejected"), "danger"
    CANCELLED = "cancelled", _l("Withdrawn"), "muted"
    FAILED = "failed", _l("Could not be done"), "danger"


UNDER_WAY = (State.QUEUED, State.RUNNING)


def kinds() -> Mapping[str, Any]:
    """The runs that modules bring, with their labels."""
    return {key: kind.label for key, kind in registry.runs.items()}


class ExecutiveRun(Record):
    """One execution of a kind of run. `steps` are those that have ended, in their order; the next one is `len(steps)`."""

    __tablename__ = "executive_run"
    __prefix__ = "EXR"
    __record_name__: ClassVar[str] = "run"
    __label__, __plural__, __slug__ = _l("Run"), _l("Runs"), "runs"

    title: Mapped[str] = fields.text(_l("Title"), max_length=160)
    kind: Mapped[str] = fields.listed(_l("Kind of run"), kinds)
    state: Mapped[State] = fields.choice(_l("State"), State, default=State.QUEUED)
    started_at: Mapped[datetime | None] = fields.moment(_l("Started"), required=False)
    ended_at: Mapped[datetime | None] = fields.moment(_l("Ended"), required=False)
    seconds: Mapped[Decimal | None] = fields.decimal(_l("Took, in seconds"), scale=3, required=False)
    cost: Mapped[Decimal] = fields.decimal(_l("Cost"), scale=4, default=Decimal(0))
    currency: Mapped[str] = fields.currency(_l("Currency"))
    error: Mapped[str | None] = fields.long_text(_l("Reason"), required=False)
    schedule_id: Mapped[UUID | None] = fields.reference("schedule", _l("Schedule"), required=False)
    again_of_id: Mapped[UUID | None] = fields.reference("executive_run", _l("Again after"), required=False)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, info={"label": _l("Inputs")})
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, info={"audited": False})
    outputs: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, info={"audited": False})
    recommendations: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, info={"audited": False})
    evidence_bundle: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), info={"audited": False})
    evidence_hash: Mapped[str | None] = mapped_column(Text, info={"label": _l("Hash of the evidence")})
    step_count: Mapped[int] = mapped_column(Integer, default=0, info={"audited": False})
    job_id: Mapped[UUID | None] = mapped_column(Uuid, info={"audited": False})

    @property
    def is_under_way(self) -> bool:
        """Whether something works on it, or is about to."""
        return self.state in UNDER_WAY

    @property
    def is_mine(self) -> bool:
        """Whether the reader launched it."""
        return bool(self.created_by == current.user.id)

    def told(self) -> dict[str, Any]:
        """Its steps, inputs and sources, as its page shows them."""
        from app.core.runs import showing

        return {"steps": showing.steps(self), "given": showing.given(self), "sources": showing.sources(self)}

    def advice(self, order: str) -> list[dict[str, Any]]:
        """Its recommendations, as its page shows them."""
        from app.core.runs import showing

        return showing.advice(self, order)


class RunProposal(Record):
    """An action outside of a run that it proposes. It is done once it is agreed, and never before."""

    __tablename__ = "run_proposal"
    __prefix__ = "PROP"
    __record_name__: ClassVar[str] = "proposal"
    __label__, __plural__, __slug__ = _l("Proposed action"), _l("Proposed actions"), "proposals"

    title: Mapped[str] = fields.text(_l("Title"), max_length=200)
    run_id: Mapped[UUID] = fields.reference("executive_run", _l("Run"))
    effect: Mapped[str] = fields.text(_l("What would be done"), max_length=80, sortable=False)
    risk: Mapped[Colour] = fields.choice(_l("Risk"), Colour, default=Colour.RED)
    details: Mapped[str | None] = fields.long_text(_l("In detail"))
    sources: Mapped[str | None] = fields.long_text(_l("What it rests on"))
    payload_hash: Mapped[str] = fields.text(_l("Hash of what it is given"), max_length=64, sortable=False)
    status: Mapped[Fate] = fields.choice(_l("State"), Fate, default=Fate.PENDING)
    decided_by_id: Mapped[UUID | None] = fields.reference("member", _l("Decided by"), required=False, groups=False)
    decided_at: Mapped[datetime | None] = fields.moment(_l("Decided"), required=False)
    done_at: Mapped[datetime | None] = fields.moment(_l("Done at"), required=False)
    remark: Mapped[str | None] = fields.long_text(_l("Reason"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, info={"label": _l("What it is given")})


_run, _proposal = ExecutiveRun.__table__, RunProposal.__table__
_run.append_constraint(CheckConstraint(  # type: ignore[attr-defined]
    "(recommendations IN ('[]'::jsonb, '{}'::jsonb) AND state <> 'completed') OR evidence_bundle IS NOT NULL",
    name="ck_executive_run_evidence"))
Index("ix_executive_run_job", _run.c.organisation_id, _run.c.job_id)
Index("ix_run_proposal_run", _proposal.c.organisation_id, _proposal.c.run_id, _proposal.c.status)
