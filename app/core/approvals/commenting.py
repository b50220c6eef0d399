"""Comments on a request that come by mail."""

from __future__ import annotations

from uuid import UUID

from app.core.approvals.decisions import Decided, decide
from app.core.approvals.models import Verb


def by_mail(request_id: UUID, text: str, key: str) -> Decided:
    """What the member who acts answered to a mail is their comment. Raises as `decide` does."""
    return decide(request_id, Verb.COMMENT, reason=text, key=key)
