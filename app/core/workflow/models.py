"""Workflows and their versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy import text as text_of
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.fields import choice, moment, reference, small_integer, text
from app.kernel.kinds import Choices
from app.kernel.records import Record


class Origin(Choices):
    """Where a version comes from."""

    DECLARED = "declared", _l("Comes with the module"), "neutral"
    DRAWN = "drawn", _l("Made here"), "info"


class Stage(Choices):
    """Whether new requests go by a version. A retired one still serves the requests that began on it."""

    DRAFT = "draft", _l("Draft"), "neutral"
    ACTIVE = "active", _l("In force"), "success"
    RETIRED = "retired", _l("Retired"), "neutral"


class Workflow(Record):
    """How one action of one kind of record is agreed here; `approval` is the key that the action names."""

    __tablename__ = "workflow"
    __prefix__ = "WFL"
    __label__, __plural__, __slug__ = _l("Workflow"), _l("Workflows"), "workflows"

    name: Mapped[str] = text(_l("Name"), max_length=120)
    approval: Mapped[str] = text(_l("Approval"), max_length=120, sortable=False)
    action: Mapped[str] = text(_l("Action"), max_length=60, sortable=False)


def _steps(kept: Any, beside: Callable[[str], Any]) -> str:
    """How the trail says the steps: as their page does."""
    from app.core.workflow.showing import in_words

    return in_words(kept, UUID(str(beside("workflow_id"))))


class WorkflowVersion(Record):
    """One graph. A draft is changed; once it has been in force it stays as it is, for the requests that run on it.

    `past` are the graphs that a draft had before, the oldest first: what its last changes are taken back to.
    """

    __tablename__ = "workflow_version"
    __prefix__ = "WFV"
    __label__, __plural__, __slug__ = _l("Version of a workflow"), _l("Versions of workflows"), "workflow-versions"

    workflow_id: Mapped[UUID] = reference("workflow", _l("Workflow"))
    number: Mapped[int] = small_integer(_l("Number"), minimum=1)
    origin: Mapped[Origin] = choice(_l("Origin"), Origin, default=Origin.DRAWN)
    stage: Mapped[Stage] = choice(_l("State"), Stage, default=Stage.DRAFT)
    graph: Mapped[dict[str, Any]] = mapped_column(JSONB, info={"label": _l("Steps"), "in_words": _steps})
    graph_hash: Mapped[str] = text(_l("Hash"), max_length=64, sortable=False)
    past: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default=text_of("'[]'"),
                                                       info={"label": _l("Earlier steps"), "audited": False})
    note: Mapped[str | None] = text(_l("What changed"), required=False, max_length=500, sortable=False)
    activated_at: Mapped[datetime | None] = moment(_l("In force since"), required=False)


_workflow: Any = Workflow.__table__
_version: Any = WorkflowVersion.__table__
_version.append_constraint(ForeignKeyConstraint(["organisation_id", "workflow_id"], ["workflow.organisation_id", "workflow.id"],
                                                name="fk_workflow_version_workflow"))
Index("uq_workflow_approval", _workflow.c.organisation_id, _workflow.c.approval, _workflow.c.action, unique=True)
Index("uq_workflow_version_number", _version.c.organisation_id, _version.c.workflow_id, _version.c.number, unique=True)
Index("uq_workflow_version_declared", _version.c.organisation_id, _version.c.workflow_id, _version.c.graph_hash, unique=True,
      postgresql_where=text_of("origin = 'declared'"))
Index("uq_workflow_version_active", _version.c.organisation_id, _version.c.stage, _version.c.workflow_id, unique=True,
      postgresql_where=text_of("stage = 'active'"))
