"""The reports that come with approvals."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import ReportOf

TOOK = ("hours:median", "hours:p90", "hours:largest")

REPORTS = (
    ReportOf("approvals.time_to_decide", _l("Time to decide by step"), "approvals.answer",
             ("reference", "title", "approval", "member", "asked_at", "settled_at", "hours"),
             _l("How long answers took in the last ninety days: in the middle, for nine in ten, and the longest."),
             filters="settled_at__gte=today-90", sort="-settled_at", group="step", totals=TOOK, chart="bar"),
    ReportOf("approvals.decided_by", _l("Decisions by person"), "approvals.answer",
             ("reference", "title", "step", "state", "asked", "for_member", "settled_at", "late", "hours"),
             _l("Who decided in the last ninety days, in whose place, with which answer and how fast."),
             filters="settled_at__gte=today-90", sort="-settled_at", group="member", totals=("hours:median", "hours:p90"), chart="bar"),
    ReportOf("approvals.answers", _l("Decisions by answer"), "approvals.answer",
             ("reference", "title", "approval", "step", "member", "settled_at", "hours"),
             _l("What was approved, returned and rejected in the last ninety days."),
             filters="settled_at__gte=today-90", sort="-settled_at", group="state", totals=("hours:median",), chart="pie"),
    ReportOf("approvals.waiting", _l("Requests that wait, by approval"), "approvals.asked",
             ("reference", "title", "risk", "amount", "requester", "department", "requested_at", "due_at"),
             _l("What nobody has decided yet, the longest overdue first."),
             filters="state=open", sort="due_at", group="approval", totals=("amount:sum",), chart="bar"),
)
