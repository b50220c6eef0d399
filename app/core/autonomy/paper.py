"""A proposal as a final document in PDF: its words as they were agreed, by whom and when, and the hash of what they rest on."""

from __future__ import annotations

from typing import BinaryIO

from flask_babel import gettext as _

from app.core import audit
from app.core.autonomy import kinds
from app.core.autonomy.models import Proposal
from app.core.autonomy.proposing import final_text
from app.core.exports import Imprint, Paper
from app.kernel.kinds import show_moment


def write_final(proposal: Proposal, stream: BinaryIO, imprint: Imprint) -> int:
    """Write it; gives the number of pages. Raises `Conflict` for what nobody agreed to."""
    words = final_text(proposal)
    paper = Paper(stream, imprint)
    paper.paragraph(proposal.title, size=14, bold=True, after=8)
    for part in words.split("\n"):
        paper.paragraph(part or " ", size=10)
    paper.rule(paper.y)
    paper.y -= 6
    for label, value in ((_("Kind of AI action"), kinds.name_of(proposal.kind)), (_("Autonomy"), str(proposal.level.label)),
                         (_("Status"), str(proposal.status.label)), (_("Decided by"), _decider(proposal)),
                         (_("Decided"), show_moment(proposal.decided_at) if proposal.decided_at else "")):
        if value:
            paper.paragraph(f"{label}: {value}", size=8, after=1)
    if proposal.unvalidated:
        paper.paragraph(_("Used without a decision"), size=8, bold=True, after=1)
    return paper.close(proposal.evidence_hash)


def _decider(proposal: Proposal) -> str:
    return audit.names_of([proposal.decided_by_id])[proposal.decided_by_id] if proposal.decided_by_id else ""
