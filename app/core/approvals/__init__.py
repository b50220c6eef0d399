"""Approvals: what must be agreed waits here with the exact bytes that were shown, and takes effect once."""

from app.core.approvals.bulk import submit as decide_together
from app.core.approvals.decisions import Decided, decide
from app.core.approvals.events import ApprovalDecided, ApprovalsAsked
from app.core.approvals.granting import check_granted
from app.core.approvals.models import ApprovalDecision, ApprovalRequest, ApprovalSeat, ExchangeRate, Seat, State, Verb
from app.core.approvals.queue import find, of_record, requested_count, waiting_count
from app.core.approvals.requests import intercept
from app.core.approvals.rounds import check_unlocked, locked, recheck, withdraw_records
from app.core.approvals.sheets import sheet
from app.core.approvals.showing import requests_about
from app.core.approvals.summary import Summary, summary_for

__all__ = ["ApprovalDecided", "ApprovalDecision", "ApprovalRequest", "ApprovalSeat", "ApprovalsAsked", "Decided", "ExchangeRate", "Seat",
           "State", "Summary", "Verb",
           "check_granted", "check_unlocked", "decide", "decide_together", "find", "intercept", "locked", "of_record", "recheck",
           "requested_count", "requests_about", "sheet", "summary_for", "waiting_count", "withdraw_records"]
