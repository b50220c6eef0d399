"""Autonomy: what a machine proposes is a record, GREEN acts and says so, ORANGE is checked, RED is used only once a person agreed."""

from app.core.autonomy.described import PATHS
from app.core.autonomy.evidence import digest
from app.core.autonomy.letters import arrived
from app.core.autonomy.levels import level_of
from app.core.autonomy.models import Proposal, Status
from app.core.autonomy.proposing import RESOURCE, final_text, propose
from app.core.autonomy.triage import classify

__all__ = ["PATHS", "RESOURCE", "Proposal", "Status", "arrived", "classify", "digest", "final_text", "level_of", "propose"]
