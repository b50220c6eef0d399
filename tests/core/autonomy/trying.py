"""Short ways to propose, to look, and to find what waits."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core import autonomy
from app.core.approvals import ApprovalRequest
from app.core.autonomy import Proposal
from app.kernel.ai_actions import Source
from tests.core.approvals.house import House

LAW = Source("Code, article L. 511-1", "https://law.example/511-1", "a" * 64)
MADE = "The decision is void because it states no reasons."


def propose(house: House, kind: str, text: str = MADE, by: str = "clerk", **said: Any) -> UUID:
    """Let a machine propose something for a member."""
    said = {"sources": [LAW], "inputs": {"case": "M-12"}, "confidence": 0.8, "cost": "0.02", "provider": "Local", "model": "small-1",
            **said}
    with house.as_(by):
        return autonomy.propose(kind, "Proposal of a machine", text, **said).id


def now(house: House, proposal_id: UUID) -> Proposal:
    """The proposal as it is."""
    with house.as_("owner") as work:
        found: Proposal = work.get_one(Proposal, (house.organisation.id, proposal_id), populate_existing=True)
        work.expunge(found)
    return found


def request_of(house: House, proposal_id: UUID) -> UUID | None:
    """The request that asks for it, if anybody is asked."""
    with house.as_("owner") as work:
        found: UUID | None = work.scalars(select(ApprovalRequest.id).where(ApprovalRequest.record_id == proposal_id)).one_or_none()
    return found


def asked(house: House, proposal_id: UUID) -> UUID:
    """The request that asks for it."""
    found = request_of(house, proposal_id)
    assert found is not None
    return found


def letter(subject: str = "Invoice 4711 is overdue", text: str = "Please pay REQ-2026-00012: 1,200.50 EUR by 2026-03-31. It is urgent.",
           sender: str = "Ana Lima <ana@supplier.example>") -> EmailMessage:
    """A mail as it arrives."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "office@house.example", subject
    made["Date"], made["Message-ID"] = "Mon, 02 Mar 2026 09:30:00 +0100", "<4711@supplier.example>"
    made.set_content(text)
    return made
