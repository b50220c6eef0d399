"""What somebody answers to a request, what came of it, and how it is noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from app.core.approvals.models import ApprovalRequest, State, Verb
from app.core.approvals.requests import add_decision, decision_row
from app.core.approvals.rounds import noted
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session


@dataclass(frozen=True)
class Answer:
    """What somebody answers: the verb with all that may come with it."""

    verb: Verb
    reason: str = ""
    shown_hash: str = ""
    key: str = ""
    to: UUID | None = None
    until: datetime | None = None
    word: str = ""
    password: str = ""
    evidence: str = ""
    bulk: bool = False
    looked: bool = False
    stance: str = ""
    changes: Mapping[str, Any] | None = None
    answers: Mapping[str, Any] | None = None


@dataclass
class Decided:
    """What came of it; `repeated` when the same answer had been given before. `gone`: it left the actor's queue."""

    request: ApprovalRequest
    verb: Verb
    repeated: bool = False
    gone: bool = True
    seconds: int = 0
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """One sentence for the live region: “PR-2026-00042 approved”."""
        if self.data.get("form"):
            return _("%(reference)s filled in", reference=self.request.record_reference)
        return _("%(reference)s %(state)s", reference=self.request.record_reference, state=self.verb.label)


def seconds_left(request: ApprovalRequest) -> int:
    """How long the effect is still held."""
    if request.state != State.HELD or request.hold_until is None:
        return 0
    return max(0, int((request.hold_until - clock.now()).total_seconds()))


def write(request: ApprovalRequest, answer: Answer, *, reason: str = "", behalf: UUID | None = None,
           data: dict[str, Any] | None = None) -> None:
    """Note the answer on the request (its one audit row) and in its story."""
    noted(request, answer.verb, reason)
    session().flush()
    add_decision(decision_row(request, answer.verb, by=current.user.id, reason=reason, shown=answer.shown_hash, key=answer.key,
                              behalf=behalf, data=data))
