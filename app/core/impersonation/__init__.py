"""Seeing what another member sees: asked with a reason, agreed to where needed, 30 minutes, every step kept for the person concerned."""

from app.core.impersonation.checking import faults
from app.core.impersonation.models import Impersonation, ImpersonationStep, Reach
from app.core.impersonation.services import IMPERSONATE, agree, ask, begin, end, end_all_of, expire, find, steps

__all__ = ["IMPERSONATE", "Impersonation", "ImpersonationStep", "Reach", "agree", "ask", "begin", "end", "end_all_of", "expire", "faults",
           "find", "steps"]
