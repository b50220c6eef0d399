"""The one moment in which an approved action may go through the door: while its own effect, or its dry run, is under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from app.core.approvals.models import ApprovalRequest
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Forbidden
from app.kernel.manifest import Action, Resource

_granted: ContextVar[UUID | None] = ContextVar("granted", default=None)


@contextmanager
def granting(request_id: UUID) -> Iterator[None]:
    """Within the block, the action of this request may take effect."""
    token = _granted.set(request_id)
    try:
        yield
    finally:
        _granted.reset(token)


def is_granted(request_id: UUID) -> bool:
    """Whether this request's own effect is under way here."""
    return _granted.get() == request_id


def check_granted(approved: UUID, resource: Resource, action: Action, record: Any) -> None:
    """Refuse to go on in the name of an approval that is not in effect, or that is of something else."""
    request = session().get(ApprovalRequest, (current.organisation.id, approved))
    of_this = request is not None and (request.resource, request.action, request.record_id) == (resource.key, action.name, record.id)
    if not (of_this and is_granted(approved)):
        raise Forbidden(_("No approval in effect covers this."))
