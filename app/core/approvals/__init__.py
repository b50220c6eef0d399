"""Approvals: what must be agreed waits here with the exact bytes that were shown, and takes effect once."""

from app.core.approvals.bulk import submit as decide_together
from app.core.approvals.decisions import Decided, decide
from app.core.approvals.described import PATHS
from app.core.approvals.events import ApprovalDecided, ApprovalsAsked
from app.core.approvals.granting import check_granted
from app.core.approvals.models import ApprovalDecision, ApprovalRequest, ApprovalSeat, Colour, ExchangeRate, Seat, State, Verb
from app.core.approvals.offering import offered
from app.core.approvals.queue import find, given_by, of_record, open_among, requested_count, waiting_count
from app.core.approvals.requests import intercept
from app.core.approvals.rounds import check_unlocked, locked, recheck, withdraw_records
from app.core.approvals.sheets import sheet
from app.core.approvals.showing import asked_now, requests_about
from app.core.approvals.stuck import OVERSEE, holders, steps
from app.core.approvals.summary import Summary, summary_for

__all__ = ["OVERSEE", "PATHS", "ApprovalDecided", "ApprovalDecision", "ApprovalRequest", "ApprovalSeat", "ApprovalsAsked", "Colour",
           "Decided", "ExchangeRate", "Seat", "State", "Summary", "Verb", "asked_now", "check_granted", "check_unlocked", "decide",
           "decide_together", "find", "given_by", "holders", "intercept", "locked", "of_record", "offered", "open_among", "recheck",
           "requested_count", "requests_about", "sheet", "steps", "summary_for", "waiting_count", "withdraw_records"]
